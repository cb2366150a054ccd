# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow work in threads: one task a subject, failures with growing delays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from lab.reconcile import Pending
from lab.work import Expected, Work


class Watched:
    """Work whose clock stands where it is put, and whose ends can be waited for."""

    def __init__(self, threads: int = 2) -> None:
        self.now = 0.0
        self._ends = threading.Semaphore(0)
        self.busy_at_end: list[bool] = []
        self.work = Work(threads, "test", self._noticed, lambda: self.now)

    def _noticed(self) -> None:
        self.busy_at_end.append(self.work.busy("a"))
        self._ends.release()

    def wait(self) -> None:
        """Until one more task has ended."""
        assert self._ends.acquire(timeout=10)

    def do(self, task: Callable[[], None], why: str = "is made", about: int = 0) -> str:
        """Ask for a task of the subject "a"; how it stands."""
        pending = self.work.do("a", why, task, about)
        assert pending.subject == "a"
        return pending.why


class Task:
    """Fails as often as told, counts its runs, and may be held up."""

    def __init__(self, failures: int = 0, cause: Exception | None = None) -> None:
        self.runs = 0
        self.gate = threading.Event()
        self.gate.set()
        self._failures = failures
        self._cause = cause or Expected("no space")

    def __call__(self) -> None:
        assert self.gate.wait(10)
        self.runs += 1
        if self.runs <= self._failures:
            raise self._cause


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.work.close()


def test_one_task_a_subject_at_a_time(watched: Watched) -> None:
    task, other = Task(), Task()
    task.gate.clear()
    assert watched.do(task) == "is made"
    assert watched.do(other, "is removed", 1) == "is made"  # what goes on is told, not what was asked for
    assert watched.work.busy("a")
    assert watched.work.under_way() == [Pending("a", "is made")]
    task.gate.set()
    watched.wait()
    assert (watched.work.busy("a"), watched.work.under_way()) == (False, [])
    assert watched.do(other, "is removed") == "is removed"
    watched.wait()
    assert (task.runs, other.runs) == (1, 1)


def test_a_subject_does_not_hold_up_another(watched: Watched) -> None:
    task = Task()
    task.gate.clear()
    watched.do(task)
    assert watched.work.do("b", "is made", Task()) == Pending("b", "is made")
    watched.wait()
    assert watched.work.under_way() == [Pending("a", "is made")]
    task.gate.set()


def test_a_failure_is_told_and_tried_again_later_and_later(watched: Watched) -> None:
    task = Task(failures=8)
    for delay in (1, 2, 4, 8, 16, 32, 60, 60):
        assert watched.do(task) == "is made"
        watched.wait()
        assert (watched.work.busy("a"), watched.work.under_way()) == (False, [])
        runs, watched.now = task.runs, watched.now + delay - 0.5
        assert watched.do(task) == "is made: no space"
        assert (task.runs, watched.work.busy("a")) == (runs, False)
        watched.now += 0.5
    watched.do(task)
    watched.wait()
    assert task.runs == 9
    assert watched.do(task) == "is made"


def test_a_success_forgets_the_failures_before(watched: Watched) -> None:
    for _ in range(3):
        task = Task(failures=1)
        for _ in range(2):
            assert watched.do(task) == "is made"
            watched.wait()
            watched.now += 1
        assert task.runs == 2


@pytest.mark.parametrize(("why", "about"), [("is made", 1), ("is removed", 0)])
def test_another_task_does_not_wait_for_the_one_that_failed(watched: Watched, why: str, about: int) -> None:
    first, second = Task(failures=2), Task(failures=1)
    for _ in range(2):
        watched.do(first)
        watched.wait()
        watched.now += 1
    assert watched.do(first) == "is made: no space"
    assert watched.do(second, why, about) == why
    watched.wait()
    watched.now += 1  # its own first delay
    assert watched.do(second, why, about) == why
    watched.wait()
    assert second.runs == 2


def test_what_a_round_after_the_notice_sees_has_ended(watched: Watched) -> None:
    task = Task(failures=1)
    for _ in range(2):
        watched.do(task)
        watched.wait()
        watched.now += 1
    assert watched.busy_at_end == [False, False]


@pytest.mark.parametrize(
    ("cause", "text", "traced"),
    [
        (Expected("it has no interface"), "it has no interface", False),
        (OSError("no space"), "no space", True),
        (AssertionError(), "AssertionError", True),
    ],
)
def test_a_failure_is_logged_with_its_trace_where_nobody_expected_it(
    watched: Watched, caplog: pytest.LogCaptureFixture, cause: Exception, text: str, traced: bool
) -> None:
    watched.do(Task(failures=1, cause=cause))
    watched.wait()
    assert watched.do(Task()) == f"is made: {text}"
    (record,) = caplog.records
    assert record.getMessage() == f"a: is made: {text}; tried again in 1 s"
    assert bool(record.exc_info) is traced


def test_the_end_waits_for_what_goes_on_and_begins_nothing_more() -> None:
    watched, held, queued = Watched(threads=1), Task(), Task()
    begun, said = threading.Event(), list[str]()

    def waiting() -> None:
        begun.set()
        try:
            watched.work.until(lambda: False, 10)
        except Expected as cause:
            said.append(str(cause))
            held()

    watched.do(waiting)
    assert begun.wait(10)
    watched.work.do("b", "is made", queued)
    watched.work.close()
    assert (said, held.runs, queued.runs) == (["the lab ends"], 1, 0)


def test_a_condition_is_waited_for_until_its_deadline(watched: Watched) -> None:
    looks = iter([False, False, True])
    assert watched.work.until(lambda: next(looks), 10)
    assert not list(looks)
    assert not watched.work.until(lambda: False, 0)
