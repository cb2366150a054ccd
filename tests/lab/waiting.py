# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what comes about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")
_PAUSE = 0.05


def eventually(look: Callable[[], Seen], expected: Callable[[Seen], object] = bool, seconds: float = 60) -> Seen:
    """Look until it is as expected, and return it; fails with what was seen last when the time (seconds) is over."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if expected(seen):
            return seen
        assert time.monotonic() < deadline, f"not as expected after {seconds:g} s: {seen}"
        time.sleep(_PAUSE)
