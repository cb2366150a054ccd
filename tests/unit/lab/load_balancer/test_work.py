# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow work: one task a subject, failures with growing delays."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from lab.load_balancer import work
from lab.load_balancer.work import Work
from lab.reconcile import Pending


class Clock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """As the standard library's."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(work, "time", made)
    return made


@pytest.fixture
def slow() -> Iterator[Work]:
    made = Work(2, "test")
    yield made
    made.close()


def _ended(slow: Work, subject: str) -> None:
    """Wait until a task has ended."""
    for _ in range(5000):
        if not slow.busy(subject):
            return
        time.sleep(0.002)
    raise AssertionError(f"{subject} has not ended after 10 s")


def test_a_task_runs_once_at_a_time(slow: Work) -> None:
    release, runs = threading.Event(), []

    def task() -> None:
        runs.append(1)
        release.wait(10)

    assert slow.do("a", "is made", task) == Pending("a", "is made")
    assert slow.do("a", "is made", task) == Pending("a", "is made")
    release.set()
    _ended(slow, "a")
    assert len(runs) == 1
    slow.do("a", "is made", task)
    _ended(slow, "a")
    assert len(runs) == 2


def test_a_failure_is_told_and_tried_again_later_and_later(slow: Work, clock: Clock) -> None:
    runs = []

    def task() -> None:
        runs.append(1)
        if len(runs) < 4:
            raise OSError("no")

    for wait in (1, 2, 4):
        slow.do("a", "is made", task)
        _ended(slow, "a")
        before = len(runs)
        clock.now += wait - 0.1
        assert slow.do("a", "is made", task) == Pending("a", "is made: no")
        assert len(runs) == before
        clock.now += 0.2
    slow.do("a", "is made", task)
    _ended(slow, "a")
    assert len(runs) == 4
    assert slow.do("a", "is made", lambda: None) == Pending("a", "is made")


def test_another_version_does_not_wait_for_the_failed_one(slow: Work) -> None:
    runs = []

    def bad() -> None:
        raise OSError("no")

    slow.do("a", "is made", bad, "1")
    _ended(slow, "a")
    assert slow.do("a", "is made", bad, "1") == Pending("a", "is made: no")
    assert slow.do("a", "is made", lambda: runs.append(1), "2") == Pending("a", "is made")
    _ended(slow, "a")
    assert runs
