# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53: a caller reference once, a record created once."""

from __future__ import annotations

from typing import Any

from moto.route53.models import Route53Backend

from lab.emulator.strict import cured, refuse


@cured(Route53Backend, "create_hosted_zone")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html"""
    reference = named.get("caller_reference") or (arguments[2] if len(arguments) > 2 else None)
    if any(zone.caller_reference == reference for zone in backend.zones.values()):
        refuse("HostedZoneAlreadyExists", f"A hosted zone has already been created with the reference {reference}")
    return original(*arguments, **named)


@cured(Route53Backend, "change_resource_record_sets")
def change(original: Any, backend: Any, zoneid: str, change_list: list[dict[str, Any]]) -> Any:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
    zone = backend.get_hosted_zone(zoneid)
    present = {(record.name.rstrip("."), record.type, record.set_identifier) for record in zone.rrsets}
    for wanted in (item["ResourceRecordSet"] for item in change_list if item["Action"] == "CREATE"):
        key = (wanted["Name"].rstrip("."), wanted["Type"], wanted.get("SetIdentifier"))
        if key in present:
            refuse(
                "InvalidChangeBatch",
                f"Tried to create resource record set [name='{key[0]}.', type='{key[1]}'] but it already exists",
            )
    return original(zoneid, change_list)
