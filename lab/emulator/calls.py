# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of calls: every call to AWS's API in the order it was answered, in memory."""

from __future__ import annotations

import threading
from typing import TypedDict


class LoggedCall(TypedDict):
    """One call. ``time`` is in seconds since the epoch, ``error`` is AWS's error code."""

    service: str
    operation: str
    region: str
    mutating: bool
    status: int
    error: str | None
    time: float


class CallLog:
    """An ordered list of calls that many threads may add to."""

    def __init__(self) -> None:
        self._calls: list[LoggedCall] = []
        self._lock = threading.Lock()

    def add(self, call: LoggedCall) -> None:
        """Append one call."""
        with self._lock:
            self._calls.append(call)

    def all(self) -> list[LoggedCall]:
        """A copy of the log."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
