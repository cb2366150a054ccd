# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints: AWS's services reached without the internet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Step, Wait, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    boolean,
    policy,
    reference,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Json, Own

SETS = {"route_tables": "RouteTableIds", "subnets": "SubnetIds", "security_groups": "SecurityGroupIds"}
"""Field → parameter of the call that creates an endpoint; ``Add…`` and ``Remove…`` in the one that modifies it."""
OF_TYPE = {"gateway": ("route_tables",), "interface": ("subnets", "security_groups")}

# The API's model spells states with capitals, its answers and filters do not.
AVAILABLE = ("available", "Available")
FAILED = ("failed", "Failed", "rejected", "Rejected", "expired", "Expired")


class VpcEndpoint(Ec2Kind):
    name = "vpc_endpoint"
    doc = "A way from a VPC to one of AWS's services that does not pass the internet."
    listing = ("DescribeVpcEndpoints", "VpcEndpoints")
    id_key = "VpcEndpointId"
    tag_type = "vpc-endpoint"
    resource_type = "vpce"
    gone_states = ("deleted", "Deleted")
    leaving_states = ("deleting", "Deleting")
    after = ("vpc",)  # private names need the VPC's DNS switches
    down = "the VPC's way to the service"
    fields = {
        "vpc": reference("vpc", "The VPC that it serves.", required=True, change=Change.REPLACE),
        "service": string(
            "The service as in `com.amazonaws.<region>.<service>`, for instance `s3` or `ecr.api`.",
            required=True,
            pattern=r"[a-z0-9][a-z0-9.-]*",
            change=Change.REPLACE,
        ),
        "endpoint_type": string(
            "`gateway` (S3 and DynamoDB; a route) or `interface` (an address in each subnet).",
            default="interface",
            choices=("gateway", "interface"),
            change=Change.REPLACE,
        ),
        "route_tables": set_of(reference("route_table", "A route table."), "Gateway: tables that lead to it."),
        "subnets": set_of(reference("subnet", "A subnet."), "Interface: subnets with an address of it."),
        "security_groups": set_of(
            reference("security_group", "A security group."),
            "Interface: who may reach it; the VPC's default group else.",
        ),
        "private_dns": boolean("Interface: answer the service's public name inside the VPC.", default=True),
        "policy": policy("What may be done through it; everything else."),
    }
    calls = {
        "read": ("DescribeVpcEndpoints",),
        "write": ("CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "CreateTags", "DeleteTags"),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        endpoint_type = row["VpcEndpointType"].lower()
        sets = {
            "route_tables": row.get("RouteTableIds", []),
            "subnets": row.get("SubnetIds", []),
            "security_groups": [group["GroupId"] for group in row.get("Groups", [])],
        }
        return {
            "vpc": row["VpcId"],
            "service": row["ServiceName"].split(".", 3)[-1],
            "endpoint_type": endpoint_type,
            **{field: sets[field] for field in OF_TYPE[endpoint_type]},
            **({"private_dns": row["PrivateDnsEnabled"]} if endpoint_type == "interface" else {}),
            **({"policy": json.loads(row["PolicyDocument"])} if row.get("PolicyDocument") else {}),
        }

    def check(self, want: Want) -> Iterator[str]:
        for field in SETS:
            if field in want.values and field not in OF_TYPE[want["endpoint_type"]]:
                yield f"{field}: a {want['endpoint_type']} endpoint has none; remove it or change endpoint_type"

    def create(self, want: Want) -> Iterator[Step]:
        if want.leaving:
            yield self._successor(want)
        interface = want["endpoint_type"] == "interface"
        yield Call(
            "ec2",
            "CreateVpcEndpoint",
            {
                "VpcId": want["vpc"],
                "ServiceName": f"com.amazonaws.{want.scope.region}.{want['service']}",
                "VpcEndpointType": "Interface" if interface else "Gateway",
                **{parameter: want[field] for field, parameter in SETS.items() if want.get(field)},
                **({"PrivateDnsEnabled": want["private_dns"]} if interface else {}),
                **({"PolicyDocument": Json(want["policy"])} if "policy" in want.values else {}),
                **self.tagged(want),
            },
            gives={"id": "VpcEndpoint.VpcEndpointId"},
            token="ClientToken",
        )
        yield self._available(Own())

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        params: dict[str, Any] = {"VpcEndpointId": have.id}
        for field in sorted(changed & SETS.keys()):
            before, after = have.fields[field], want[field]
            params[f"Add{SETS[field]}"] = [item for item in after if item not in before]
            params[f"Remove{SETS[field]}"] = [item for item in before if item not in after]
        if "policy" in changed:
            params["PolicyDocument"] = Json(want["policy"])
        if "private_dns" in changed:
            params["PrivateDnsEnabled"] = want["private_dns"]
        yield Call("ec2", "ModifyVpcEndpoint", {name: value for name, value in params.items() if value != []})
        yield self._available(have.id)

    def delete(self, have: Have) -> Iterator[Step]:
        gone = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
        yield Call("ec2", "DeleteVpcEndpoints", {"VpcEndpointIds": [have.id]}, done=gone)
        # Until then its interfaces hold the subnets and the security groups.
        left = "VpcEndpoints[?State != 'deleted' && State != 'Deleted']"
        yield Wait("ec2", "DescribeVpcEndpoints", {"VpcEndpointIds": [have.id]}, left, gone=gone, deadline=900)

    def _successor(self, want: Want) -> Wait:
        """Until its predecessor is gone, that still holds the routes or the private name."""
        predecessor = [
            {"Name": f"tag:{STACK_TAG}", "Values": [want.scope.stack]},
            {"Name": f"tag:{NAME_TAG}", "Values": [want.name]},
            {"Name": "vpc-endpoint-state", "Values": ["deleting"]},
        ]
        return Wait("ec2", "DescribeVpcEndpoints", {"Filters": predecessor}, "VpcEndpoints[0].VpcEndpointId")

    def _available(self, endpoint: Any) -> Wait:
        params, state = {"VpcEndpointIds": [endpoint]}, "VpcEndpoints[0].State"
        return Wait("ec2", "DescribeVpcEndpoints", params, state, until=AVAILABLE, fail=FAILED, deadline=900)
