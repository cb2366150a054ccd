# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the account: saves it soon after a change, and ends states in time, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
QUIET = 0.1
"""Seconds without a change after which the account is saved."""
LONGEST = 1.0
"""Seconds after the first unsaved change when it is saved however many follow."""
_SHARE = 5
"""At most one part in so many of the time is spent saving, however large the account."""


class Keeper:
    """``settle`` ends the states that are due and returns the seconds to the next one; ``save`` writes the account."""

    def __init__(self, settle: Callable[[], float | None], save: Callable[[], None] | None) -> None:
        self._settle = settle
        self._save = save
        self._event = threading.Event()
        self._first: float | None = None  # when the first unsaved change was, by the monotonic clock
        self._last = 0.0
        self._earliest = 0.0  # when it may be saved again
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if not self._thread.is_alive():
            self._thread.start()

    def changed(self) -> None:
        """The account has changed. Never blocks."""
        self._last = time.monotonic()
        self._first = self._first or self._last
        self._event.set()

    def wake(self) -> None:
        """A state may have become due. Never blocks."""
        self._event.set()

    def end(self) -> None:
        """Stop without saving; returns when nothing is being written any more."""
        self._ended = True
        self._event.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        wait: float | None = 0.0
        while not self._ended:
            self._event.wait(wait)
            self._event.clear()
            try:
                waits = [self._settle(), self._saved_in()]
            except Exception:  # the thread must live: without it nothing is kept
                _LOG.exception("the account could not be settled or saved")
                waits = [LONGEST]
            wait = min((each for each in waits if each is not None), default=None)

    def _saved_in(self) -> float | None:
        """Save when it is time; else the seconds until then, None when nothing is to be saved."""
        if self._save is None or self._first is None:
            return None
        now = time.monotonic()
        due = max(self._earliest, min(self._last + QUIET, self._first + LONGEST))
        if now < due:
            return due - now
        self._first = None  # a change while it is being written is saved again
        try:
            self._save()
        except BaseException:
            self._first = now
            self._earliest = now + LONGEST
            raise
        finished = time.monotonic()
        self._earliest = max(self._earliest, finished + (_SHARE - 1) * (finished - now))
        return None if self._first is None else 0.0
