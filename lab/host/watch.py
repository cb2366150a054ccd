# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells at once when a process ends, without asking again and again."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable


class Watch:
    """``notice`` is called from a thread of its own whenever a watched process has ended."""

    def __init__(self, notice: Callable[[], None]) -> None:
        self._notice = notice
        self._poll = select.epoll()
        self._end = os.eventfd(0)
        self._poll.register(self._end, select.EPOLLIN)
        self._processes: dict[int, int] = {}  # descriptor: process
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def add(self, process: int) -> bool:
        """Watch a process, once; returns whether it is still there."""
        with self._lock:
            if process in self._processes.values():
                return True
            try:
                descriptor = os.pidfd_open(process)
            except ProcessLookupError:
                return False
            self._processes[descriptor] = process
            self._poll.register(descriptor, select.EPOLLIN)
            return True

    def close(self) -> None:
        """Watch nothing any more."""
        os.eventfd_write(self._end, 1)
        self._thread.join()
        for descriptor in (*self._processes, self._end):
            os.close(descriptor)
        self._poll.close()

    def _run(self) -> None:
        while True:
            for descriptor, _events in self._poll.poll():
                if descriptor == self._end:
                    return
                with self._lock:
                    self._poll.unregister(descriptor)
                    del self._processes[descriptor]
                    os.close(descriptor)
                self._notice()
