# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at everything, saying it, and mending what can be mended."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lab.doctor.check import Check, Finding
from lab.doctor.system import System
from lab.machine import Failed

_WIDTH = 16


@dataclass(frozen=True)
class Result:
    """A check and what it found; None: it could not look, for want of the programs it needs."""

    check: Check
    finding: Finding | None

    @property
    def good(self) -> bool:
        """Whether nothing is to be done here."""
        return self.finding is not None and self.finding.good


def examine(checks: Sequence[Check], system: System) -> list[Result]:
    """Make all checks. A program that fails where it should not is a finding, never an error."""
    return [Result(each, _look(each, system)) for each in checks]


def _look(check: Check, system: System) -> Finding | None:
    if not all(map(system.program, check.needs)):
        return None
    try:
        return check.look(system)
    except (Failed, OSError) as cause:  # such as a full disk, where a probe writes
        return Finding(False, str(cause), "see the message")


def table(results: Sequence[Result]) -> Iterator[str]:
    """A line for what is well; for what is not also why it matters and what to do."""
    for each in results:
        if each.finding is None:
            missing = " and ".join(each.check.needs)
            yield f"?        {each.check.name:{_WIDTH}} not looked at: it takes {missing}"
        elif each.finding.good:
            yield f"ok       {each.check.name:{_WIDTH}} {each.finding.seen}"
        else:
            yield from _missing(each.check, each.finding)
    bad = sum(not each.good for each in results)
    yield "This machine can carry a lab." if not bad else f"{bad} of {len(results)} checks failed."


def _missing(check: Check, finding: Finding) -> Iterator[str]:
    yield f"MISSING  {check.name:{_WIDTH}} {textwrap.shorten(finding.seen, 400)}"
    yield f"{'':{_WIDTH + 10}}why: {check.why}"
    yield f"{'':{_WIDTH + 10}}do:  {remedy(finding)}"


def remedy(finding: Finding) -> str:
    """A command to copy."""
    if finding.packages:
        return " ".join(_install(finding.packages))
    if finding.settings:
        return " ".join(_set(finding.settings))
    return finding.remedy


def mend(results: Sequence[Result], system: System, say: Callable[[str], None]) -> None:
    """Install all missing packages by one call, and raise settings until the next boot. Raises `lab.machine.Failed`."""
    found = [each.finding for each in results if each.finding and not each.finding.good]
    packages = sorted({package for each in found for package in each.packages})
    if packages and system.program("apt-get") is None:
        raise Failed(f"there is no apt-get here; install by other means: {' '.join(packages)}")
    for command in _commands(packages, [setting for each in found for setting in each.settings]):
        say(f"+ {' '.join(command)}")
        system.run(["env", "DEBIAN_FRONTEND=noninteractive", *command], seconds=900)


def _commands(packages: Sequence[str], settings: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    if packages:
        yield ["apt-get", "update", "--quiet"]
        yield _install(packages)
    if settings:
        yield _set(settings)


def _install(packages: Sequence[str]) -> list[str]:
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


def _set(settings: Sequence[tuple[str, int]]) -> list[str]:
    return ["sysctl", "--write", *(f"{name}={value}" for name, value in settings)]
