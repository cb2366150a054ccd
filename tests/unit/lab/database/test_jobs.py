# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lab.database.jobs import Expected, Jobs


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Fails as often as asked; counts its calls."""

    def __init__(self, failures: int = 0) -> None:
        self.calls = 0
        self._failures = failures

    def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self._failures:
            raise Expected("not yet")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(clock: Clock) -> Iterator[Jobs]:
    made = Jobs(2, clock)
    yield made
    made.close()


def _done(jobs: Jobs, subject: str) -> None:
    jobs._jobs[subject].future.result(5)


def test_one_job_a_subject_at_a_time(jobs: Jobs) -> None:
    go, work = threading.Event(), Work()

    def slow() -> None:
        go.wait(5)
        work()

    assert jobs.ask("a", "slow", slow).why == "slow"
    assert jobs.ask("a", "other", slow).why == "slow"
    assert jobs.busy("a")
    go.set()
    _done(jobs, "a")
    assert not jobs.busy("a")
    assert work.calls == 1


def test_a_failure_is_told_and_tried_again_after_a_growing_delay(jobs: Jobs, clock: Clock) -> None:
    work = Work(failures=3)
    for delay in (1, 2, 4):
        jobs.ask("a", "work", work)
        _done(jobs, "a")
        clock.now += delay - 0.1
        calls = work.calls
        assert jobs.ask("a", "work", work).why == "not yet"
        assert work.calls == calls
        clock.now += 0.2
    jobs.ask("a", "work", work)
    _done(jobs, "a")
    assert work.calls == 4


def test_after_a_change_it_is_tried_at_once(jobs: Jobs) -> None:
    work = Work(failures=1)
    jobs.ask("a", "work", work, about=1)
    _done(jobs, "a")
    jobs.ask("a", "work", work, about=2)
    _done(jobs, "a")
    assert work.calls == 2


def test_a_success_forgets_the_failures_before(jobs: Jobs, clock: Clock) -> None:
    work = Work(failures=1)
    for _ in range(3):
        jobs.ask("a", "work", work)
        _done(jobs, "a")
        clock.now += 2
    assert work.calls == 3
    assert jobs.ask("a", "again", work).why == "again"
