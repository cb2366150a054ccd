# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: creating first, attached once and in their own zone."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_block_store import EBSBackend, Volume
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from lab.emulator.strict import cured, refuse, shown
from lab.emulator.transitions import TRANSITIONS


@shown(Volume, "status")
def status(original: Any, volume: Any) -> Any:
    """Creating until it is done. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html"""
    return "creating" if getattr(volume, "creating", False) else original(volume)


@cured(ElasticBlockStore, "create_volume")
def create(original: Any, response: Any) -> Any:
    """Creating first. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html"""
    result = original()
    TRANSITIONS.change(result.result, "creating", True, False)
    return result


@cured(EBSBackend, "attach_volume")
def attach(original: Any, backend: Any, volume_id: str, instance_id: str, device_path: str, *more: Any) -> Any:
    """One instance, in the same zone, on a free device. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html"""
    volume, instance = backend.get_volume(volume_id), backend.get_instance(instance_id)
    if volume.status == "creating":
        refuse("IncorrectState", f"Volume '{volume_id}' is not 'available'.")
    if volume.attachment:
        refuse("VolumeInUse", f"{volume_id} is already attached to an instance")
    if volume.zone.name != instance.availability_zone:
        refuse("InvalidVolume.ZoneMismatch", f"The volume '{volume_id}' is not in the same zone as '{instance_id}'")
    if device_path in instance.block_device_mapping:
        refuse("InvalidParameterValue", f"Invalid value '{device_path}' for unixDevice. The device is already in use")
    return original(volume_id, instance_id, device_path, *more)


@cured(EBSBackend, "detach_volume")
def detach(original: Any, backend: Any, volume_id: str, instance_id: str | None, device_path: str) -> Any:
    """The instance may be left out. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html"""
    volume = backend.get_volume(volume_id)
    if not volume.attachment:
        refuse("IncorrectState", f"Volume '{volume_id}' is in the '{volume.status}' state.")
    return original(volume_id, instance_id or volume.attachment.instance.id, device_path)
