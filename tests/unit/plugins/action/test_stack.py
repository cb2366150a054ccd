# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live progress of a run."""

from __future__ import annotations

import json
import queue
import signal
import threading
from pathlib import Path

import pytest
from ansible.utils.display import Display

from ansible_collections.slipway.platform.plugins.action import stack


def blocked(thread: threading.Thread) -> int:
    """The signals that a thread does not take, as proc_pid_status(5) shows them."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")), 16)


def test_lines_are_shown_as_they_come_and_an_interruption_is_left_to_the_main_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(Display, "display", lambda _self, line: shown.put(line))
    before = {*threading.enumerate()}
    with stack._shown_progress() as progress:
        with open(progress, "w", encoding="utf-8") as lines:
            print(json.dumps({"event": "note", "text": "the last run did not end"}), file=lines)
        assert "the last run did not end" in shown.get(timeout=30)
        (thread,) = {*threading.enumerate()} - before
        for number in (signal.SIGINT, signal.SIGTERM):
            assert blocked(thread) & 1 << number - 1
            assert not blocked(threading.main_thread()) & 1 << number - 1


def test_an_interruption_waits_until_a_line_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted, shown = threading.Event(), threading.Event()
    order: list[str] = []

    def interrupt(_number: int, _frame: object) -> None:
        order.append("interrupted")
        interrupted.set()

    def display(_self: Display, _line: str) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert not interrupted.wait(stack._LINE_SECONDS / 4)
        order.append("shown")
        shown.set()

    monkeypatch.setattr(Display, "display", display)
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with stack._shown_progress() as progress:
            with open(progress, "w", encoding="utf-8") as lines:
                print(json.dumps({"event": "note", "text": ""}), file=lines)
            assert shown.wait(30)
            assert interrupted.wait(30)
        assert order == ["shown", "interrupted"]
        assert signal.getsignal(signal.SIGINT) is interrupt
    finally:
        signal.signal(signal.SIGINT, before)
