# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan needs against what the account may have, before it fails twelve minutes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.session import Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Plan


@dataclass(frozen=True)
class Quota:
    """One quota: its code, what one planned resource takes of it, and what the account uses already.

    Codes: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
    """

    code: str
    service: str
    label: str
    takes: Callable[[Want], int]
    used: tuple[str, str] | None = None
    """Describe operation and path of what counts as used; None where AWS gives no cheap count."""


def _one(kind: str) -> Callable[[Want], int]:
    return lambda want: int(want.kind == kind)


# vCPUs per size: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html
_VCPUS = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}


def vcpus(instance_type: str) -> int:
    size = instance_type.partition(".")[2]
    if size.endswith("xlarge") and size != "xlarge":
        return 4 * int(size.removesuffix("xlarge"))
    return _VCPUS.get(size, 2)


def _cpus(families: str) -> Callable[[Want], int]:
    def takes(want: Want) -> int:
        if want.kind != "instance" or want["instance_type"][0] not in families:
            return 0
        return vcpus(want["instance_type"])

    return takes


QUOTAS = (
    Quota("L-F678F1CE", "vpc", "VPCs", _one("vpc"), ("DescribeVpcs", "Vpcs[].VpcId")),
    Quota("L-0263D0A3", "ec2", "elastic IPs", _one("elastic_ip"), ("DescribeAddresses", "Addresses[].AllocationId")),
    Quota("L-1216C47A", "ec2", "vCPUs of standard instances", _cpus("acdhimrtz")),
    Quota("L-DB2E81BA", "ec2", "vCPUs of G and VT instances", _cpus("gv")),
)


def preflight(session: Session, plan: Plan) -> list[str]:
    """One line for each quota that the plan's additions would exceed; nothing is asked for what it does not add."""
    wants = [decision.want for decision in plan.of("add") if decision.want is not None]
    needs: Mapping[Quota, int] = {quota: sum(map(quota.takes, wants)) + _scaled(quota, wants) for quota in QUOTAS}
    lines = session.each(lambda item: _line(session, *item), [item for item in needs.items() if item[1]])
    return [line for line in lines if line]


def _scaled(quota: Quota, wants: list[Want]) -> int:
    """What auto scaling groups take at their desired size."""
    templates = {want.name: want for want in wants if want.kind == "launch_template"}
    total = 0
    for group in (want for want in wants if want.kind == "auto_scaling_group"):
        template = templates.get(getattr(group["launch_template"], "name", ""))
        if template is not None:
            like = Want("instance", "", {"instance_type": template["instance_type"]}, "", "", {}, group.scope)
            total += quota.takes(like) * int(group.get("desired") or group["minimum"])
    return total


def _line(session: Session, quota: Quota, need: int) -> str:
    params = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    missing = ("NoSuchResourceException", "AccessDeniedException")
    answer: dict[str, Any] | None = session.call("service-quotas", "GetServiceQuota", params, missing)
    if answer is None:
        return f"Quota of {quota.label} could not be read; the plan adds {need}"
    limit = int(answer["Quota"]["Value"])
    used = len(session.pages("ec2", *quota.used)) if quota.used else 0
    if used + need <= limit:
        return ""
    have = f" ({used} in use)" if quota.used else ""
    remedy = f"ask for more (Service Quotas, {quota.code})"
    return f"Quota: the plan adds {need} {quota.label}, the account may have {limit}{have}; {remedy}"
