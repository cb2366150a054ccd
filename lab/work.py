# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow work beside the reconciler's thread: one task a subject at a time, tried again later where it fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab.machine import Failed
from lab.reconcile import Pending

_LOG = logging.getLogger(__name__)
_FIRST, _MOST = 1.0, 60.0
"""Seconds until the next try."""
_PAUSE = 0.1
"""Seconds between two looks."""


class Expected(Exception):
    """Something is not as it must be yet; the message is for a person."""


@dataclass
class _Try:
    aim: tuple[str, Hashable]
    why: str
    failures: int
    """In a row, of this aim."""
    goes_on: bool = True
    again: float = 0.0
    """When it may be tried again, by the clock."""


class Work:
    """Used by one thread, the reconciler's; the tasks run in others.

    ``notice`` is called whenever a task has ended, from its thread. ``clock``: seconds that only grow.
    """

    def __init__(
        self,
        threads: int,
        name: str,
        notice: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ended = threading.Event()
        """Set by `close`: tasks that wait for something give up."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._notice = notice
        self._clock = clock
        self._tries: dict[str, _Try] = {}

    def do(self, subject: str, why: str, task: Callable[[], None], about: Hashable = None) -> Pending:
        """Begin a task, unless one for the subject goes on or this one failed a moment ago. Says how it stands.

        ``why``: for a person, "is being made". ``about``: what the task depends on. Another ``why`` or ``about`` is
        another task: a failure of the one before does not hold it up.
        """
        last, aim = self._tries.get(subject), (why, about)
        if last and (last.goes_on or self._waits(last, aim)):
            return Pending(subject, last.why)
        this = self._tries[subject] = _Try(aim, why, last.failures if last and last.aim == aim else 0)
        self._pool.submit(self._run, subject, this, task)
        return Pending(subject, why)

    def busy(self, subject: str) -> bool:
        """Whether a task for the subject goes on, or waits for a thread."""
        last = self._tries.get(subject)
        return last is not None and last.goes_on

    def under_way(self) -> list[Pending]:
        """The tasks of all subjects that go on, or wait for a thread."""
        return [Pending(subject, last.why) for subject, last in self._tries.copy().items() if last.goes_on]

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """For tasks: whether a condition has come true in time. Raises `Expected` when the part is closed meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            if self.ended.wait(_PAUSE):
                raise Expected("the lab ends")
        return True

    def close(self) -> None:
        """Begin nothing more, and return when what goes on has ended."""
        self.ended.set()
        self._pool.shutdown(cancel_futures=True)

    def _waits(self, last: _Try, aim: tuple[str, Hashable]) -> bool:
        return last.aim == aim and self._clock() < last.again

    def _run(self, subject: str, this: _Try, task: Callable[[], None]) -> None:
        try:
            task()
            del self._tries[subject]
        except Exception as cause:
            self._failed(subject, this, cause)
        self._notice()

    def _failed(self, subject: str, this: _Try, cause: Exception) -> None:
        delay = min(_FIRST * 2**this.failures, _MOST)
        this.why = f"{this.why}: {str(cause) or type(cause).__name__}"
        is_ours = isinstance(cause, (Expected, Failed))
        _LOG.warning("%s: %s; tried again in %g s", subject, this.why, delay, exc_info=not is_ours)
        this.failures += 1
        this.again = self._clock() + delay
        this.goes_on = False
