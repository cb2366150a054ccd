# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC, subnet, internet gateway: made, read, changed and deleted."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils.aws.network import InternetGateway, Subnet, Vpc
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account


def test_vpc(account: Account) -> None:
    vpc = Vpc()
    attributes = account.create(vpc, cidr="10.0.0.0/16")
    assert account.differences(vpc) == {}
    assert account.have(vpc).attributes == attributes
    account.update(vpc, cidr="10.0.0.0/16", dns_support=False, dns_hostnames=False)
    assert account.differences(vpc) == {}
    account.delete(vpc)
    assert account.read(vpc) == []


def test_vpc_is_made_with_what_differs_from_the_provider_s_own_defaults(account: Account) -> None:
    vpc = Vpc()
    account.create(vpc, cidr="10.0.0.0/16", dns_hostnames=False)
    assert [call.operation for call in account.sent] == ["CreateVpc"]
    assert account.differences(vpc) == {}


def test_only_the_stack_s_own_are_read(account: Account) -> None:
    """moto gives a new account a default VPC with subnets."""
    assert account.client("ec2").describe_vpcs()["Vpcs"]
    assert [*account.read(Vpc()), *account.read(Subnet()), *account.read(InternetGateway())] == []


def test_subnet(network: Account) -> None:
    subnet = Subnet()
    given = {"vpc": "main", "cidr": "10.0.9.0/24", "zone": "us-east-1b"}
    attributes = network.create(subnet, "nine", **given)
    assert network.differences(subnet, "nine") == {}
    assert network.have(subnet, "nine").attributes == attributes
    network.update(subnet, "nine", **given, public_addresses=True)
    assert network.differences(subnet, "nine") == {}
    network.delete(subnet, "nine")
    assert "nine" not in [have.name for have in network.read(subnet)]


def test_a_public_subnet_is_made_so(network: Account) -> None:
    network.create(Subnet(), "nine", vpc="main", cidr="10.0.9.0/24", zone="us-east-1b", public_addresses=True)
    assert network.differences(Subnet(), "nine") == {}


def test_internet_gateway(network: Account) -> None:
    gateway = InternetGateway()
    assert network.differences(gateway) == {}
    calls = network.delete(gateway)
    assert [call.operation for call in calls] == ["DetachInternetGateway", "DeleteInternetGateway"]
    assert network.read(gateway) == []


def test_an_internet_gateway_that_is_attached_to_nothing_is_seen_so_and_deleted(network: Account) -> None:
    gateway = InternetGateway()
    have = network.have(gateway)
    network.client("ec2").detach_internet_gateway(InternetGatewayId=have.id, VpcId=have.fields["vpc"])
    assert network.differences(gateway) == {"vpc": (have.fields["vpc"], None)}
    assert [call.operation for call in network.delete(gateway)] == ["DeleteInternetGateway"]


def test_tags_change(network: Account) -> None:
    vpc = Vpc()
    have = network.have(vpc)
    network.run(vpc, vpc.retag(have, {"CostCenter": "research"}, ("Owner",)), {})
    tags = network.have(vpc).tags
    assert tags["CostCenter"] == "research"
    assert "Owner" not in tags
