# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in threads, for subjects that have names: what a part of the reconciler begins and does not wait for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from lab.reconcile import Pending

_LOG = logging.getLogger(__name__)
_FIRST = 1.0
_MOST = 60.0


@dataclass
class _Job:
    about: Hashable
    why: str
    failures: int
    again: float = 0.0
    future: Future[None] = field(default_factory=Future)

    @property
    def running(self) -> bool:
        return not self.future.done()


class Jobs:
    """One job a subject at a time; what failed begins again after a delay, twice as long each time, 1 s to 60 s."""

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.ended = threading.Event()
        """Set by `close`: jobs that wait for something give up."""
        self._clock = clock
        self._jobs: dict[str, _Job] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")

    def ask(self, subject: str, why: str, work: Callable[[], None], about: Hashable = None) -> Pending:
        """Begin work, unless the subject has some under way or failed a moment ago; returns how it stands.

        ``about``: what the work depends on; when it has changed, a failure is no reason to wait.
        """
        job = self._jobs.get(subject)
        if job is None or not (job.running or self._waits(job, about)):
            failures = job.failures if job and job.about == about else 0
            job = self._jobs[subject] = _Job(about, why, failures)
            job.future = self._pool.submit(self._run, subject, job, work)
        return Pending(subject, job.why)

    def busy(self, subject: str) -> bool:
        """Whether a job of the subject is under way."""
        return subject in self._jobs and self._jobs[subject].running

    def close(self) -> None:
        """Begin nothing more, and return when the jobs under way have ended."""
        self.ended.set()
        self._pool.shutdown(cancel_futures=True)

    def _waits(self, job: _Job, about: Hashable) -> bool:
        return job.failures > 0 and job.about == about and self._clock() < job.again

    def _run(self, subject: str, job: _Job, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as cause:
            _LOG.warning("%s: %s failed: %s", subject, job.why, cause, exc_info=not isinstance(cause, Expected))
            job.again = self._clock() + min(_FIRST * 2**job.failures, _MOST)
            job.failures += 1
            job.why = str(cause) or type(cause).__name__
        else:
            job.failures = 0


class Expected(Exception):
    """Something is not as it must be yet; the message is for a person."""
