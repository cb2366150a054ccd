# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: states that take time, and changes that need a stopped one."""

from __future__ import annotations

import copy
from typing import Any

from moto.ec2.models.instances import Instance, InstanceBackend

from lab.emulator.strict import cured, refuse
from lab.emulator.transitions import TRANSITIONS

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
_STOPPED_ONLY = {"instance_type", "user_data", "ebs_optimized", "kernel", "ramdisk"}


def _set(instance: Any, state: str) -> None:
    instance._state.name, instance._state.code = state, _CODES[state]


def through(instance: Any, first: str, last: str) -> None:
    """Let an instance be `first` for a while, then `last` unless it has moved on."""
    _set(instance, first)
    TRANSITIONS.later(lambda: _set(instance, last) if instance.state == first else None)


@cured(Instance, "start")
def start(original: Any, instance: Any) -> Any:
    """From stopped only. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html"""
    previous = copy.copy(instance._state)
    if previous.name in ("running", "pending"):
        return previous
    if previous.name != "stopped":
        refuse(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be started."
        )
    original()
    through(instance, "pending", "running")
    return previous


@cured(Instance, "stop")
def stop(original: Any, instance: Any) -> Any:
    """From running only. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html"""
    previous = copy.copy(instance._state)
    if previous.name in ("stopped", "stopping"):
        return previous
    if previous.name != "running":
        refuse(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be stopped."
        )
    original()
    through(instance, "stopping", "stopped")
    return previous


@cured(Instance, "terminate")
def terminate(original: Any, instance: Any) -> Any:
    """Shuts down first and holds its interfaces until the end. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html"""
    previous = copy.copy(instance._state)
    if previous.name in ("shutting-down", "terminated"):
        return previous

    def finish() -> None:
        original()
        for interface in instance.nics.values():
            if interface.id in instance.ec2_backend.enis:
                interface.instance = interface.attachment_id = None
                interface.status = "available"

    _set(instance, "shutting-down")
    TRANSITIONS.later(finish)
    return previous


@cured(InstanceBackend, "modify_instance_attribute")
def modify(original: Any, backend: Any, instance_id: str, key: str, value: Any) -> Any:
    """Some attributes change while stopped only. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html"""
    if key in _STOPPED_ONLY and backend.get_instance(instance_id).state != "stopped":
        refuse("IncorrectInstanceState", f"The instance '{instance_id}' is not in the 'stopped' state.")
    return original(instance_id, key, value)
