# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.doctor.system import System


@dataclass(frozen=True)
class Finding:
    """``seen``: in a few words. ``remedy``: a command to copy, or what a person must do.

    ``packages`` (Debian's and Ubuntu's names) and ``settings`` (of sysctl) mend it without a person.
    """

    good: bool
    seen: str
    remedy: str = ""
    packages: tuple[str, ...] = ()
    settings: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Check:
    """``why``: what it is for. ``needs``: programs without which there is nothing to look at."""

    name: str
    why: str
    look: Callable[[System], Finding]
    needs: tuple[str, ...] = ()


def good(seen: str) -> Finding:
    """All is well."""
    return Finding(True, seen)
