# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow work for one subject at a time, in threads; what fails is tried again after a growing delay."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from lab.reconcile import Pending

_LOG = logging.getLogger(__name__)
_FIRST, _MOST = 1.0, 60.0
"""Seconds until the next try."""


@dataclass(frozen=True)
class _Begun:
    aim: tuple[str, str]
    future: Future[None]


@dataclass(frozen=True)
class _Failure:
    aim: tuple[str, str]
    text: str
    times: int
    again: float
    """On the monotonic clock."""


class Work:
    """Used by one thread; the tasks run in others."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: dict[str, _Begun] = {}
        self._failures: dict[str, _Failure] = {}

    def do(self, subject: str, why: str, task: Callable[[], None], version: str = "") -> Pending:
        """Begin a task, unless one for the subject is under way or this one failed a moment ago. Says how it stands.

        Another ``why`` or ``version`` is another task: what failed before it does not hold it up.
        """
        self._collect(subject)
        failure, aim = self._failures.get(subject), (why, version)
        if failure and failure.aim == aim and time.monotonic() < failure.again:
            return Pending(subject, f"{why}: {failure.text}")
        if subject not in self._running:
            self._running[subject] = _Begun(aim, self._pool.submit(task))
        return Pending(subject, why)

    def busy(self, subject: str) -> bool:
        """Whether a task for the subject is under way."""
        self._collect(subject)
        return subject in self._running

    def close(self) -> None:
        """Wait for what has begun; the rest is not begun any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _collect(self, subject: str) -> None:
        begun = self._running.get(subject)
        if begun is None or not begun.future.done():
            return
        del self._running[subject]
        before = self._failures.pop(subject, None)
        cause = begun.future.exception()
        if cause is not None:
            times = before.times + 1 if before and before.aim == begun.aim else 1
            delay = min(_FIRST * 2 ** (times - 1), _MOST)
            _LOG.warning("%s: %s; tried again in %g s", subject, cause, delay)
            self._failures[subject] = _Failure(begun.aim, str(cause), times, time.monotonic() + delay)
