# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done next for one instance: from what the account says and what podman says."""

from __future__ import annotations

from typing import Literal

from lab.account.model import Instance
from lab.podman import Standing

Step = Literal["create", "start", "stop", "reboot", "remove"]
Report = Literal["running", "stopped", "terminated"]

# The kernel ends the first process of a container that calls reboot(2) by one of two signals.
# https://man7.org/linux/man-pages/man2/reboot.2.html ("Behavior inside PID namespaces")
_POWERED_OFF = 128 + 2
_GONE = ("shutting-down", "terminated")
_OFF = ("stopping", "stopped")
_ENDED = ("stopped", "exited")  # before and after podman has tidied up
_NEVER_RAN = ("created", "configured", "initialized")


def step(instance: Instance | None, host: Standing | None, rebooted: int) -> Step | None:
    """The next thing to do, None: nothing. ``rebooted``: how many of the instance's reboots were done.

    A host that rebooted or was killed starts again; one that powered itself off stays off, and the account is told.
    """
    if instance is None or instance.state in _GONE:
        return "remove" if host else None
    if instance.state in _OFF:
        return "stop" if host and host.running else None
    if host is None or host.state in _NEVER_RAN:
        return "create"
    return _on(instance, host, rebooted)


def _on(instance: Instance, host: Standing, rebooted: int) -> Step | None:
    if host.running:
        return "reboot" if instance.reboots > rebooted else None
    return None if _is_off(instance, host) else "start"


def report(instance: Instance, host: Standing | None) -> Report | None:
    """The state that the account does not know yet; None: it is as it says, or on its way."""
    found = _found(instance, host)
    return None if found == instance.state else found


def _found(instance: Instance, host: Standing | None) -> Report | None:
    if instance.state in _GONE:
        return None if host else "terminated"
    if host and host.running:
        return None if instance.state in _OFF else "running"
    return "stopped" if instance.state in _OFF or (host and _is_off(instance, host)) else None


def _is_off(instance: Instance, host: Standing) -> bool:
    """Somebody inside powered it off. (A pending instance is being started, whatever its last end was.)"""
    return instance.state == "running" and host.state in _ENDED and host.exit_code == _POWERED_OFF
