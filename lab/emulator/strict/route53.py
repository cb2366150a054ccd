# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53: a caller reference once, private zones."""

from __future__ import annotations

from typing import Any

from moto.route53.models import Route53Backend
from moto.route53.responses import Route53

from lab.emulator.strict import cured, refuse


@cured(Route53Backend, "create_hosted_zone")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html"""
    reference = named.get("caller_reference") or (arguments[2] if len(arguments) > 2 else None)
    if any(zone.caller_reference == reference for zone in backend.zones.values()):
        refuse("HostedZoneAlreadyExists", f"A hosted zone has already been created with the reference {reference}")
    return original(*arguments, **named)


@cured(Route53, "create_hosted_zone")
def create_by_api(original: Any, response: Any) -> Any:
    """Private where a VPC is given. https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html"""
    if response._get_param("VPC.VPCId"):
        response.params["HostedZoneConfig"] = {**(response._get_param("HostedZoneConfig") or {}), "PrivateZone": True}
    return original()
