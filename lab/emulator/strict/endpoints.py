# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints: interfaces with the endpoint's groups, states that take time, gone once deleted."""

from __future__ import annotations

import functools
from typing import Any

from moto.ec2.models.vpcs import VPCBackend

from lab.emulator.strict import cured, refuse
from lab.emulator.transitions import TRANSITIONS


@cured(VPCBackend, "create_vpc_endpoint")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Pending first; its interfaces have its groups. https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html"""
    endpoint = original(*arguments, **named)
    endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"
    groups = [backend.get_security_group_from_id(group) for group in endpoint.security_group_ids]
    for interface in (backend.enis[eni] for eni in endpoint.network_interface_ids):
        interface._group_set = groups or interface._group_set
        interface.description, interface.status = f"VPC Endpoint Interface {endpoint.id}", "in-use"
        interface.interface_type, interface.requester_managed = "vpc_endpoint", True
    if endpoint.network_interface_ids:
        TRANSITIONS.change(endpoint, "state", "pending", "available")
    return endpoint


@cured(VPCBackend, "delete_vpc_endpoints")
def delete(original: Any, backend: Any, vpce_ids: list[str] | None = None) -> None:
    """Deleting first, then gone with its interfaces. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpoints.html"""
    for endpoint in [backend.vpc_end_points[vpce] for vpce in vpce_ids or () if vpce in backend.vpc_end_points]:
        if endpoint.state != "deleting":
            endpoint.state = "deleting"
            TRANSITIONS.later(functools.partial(_finish, original, backend, endpoint))


def _finish(original: Any, backend: Any, endpoint: Any) -> None:
    for interface in endpoint.network_interface_ids:
        backend.delete_network_interface(interface)
    endpoint.network_interface_ids = []
    present = [table for table in endpoint.route_table_ids if table in backend.route_tables]
    endpoint.route_table_ids = present if endpoint.destination_prefix_list_id else []
    original([endpoint.id])
    backend.vpc_end_points.pop(endpoint.id, None)


@cured(VPCBackend, "modify_vpc_endpoint")
def modify(original: Any, backend: Any, vpc_id: str, **changes: Any) -> None:
    """Not while it is being deleted. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html"""
    if backend.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])[0].state == "deleting":
        refuse("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{vpc_id}' does not exist")
    original(vpc_id=vpc_id, **changes)
