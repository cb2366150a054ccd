# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT gateways: tag filters, states that take time, and what a gateway holds while it lives."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.utils import generic_filter

from lab.emulator.strict import cured, refuse, uncured
from lab.emulator.transitions import TRANSITIONS

_KNOWN = {"nat-gateway-id", "vpc-id", "subnet-id", "state"}


@cured(NatGatewayBackend, "describe_nat_gateways")
def describe(original: Any, backend: Any, filters: dict[str, list[str]] | None, nat_gateway_ids: Any) -> Any:
    """Tags filter. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html"""
    unknown = set(nat_gateway_ids or ()) - set(backend.nat_gateways)
    if unknown:
        refuse("NatGatewayNotFound", f"The Nat Gateway {min(unknown)} was not found")
    tags = {name: values for name, values in (filters or {}).items() if name not in _KNOWN}
    return generic_filter(tags, original(filters, nat_gateway_ids))


@cured(NatGatewayBackend, "create_nat_gateway")
def create(
    original: Any, backend: Any, subnet_id: str, allocation_id: str, tags: Any = None, connectivity_type: str = "public"
) -> Any:
    """Pending first; failed where nothing leads out. https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html"""
    if connectivity_type != "private" and not allocation_id:
        refuse("MissingParameter", "The request must contain the parameter AllocationId")
    gateway = original(subnet_id, allocation_id, tags, connectivity_type)
    interface = backend.enis[gateway._eni.id]
    gateway.private_ip = interface.private_ip_address
    interface.description, interface.status = f"Interface for NAT Gateway {gateway.id}", "in-use"
    interface.interface_type, interface.requester_managed = "nat_gateway", True
    interface._group_set = []
    attached = any(igw.vpc and igw.vpc.id == gateway.vpc_id for igw in backend.internet_gateways.values())
    final = "available" if attached or connectivity_type == "private" else "failed"
    if final == "failed":
        gateway.failure_code = "Gateway.NotAttached"
        gateway.failure_message = f"Network {gateway.vpc_id} has no Internet gateway attached"
    TRANSITIONS.change(gateway, "state", "pending", final)
    return gateway


@cured(NatGatewayBackend, "delete_nat_gateway")
def delete(_: Any, backend: Any, nat_gateway_id: str) -> Any:
    """Deleting first; its address and interface are free at the end. https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html"""
    gateway = backend.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        refuse("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    if gateway.state in ("deleting", "deleted"):
        return gateway
    gateway.state = "deleting"
    TRANSITIONS.later(_deleted, backend, gateway)
    return gateway


def _deleted(backend: Any, gateway: Any) -> None:
    uncured(NatGatewayBackend, "delete_nat_gateway")(backend, gateway.id)
    if gateway._eni.id in backend.enis:
        backend.delete_network_interface(gateway._eni.id)
