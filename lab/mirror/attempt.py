# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that may fail or take long: tried again with a growing delay, and away from the reconciler's thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

_FIRST = 1.0
_MOST = 60.0
T = TypeVar("T")


class Backoff:
    """When something may be tried again. Seconds, by a monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """It went well: the next try may be at once."""
        self._delay = _FIRST
        self._next = 0.0

    def tried(self) -> None:
        """The next try is after a delay, twice as long each time."""
        self._next = self._clock() + self._delay
        self._delay = min(2 * self._delay, _MOST)

    @property
    def due(self) -> bool:
        """Whether it may be tried now."""
        return self._clock() >= self._next


class Attempt(Generic[T]):
    """One piece of work in a pool, until it has succeeded once."""

    def __init__(self, pool: Executor, work: Callable[[], T], backoff: Backoff | None = None) -> None:
        self._pool = pool
        self._work = work
        self._backoff = backoff or Backoff()
        self._future: Future[T] | None = None
        self.why = "it has not begun"

    def result(self) -> T | None:
        """What it gave, once it has; never waits. Until then ``why`` says how it stands."""
        if self._future is None:
            if self._backoff.due:
                self._backoff.tried()
                self._future = self._pool.submit(self._work)
                self.why = "it is under way"
        elif self._future.done():
            failure = self._future.exception()
            if failure is None:
                return self._future.result()
            self.why = str(failure) or type(failure).__name__
            self._future = None
        return None
