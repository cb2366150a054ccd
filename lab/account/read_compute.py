# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances and volumes of one region, out of moto's EC2 backend."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from lab.account.model import Attachment, Instance, Volume

_HOP_LIMIT = 1


def read(backend: Any, profiles: Mapping[str, tuple[str, str]], found: dict[str, Any]) -> None:
    """Add one region's instances and volumes to the fields of `Account`."""
    instances = (each for reservation in backend.reservations.values() for each in reservation.instances)
    found["instances"] |= {
        each.id: _instance(backend, each, profiles) for each in instances if each.state != "terminated"
    }
    found["volumes"] |= {each.id: _volume(each) for each in backend.volumes.values()}


def _instance(backend: Any, instance: Any, profiles: Mapping[str, tuple[str, str]]) -> Instance:
    vcpus, memory, gpus = _size(instance.instance_type)
    key = backend.key_pairs.get(instance.key_name)
    options = instance.metadata_options
    return Instance(
        id=instance.id,
        state=instance.state,
        image=instance.image_id,
        type=instance.instance_type,
        region=backend.region_name,
        zone=instance.availability_zone,
        interface=instance.nics[0].id,
        launched=_seconds(instance.launch_time),
        key_name=instance.key_name or None,
        public_key=_text(key.material_public).strip() if key else None,
        user_data=_user_data(instance.user_data),
        profile=profiles.get((instance.iam_instance_profile or {}).get("Arn", "")),
        tokens_required=options.http_tokens == "required",
        hop_limit=int(options.http_put_response_hop_limit or _HOP_LIMIT),
        instance_tags=options.instance_metadata_tags == "enabled",
        attachments=_attachments(instance),
        tags=tuple(sorted(backend.tags.get(instance.id, {}).items())),
        reboots=getattr(instance, "reboots", 0),
        vcpus=vcpus,
        memory=memory,
        gpus=gpus,
    )


@functools.cache
def _size(kind: str) -> tuple[int, int, int]:
    """vCPUs, MiB of memory and GPUs of an instance type; those of a t3.micro for one that moto does not know."""
    described = INSTANCE_TYPES.get(kind, {})
    gpus = sum(int(each.get("Count", 0)) for each in described.get("GpuInfo", {}).get("Gpus", ()))
    vcpus, memory = described.get("VCpuInfo", {}), described.get("MemoryInfo", {})
    return int(vcpus.get("DefaultVCpus", 2)), int(memory.get("SizeInMiB", 1024)), gpus


def _seconds(moment: datetime) -> float:
    """moto's times have no zone and are in UTC."""
    return moment.replace(tzinfo=UTC).timestamp()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _user_data(value: Any) -> bytes:
    """It is base64 everywhere in moto. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html"""
    return base64.b64decode(str(value)) if value else b""


def _attachments(instance: Any) -> tuple[Attachment, ...]:
    mapping = instance.block_device_mapping.items()
    root = instance.root_device_name
    return tuple(Attachment(each.volume_id, device, device == root) for device, each in mapping if each.volume_id)


def _volume(volume: Any) -> Volume:
    return Volume(volume.id, volume.zone.name, int(volume.size), volume.snapshot_id or "")
