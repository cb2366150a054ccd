# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: states that take time, and changes that need a stopped one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance, InstanceBackend, StateReason

from lab.emulator.reality import Report
from lab.emulator.strict import cured, refuse, uncured
from lab.emulator.transitions import TRANSITIONS

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
_STOPPED_ONLY = {"instance_type", "user_data", "ebs_optimized", "kernel", "ramdisk"}


RUNS: list[Callable[[Any], object]] = []
"""What follows when an instance runs."""


def _set(instance: Any, state: str) -> None:
    instance._state.name, instance._state.code = state, _CODES[state]


def through(instance: Any, first: str, last: str) -> None:
    """Let an instance be `first` for a while, then `last` unless it has moved on."""
    _set(instance, first)
    TRANSITIONS.awaited("instance", instance.id, last, _arrive, instance, first, last)


def _arrive(instance: Any, first: str, last: str) -> None:
    if instance.state == first:
        _set(instance, last)
        for follow in RUNS if last == "running" else ():
            follow(instance)


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
    _set(instance, "shutting-down")
    TRANSITIONS.awaited("instance", instance.id, "terminated", _terminated, instance)
    return previous


def _terminated(instance: Any) -> None:
    uncured(Instance, "terminate")(instance)
    for interface in instance.nics.values():
        if interface.id in instance.ec2_backend.enis:
            interface.instance = interface.attachment_id = None
            interface.status = "available"


@cured(Instance, "reboot")
def reboot(_: Any, instance: Any) -> None:
    """A running one only; it goes on running. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-reboot.html"""
    if instance.state != "running":
        refuse(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be rebooted."
        )
    instance.reboots = getattr(instance, "reboots", 0) + 1


def _powered_off(report: Report) -> bool:
    """Its system was shut down inside. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html"""
    backends: list[Any] = [backend for _, _, backend in ec2_backends.iter_backends()]
    instance = next(filter(None, (backend.get_instance_by_id(report.identity) for backend in backends)), None)
    if report.state != "stopped" or instance is None or instance.state != "running":
        return False
    if instance.instance_initiated_shutdown_behavior == "terminate":
        instance.terminate()
    else:
        uncured(Instance, "stop")(instance)
        code = "Client.InstanceInitiatedShutdown"
        instance.state_reason = StateReason(f"{code}: Instance initiated shutdown", code)
    return True


TRANSITIONS.unasked["instance"] = _powered_off


@cured(InstanceBackend, "modify_instance_attribute")
def modify(original: Any, backend: Any, instance_id: str, key: str, value: Any) -> Any:
    """Some attributes change while stopped only. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html"""
    if key in _STOPPED_ONLY and backend.get_instance(instance_id).state != "stopped":
        refuse("IncorrectInstanceState", f"The instance '{instance_id}' is not in the 'stopped' state.")
    if key == "source_dest_check":  # the instance's is that of its first interface
        backend.get_instance(instance_id).nics[0].source_dest_check = value in (True, "true")
    return original(instance_id, key, value)


@cured(InstanceBackend, "modify_instance_security_groups")
def modify_groups(original: Any, backend: Any, instance_id: str, new_group_id_list: list[str]) -> Any:
    """Those of its first interface. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html"""
    instance = original(instance_id, new_group_id_list)
    instance.nics[0]._group_set = list(instance.security_groups)
    return instance
