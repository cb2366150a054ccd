# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doctor: whether this machine can carry a lab, and what to do where it cannot."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from lab.doctor import probes, programs, room
from lab.doctor.check import Check
from lab.doctor.examination import examine, mend, table
from lab.doctor.system import System
from lab.machine import Failed

HOSTS = 12
"""How many hosts there must be room for, unless said otherwise: a small production's."""

__all__ = ["HOSTS", "checks", "run"]


def checks(hosts: int = HOSTS) -> Sequence[Check]:
    """All checks, in the order in which what they find makes sense. ``hosts``: how many there must be room for."""
    return [*programs.CHECKS, *probes.CHECKS, *room.checks(hosts)]


def run(fix: bool, say: Callable[[str], None], hosts: int = HOSTS, system: System | None = None) -> int:
    """Look at everything and say it as a table. With ``fix``, mend what packages and settings can, and look again.

    Returns 0 when a lab can run here and 1 when it cannot; nothing is changed without ``fix``.
    """
    system = system or System()
    if system.user() != 0:
        say("The lab makes network namespaces and containers: it needs root. Run: sudo bin/lab doctor --fix")
        return 1
    if not system.capable():  # podman would take itself for a user's then, and begin a store of its own
        say("This root may not make network namespaces: the lab needs a machine, or a container that is privileged.")
        return 1
    look = functools.partial(examine, checks(hosts), system)
    results = look()
    if fix and not all(each.good for each in results):
        try:
            mend(results, system, say)
        except Failed as cause:
            say(f"Could not be mended: {cause}")
        results = look()
    for line in table(results):
        say(line)
    return 0 if all(each.good for each in results) else 1
