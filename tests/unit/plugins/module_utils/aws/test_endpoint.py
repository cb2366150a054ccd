# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints: made, read, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.endpoint import VpcEndpoint
from ansible_collections.slipway.platform.plugins.module_utils.aws.firewall import SecurityGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.routing import RouteTable
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["*"]}],
}


def test_interface_endpoint(network: Account) -> None:
    endpoint, given = VpcEndpoint(), {"vpc": "main", "service": "ecr.api"}
    for name in ("one", "two"):
        network.create(SecurityGroup(), name, vpc="main")
    attributes = network.create(endpoint, **given, subnets=["a", "b"], security_groups=["one"])
    assert network.have(endpoint).attributes == attributes
    assert network.differences(endpoint) == {}
    calls = network.update(endpoint, **given, subnets=["b", "c"], security_groups=["two"], policy=READ_ONLY)
    assert [call.operation for call in calls] == ["ModifyVpcEndpoint"]
    assert network.differences(endpoint) == {}
    network.delete(endpoint)
    assert network.read(endpoint) == []


def test_gateway_endpoint(network: Account) -> None:
    endpoint, given = VpcEndpoint(), {"vpc": "main", "service": "s3", "endpoint_type": "gateway"}
    for name in ("one", "two"):
        network.create(RouteTable(), name, vpc="main")
    network.create(endpoint, **given, route_tables=["one"], policy=READ_ONLY)
    # A gateway endpoint has no private name: nothing is read, so nothing is compared.
    assert network.differences(endpoint) == {"private_dns": (True, None)}
    assert "private_dns" not in network.have(endpoint).fields
    assert network.differences(RouteTable(), "one") == {}, "the endpoint's own route is not the table's to say"
    for table in ("two", "one"):
        network.update(endpoint, **given, route_tables=[table], policy=READ_ONLY)
        assert network.differences(endpoint) == {"private_dns": (True, None)}
    # moto looks for the route again, which AWS does not.
    network.delete(endpoint, twice=False)
    assert network.read(endpoint) == []


def test_what_a_document_does_not_say_is_left_alone(network: Account) -> None:
    endpoint = VpcEndpoint()
    network.create(endpoint, vpc="main", service="ssm")
    assert network.sent[-1].params.keys() == {
        "VpcId",
        "ServiceName",
        "VpcEndpointType",
        "PrivateDnsEnabled",
        "TagSpecifications",
    }
    assert network.differences(endpoint) == {}


def test_private_dns_is_modified() -> None:
    """moto ignores PrivateDnsEnabled when it modifies, so the call is looked at."""
    endpoint = VpcEndpoint()
    have = Have("vpc_endpoint", "main", {"private_dns": True}, {"id": "vpce-1"}, {})
    wanted = want(endpoint, vpc="main", service="ssm", private_dns=False)
    modify, _wait = endpoint.update(have, wanted, frozenset({"private_dns"}))
    assert isinstance(modify, Call)
    assert modify.params == {"VpcEndpointId": "vpce-1", "PrivateDnsEnabled": False}


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint_type": "gateway", "subnets": ["a"]},
        {"endpoint_type": "gateway", "security_groups": ["a"]},
        {"endpoint_type": "interface", "route_tables": ["a"]},
    ],
)
def test_what_its_type_has_not_is_refused(given: dict[str, Any]) -> None:
    (found,) = complaints(VpcEndpoint(), vpc="main", service="s3", **given)
    assert found.startswith(f"{list(given)[1] if len(given) > 1 else ''}: a {given['endpoint_type']} endpoint has none")
