# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT gateways: tag filters, and states that take time."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.utils import generic_filter

from lab.emulator.strict import cured
from lab.emulator.transitions import TRANSITIONS


@cured(NatGatewayBackend, "describe_nat_gateways")
def filters(original: Any, backend: Any, filters: dict[str, list[str]] | None, nat_gateway_ids: Any) -> Any:
    """Tags filter. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html"""
    known = {"nat-gateway-id", "vpc-id", "subnet-id", "state"}
    tags = {name: values for name, values in (filters or {}).items() if name not in known}
    return generic_filter(tags, original(filters, nat_gateway_ids))


@cured(NatGatewayBackend, "create_nat_gateway")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Pending first. https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html"""
    gateway = original(*arguments, **named)
    TRANSITIONS.change(gateway, "state", "pending", "available")
    return gateway
