# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints: interfaces with the endpoint's groups, states that take time, gone once deleted."""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from lab.emulator.strict import cured, refuse, uncured
from lab.emulator.transitions import TRANSITIONS


@cured(VPCBackend, "create_vpc_endpoint")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Pending first; its interfaces have its groups. https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html"""
    endpoint = original(*arguments, **named)
    endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"
    _dress(backend, endpoint)
    if endpoint.network_interface_ids:
        TRANSITIONS.change(endpoint, "state", "pending", "available")
    return endpoint


def _dress(backend: Any, endpoint: Any) -> None:
    """Give its interfaces its groups and what else AWS tells of them."""
    groups = [backend.get_security_group_from_id(group) for group in endpoint.security_group_ids]
    for interface in (backend.enis[eni] for eni in endpoint.network_interface_ids):
        interface._group_set = groups or interface._group_set
        interface.description, interface.status = f"VPC Endpoint Interface {endpoint.id}", "in-use"
        interface.interface_type, interface.requester_managed = "vpc_endpoint", True


@cured(VPCBackend, "delete_vpc_endpoints")
def delete(_: Any, backend: Any, vpce_ids: list[str] | None = None) -> None:
    """Deleting first, then gone with its interfaces. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpoints.html"""
    for endpoint in [backend.vpc_end_points[vpce] for vpce in vpce_ids or () if vpce in backend.vpc_end_points]:
        if endpoint.state != "deleting":
            endpoint.state = "deleting"
            TRANSITIONS.later(_deleted, backend, endpoint)


def _deleted(backend: Any, endpoint: Any) -> None:
    for interface in endpoint.network_interface_ids:
        backend.delete_network_interface(interface)
    endpoint.network_interface_ids = []
    present = [table for table in endpoint.route_table_ids if table in backend.route_tables]
    endpoint.route_table_ids = present if endpoint.destination_prefix_list_id else []
    uncured(VPCBackend, "delete_vpc_endpoints")(backend, [endpoint.id])
    backend.vpc_end_points.pop(endpoint.id, None)


@cured(VPCBackend, "modify_vpc_endpoint")
def modify(original: Any, backend: Any, vpc_id: str, **changes: Any) -> None:
    """Its routes and interfaces follow. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html"""
    endpoint = backend.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])[0]
    if endpoint.state == "deleting":
        refuse("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{vpc_id}' does not exist")
    before = set(endpoint.route_table_ids)
    original(vpc_id=vpc_id, **changes)
    if endpoint.destination_prefix_list_id:
        _follow_tables(backend, endpoint, before)
    else:
        _follow_subnets(backend, endpoint)


def _follow_tables(backend: Any, endpoint: Any, before: set[str]) -> None:
    prefix_list, after = endpoint.destination_prefix_list_id, set(endpoint.route_table_ids)
    for table in after - before:
        backend.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
    for table in before - after:
        backend.delete_route(table, prefix_list)


def _follow_subnets(backend: Any, endpoint: Any) -> None:
    """An interface in each subnet, all with the endpoint's groups."""
    interfaces = {backend.enis[eni].subnet_id: eni for eni in endpoint.network_interface_ids}
    for subnet in [subnet for subnet in interfaces if subnet not in endpoint.subnet_ids]:
        backend.delete_network_interface(interfaces.pop(subnet))
    for subnet in endpoint.subnet_ids:
        if subnet not in interfaces:
            interfaces[subnet] = backend.create_network_interface(subnet, None, group_ids=[]).id
    endpoint.network_interface_ids = list(interfaces.values())
    _dress(backend, endpoint)


@cured(VPCs, "modify_vpc_endpoint")
def modify_by_api(original: Any, response: Any) -> Any:
    """Private DNS, and back to the default policy. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html"""
    answer = original()
    endpoint = response.ec2_backend.vpc_end_points[response._get_param("VpcEndpointId")]
    private = response._get_bool_param("PrivateDnsEnabled")
    if private is not None:
        endpoint.private_dns_enabled = private
    if response._get_bool_param("ResetPolicy"):
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    return answer
