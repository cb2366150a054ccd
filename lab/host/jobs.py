# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow work beside the reconciler's thread: one job a subject at a time, tried again later when it fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab.reconcile import Pending

_LOG = logging.getLogger(__name__)
_LONGEST = 60.0


@dataclass(frozen=True)
class _Failure:
    why: str
    delay: float
    due: float


class Jobs:
    """``notice`` is called whenever a job has ended, from its own thread."""

    def __init__(self, name: str, workers: int, notice: Callable[[], None]) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._notice = notice
        self._doing: dict[str, str] = {}
        self._failures: dict[str, _Failure] = {}

    def busy(self, subject: str) -> bool:
        """Whether a job of this subject is waiting, going on, or has failed and is not yet due again."""
        failure = self._failures.get(subject)
        return subject in self._doing or bool(failure and failure.due > time.monotonic())

    def begin(self, subject: str, doing: str, work: Callable[[], None]) -> None:
        """Do it soon, if the subject is not busy. ``doing``: for a person, "is booting"."""
        if not self.busy(subject):
            self._doing[subject] = doing
            self._pool.submit(self._run, subject, work)

    def pending(self) -> list[Pending]:
        """What goes on, and what has failed."""
        going = [Pending(subject, doing) for subject, doing in list(self._doing.items())]
        failed = [Pending(subject, failure.why) for subject, failure in list(self._failures.items())]
        return going + [each for each in failed if each.subject not in self._doing]

    def forget(self, subject: str) -> None:
        """There is nothing to do for it any more, so its last failure does not matter."""
        self._failures.pop(subject, None)

    def close(self) -> None:
        """Begin nothing more, and wait for what goes on."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, subject: str, work: Callable[[], None]) -> None:
        try:
            work()
            self._failures.pop(subject, None)
        except Exception as cause:
            self._failed(subject, cause)
        finally:
            self._doing.pop(subject, None)
            self._notice()

    def _failed(self, subject: str, cause: Exception) -> None:
        before = self._failures.get(subject)
        delay = min(_LONGEST, before.delay * 2) if before else 1.0
        self._failures[subject] = _Failure(f"{cause}", delay, time.monotonic() + delay)
        _LOG.warning("%s: %s; tried again in %g s", subject, cause, delay)
