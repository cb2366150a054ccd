# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic IP, NAT gateway, route table: made, read, changed and deleted."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.network import Subnet
from ansible_collections.slipway.platform.plugins.module_utils.aws.routing import ElasticIp, NatGateway, RouteTable
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Wait
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account


@pytest.fixture
def instances(network: Account) -> Account:
    """The network with two instances, `one` and `two`, in subnet `a`."""
    for name in ("one", "two"):
        (instance,) = network.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=network.have(Subnet(), "a").id
        )["Instances"]
        network.known["instance", name] = {"id": instance["InstanceId"]}
    return network


def test_elastic_ip(account: Account) -> None:
    address = ElasticIp()
    attributes = account.create(address)
    assert account.have(address).attributes == attributes
    assert account.differences(address) == {}
    assert [call.operation for call in account.delete(address)] == ["ReleaseAddress"]
    assert account.read(address) == []


def test_elastic_ip_follows_its_instance(instances: Account) -> None:
    address = ElasticIp()
    instances.create(address, instance="one")
    assert instances.differences(address) == {}
    assert [call.operation for call in instances.update(address, instance="two")] == ["AssociateAddress"]
    assert instances.differences(address) == {}
    assert [call.operation for call in instances.delete(address)] == ["DisassociateAddress", "ReleaseAddress"]
    assert instances.read(address) == []


def test_nat_gateway(network: Account) -> None:
    address, nat = ElasticIp(), NatGateway()
    public_ip = network.create(address)["public_ip"]
    attributes = network.create(nat, subnet="a", elastic_ip="main")
    assert attributes["public_ip"] == public_ip
    assert network.have(nat).attributes == attributes
    assert network.differences(nat) == {}
    network.delete(nat)
    assert network.read(nat) == []


@pytest.mark.parametrize(
    ("state", "leaving"),
    [("pending", [False]), ("available", [False]), ("deleting", [True]), ("deleted", []), ("failed", [])],
)
def test_nat_gateway_stands_while_it_serves(network: Account, state: str, leaving: list[bool]) -> None:
    """AWS lists NAT gateways for an hour after their end; moto knows only `available` and `deleted`."""
    row = {
        "NatGatewayId": "nat-1",
        "State": state,
        "SubnetId": "subnet-1",
        "NatGatewayAddresses": [{"AllocationId": "eipalloc-1"}],
    }
    network.reader.pages = lambda *arguments: [row]  # type: ignore[method-assign]
    found = network.read(NatGateway())
    assert [have.leaving for have in found] == leaving


def test_nat_gateway_waits_for_the_end_of_its_predecessor() -> None:
    nat = NatGateway()
    wanted = want(nat, "a", subnet="public-a", elastic_ip="a")
    assert isinstance(next(nat.create(wanted)), Call)
    first = next(nat.create(dataclasses.replace(wanted, leaving=True)))
    assert isinstance(first, Wait)
    assert first.until == ()
    assert {item["Name"]: item["Values"] for item in first.params["Filter"]} == {
        "tag:slipway:stack": ["shop-test"],
        "tag:slipway:name": ["a"],
        "state": ["deleting"],
    }


def routes(**targets: dict[str, str]) -> list[dict[str, Any]]:
    return [{"destination": f"10.{name[1:]}.0.0/16", **target} for name, target in targets.items()]


def test_route_table(instances: Account) -> None:
    table = RouteTable()
    instances.create(ElasticIp())
    instances.create(NatGateway(), subnet="a", elastic_ip="main")
    gateway, nat, one = {"internet_gateway": "main"}, {"nat_gateway": "main"}, {"instance": "one"}
    attributes = instances.create(
        table, vpc="main", subnets=["a", "b"], routes=routes(_1=gateway, _2=nat, _3=one, _4=gateway)
    )
    assert instances.differences(table) == {}
    assert instances.have(table).id == attributes["id"]
    calls = instances.update(
        table, vpc="main", subnets=["b", "c"], routes=routes(_1=gateway, _2=gateway, _3=nat, _5=one)
    )
    assert sorted((call.operation, call.params.get("DestinationCidrBlock", "")) for call in calls) == [
        ("AssociateRouteTable", ""),
        ("CreateRoute", "10.5.0.0/16"),
        ("DeleteRoute", "10.4.0.0/16"),
        ("DisassociateRouteTable", ""),
        ("ReplaceRoute", "10.2.0.0/16"),
        ("ReplaceRoute", "10.3.0.0/16"),
    ]
    assert instances.differences(table) == {}
    calls = instances.delete(table)
    assert [call.operation for call in calls] == ["DisassociateRouteTable"] * 2 + ["DeleteRouteTable"]
    assert instances.read(table) == []


def test_routes_that_others_keep_are_not_seen() -> None:
    row = {
        "RouteTableId": "rtb-1",
        "VpcId": "vpc-1",
        "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
            {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute"},
            {"DestinationCidrBlock": "10.8.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
            {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "Origin": "CreateRoute"},
            {"DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": "pcx-1", "Origin": "CreateRoute"},
            {
                "DestinationCidrBlock": "0.0.0.0/0",
                "NatGatewayId": "nat-1",
                "Origin": "CreateRoute",
                "State": "blackhole",
            },
        ],
        "Associations": [
            {
                "RouteTableAssociationId": "rtbassoc-1",
                "SubnetId": "subnet-1",
                "AssociationState": {"State": "associated"},
            },
            {
                "RouteTableAssociationId": "rtbassoc-2",
                "SubnetId": "subnet-2",
                "AssociationState": {"State": "disassociated"},
            },
            {"RouteTableAssociationId": "rtbassoc-3", "Main": True},
        ],
    }
    have = RouteTable().have(row)
    assert have.fields == {
        "vpc": "vpc-1",
        "routes": [{"destination": "10.9.0.0/16"}, {"destination": "0.0.0.0/0", "nat_gateway": "nat-1"}],
        "subnets": ["subnet-1"],
    }
    assert have.attributes == {"id": "rtb-1", "associations": {"subnet-1": "rtbassoc-1"}}


def test_a_route_to_what_is_not_made_yet_replaces_the_one_to_its_predecessor() -> None:
    table = RouteTable()
    route = {"destination": "0.0.0.0/0", "nat_gateway": "nat-old"}
    have = Have("route_table", "main", {"routes": [route], "subnets": []}, {"id": "rtb-1", "associations": {}}, {})
    wanted = want(table, vpc="main", routes=[{"destination": "0.0.0.0/0", "nat_gateway": "a"}])
    (call,) = table.update(have, wanted, frozenset({"routes"}))
    assert call.operation == "ReplaceRoute"
    assert call.params["NatGatewayId"] == wanted["routes"][0]["nat_gateway"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"routes": [{"destination": "0.0.0.0/0"}]}, "routes[0]: a route leads to exactly one of"),
        (
            {"routes": [{"destination": "0.0.0.0/0", "nat_gateway": "a", "internet_gateway": "main"}]},
            "routes[0]: a route leads to exactly one of",
        ),
        (
            {"routes": [{"destination": "0.0.0.0/0", "nat_gateway": name} for name in "ab"]},
            "routes[1]: there is already a route for 0.0.0.0/0",
        ),
    ],
)
def test_bad_routes_are_refused(given: dict[str, Any], complaint: str) -> None:
    (found,) = complaints(RouteTable(), vpc="main", **given)
    assert complaint in found
