# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of the network's kinds against botocore's model of EC2."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.endpoint import VpcEndpoint
from ansible_collections.slipway.platform.plugins.module_utils.aws.firewall import SecurityGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.flow_log import FlowLog
from ansible_collections.slipway.platform.plugins.module_utils.aws.network import InternetGateway, Subnet, Vpc
from ansible_collections.slipway.platform.plugins.module_utils.aws.network_acl import NetworkAcl
from ansible_collections.slipway.platform.plugins.module_utils.aws.routing import ElasticIp, NatGateway, RouteTable
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Kind
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import (
    operation_model,
    problems,
    undeclared_models,
    want,
)

DOCUMENTS: list[tuple[Kind, dict[str, Any]]] = [
    (Vpc(), {"cidr": "10.0.0.0/16"}),
    (Vpc(), {"cidr": "10.0.0.0/16", "dns_support": False, "dns_hostnames": False}),
    (Subnet(), {"vpc": "main", "cidr": "10.0.0.0/24", "zone": "us-east-1a"}),
    (Subnet(), {"vpc": "main", "cidr": "10.0.0.0/24", "zone": "us-east-1a", "public_addresses": True}),
    (InternetGateway(), {"vpc": "main"}),
    (ElasticIp(), {}),
    (ElasticIp(), {"instance": "bastion"}),
    (NatGateway(), {"subnet": "public-a", "elastic_ip": "a"}),
    (RouteTable(), {"vpc": "main"}),
    (
        RouteTable(),
        {
            "vpc": "main",
            "subnets": ["a", "b"],
            "routes": [
                {"destination": "0.0.0.0/0", "nat_gateway": "a"},
                {"destination": "10.1.0.0/16", "instance": "router"},
                {"destination": "10.2.0.0/16", "internet_gateway": "main"},
            ],
        },
    ),
    (VpcEndpoint(), {"vpc": "main", "service": "ecr.api"}),
    (
        VpcEndpoint(),
        {
            "vpc": "main",
            "service": "ssm",
            "subnets": ["a", "b"],
            "security_groups": ["endpoints"],
            "private_dns": False,
            "policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]},
        },
    ),
    (
        VpcEndpoint(),
        {
            "vpc": "main",
            "service": "s3",
            "endpoint_type": "gateway",
            "route_tables": ["public"],
            "policy": {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "${s3_bucket.data.arn}"}]},
        },
    ),
    (SecurityGroup(), {"vpc": "main"}),
    (
        SecurityGroup(),
        {
            "vpc": "main",
            "ingress": [
                {"ports": "22", "cidrs": ["10.0.0.0/8", "192.168.0.0/16"], "description": "SSH"},
                {"ports": "30000-32767", "group": "edge"},
                {"protocol": "all", "group": "self"},
                {"protocol": "icmp", "prefix_list": "pl-63a5400a"},
            ],
            "egress": [],
        },
    ),
    (NetworkAcl(), {"vpc": "main"}),
    (
        NetworkAcl(),
        {
            "vpc": "main",
            "subnets": ["a", "b"],
            "ingress": [
                {"number": 100, "ports": "443", "cidr": "0.0.0.0/0"},
                {"number": 110, "protocol": "icmp", "cidr": "10.0.0.0/16"},
            ],
            "egress": [{"number": 100, "protocol": "all", "cidr": "0.0.0.0/0", "action": "deny"}],
        },
    ),
    (FlowLog(), {"vpc": "main", "log_group": "flow", "role": "flow-logs"}),
    (FlowLog(), {"vpc": "main", "log_group": "flow", "role": "flow-logs", "traffic": "REJECT"}),
]
IDS = [f"{kind.name}-{'-'.join(given)}" for kind, given in DOCUMENTS]


@pytest.mark.parametrize(("kind", "given"), DOCUMENTS, ids=IDS)
def test_requests_are_valid(kind: Kind, given: dict[str, Any]) -> None:
    wanted = want(kind, **given)
    assert problems(kind, [*kind.create(wanted), *kind.complete(wanted)]) == []


@pytest.mark.parametrize(("kind", "given"), DOCUMENTS, ids=IDS)
def test_one_call_makes_it_with_its_tags_and_token(kind: Kind, given: dict[str, Any]) -> None:
    wanted = want(kind, **given)
    calls = [step for step in kind.create(wanted) if isinstance(step, Call)]
    (maker,) = [call for call in calls if "id" in call.gives]
    assert maker is calls[0]
    (specification,) = maker.params["TagSpecifications"]
    assert {tag["Key"]: tag["Value"] for tag in specification["Tags"]} == wanted.tags
    shape = operation_model(maker.service, maker.operation).input_shape
    assert shape is not None
    assert maker.token == ("ClientToken" if "ClientToken" in shape.members else "")


@pytest.mark.parametrize("kind", {kind.name: kind for kind, _given in DOCUMENTS}.values(), ids=lambda kind: kind.name)
def test_declared_calls_exist(kind: Kind) -> None:
    assert undeclared_models(kind) == []
