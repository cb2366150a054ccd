# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas of EC2 that are enforced: those that were set, by ``--quota CODE=VALUE``."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.vpcs import VPCBackend

from lab.emulator.strict import cured, options, refuse

_ADDRESSES, _VPCS = "L-0263D0A3", "L-F678F1CE"
# The families that share a quota. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html
_VCPUS = {"L-1216C47A": {"a", "c", "d", "h", "i", "m", "r", "t", "z"}, "L-DB2E81BA": {"g", "gr", "vt"}}


@cured(ElasticAddressBackend, "allocate_address")
def allocate(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html#using-instance-addressing-limit"""
    if len(backend.addresses) + 1 > options().quotas.get(_ADDRESSES, float("inf")):
        refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    return original(*arguments, **named)


@cured(VPCBackend, "create_vpc")
def create_vpc(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """The default VPC counts. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""
    if len(backend.vpcs) + 1 > options().quotas.get(_VPCS, float("inf")) and not named.get("is_default"):
        refuse("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    return original(*arguments, **named)


@cured(InstanceBackend, "run_instances")
def run(original: Any, backend: Any, image_id: str, count: int, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits"""
    template = named.get("launch_template")
    data = backend._get_template_from_args(template).data if template else {}
    kind = data.get("InstanceType") if named.get("is_instance_type_default") else named.get("instance_type")
    market = named.get("instance_market_options") or data.get("InstanceMarketOptions")
    if not market:
        _check(backend, kind or named.get("instance_type", ""), count)
    return original(image_id, count, *arguments, **named)


@cured(Instance, "start")
def start(original: Any, instance: Any) -> Any:
    """A stopped instance does not count, a started one does. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits"""
    if instance.state == "stopped" and instance.lifecycle != "spot":
        _check(instance.ec2_backend, instance.instance_type, 1)
    return original()


def _check(backend: Any, kind: str, count: int) -> None:
    code = next((code for code, families in _VCPUS.items() if _family(kind) in families), "")
    quota = options().quotas.get(code, float("inf"))
    if quota == float("inf"):
        return
    states = ("pending", "running", "stopping")
    instances = (each for each in backend.all_instances() if each.state in states and each.lifecycle != "spot")
    used = sum(vcpus(each.instance_type) for each in instances if _family(each.instance_type) in _VCPUS[code])
    if used + count * vcpus(kind) > quota:
        message = f"You have requested more vCPU capacity than your current vCPU limit of {quota:g} allows for {kind}."
        refuse("VcpuLimitExceeded", message)


def _family(kind: str) -> str:
    """``g`` of ``g4dn.xlarge``."""
    found = re.match(r"[a-z]+", kind)
    return found[0] if found else ""


def vcpus(kind: str) -> int:
    """The default vCPUs of an instance type, 0 of an unknown one."""
    return int(INSTANCE_TYPES.get(kind, {}).get("VCpuInfo", {}).get("DefaultVCpus", 0))
