# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States that take time: a new NAT gateway is pending first, a terminated instance shuts down first.

The state is set on moto's own object, so that filters and guards see it too. A state ends after the set delay, or where
there are real parts (`lab.emulator.reality`) when they say so. What is due is settled before the next request, and by
the keeper where one runs. A change to come is a function of a module and its arguments: it is saved with the account.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any

from lab.emulator.reality import Reality, Report

Act = Callable[..., object]
_Key = tuple[str, str]


class Transitions:
    """Changes of state that are still to come. ``delay`` is in seconds; 0 makes every change at once."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.reality: Reality | None = None
        self.unasked: dict[str, Callable[[Report], object]] = {}
        """By kind: what follows from a new state that nothing waits for."""
        self._due: list[tuple[float, int, Act, tuple[Any, ...]]] = []
        self._awaited: dict[_Key, tuple[str, Act, tuple[Any, ...]]] = {}
        self._order = itertools.count()

    def later(self, act: Act, *arguments: Any, after: float | None = None) -> None:
        """Do something `after` some seconds, else after the delay; with no delay at once."""
        seconds = self.delay if after is None else after
        if seconds:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), act, arguments))
        else:
            act(*arguments)

    def awaited(self, kind: str, identity: str, state: str, act: Act, *arguments: Any) -> None:
        """Do something when the real part of a resource says `state`; without one, after the delay.

        Takes the place of what the resource was waited for before.
        """
        if self.real(kind):
            self._awaited[kind, identity] = (state, act, arguments)
        else:
            self.later(act, *arguments)

    def change(self, subject: object, attribute: str, first: object, last: object, real: _Key | None = None) -> None:
        """Set an attribute to `first`, and later to `last` unless something else has changed it since.

        `real`: the kind and identity of the real part that says the last state.
        """
        setattr(subject, attribute, first)
        if real:
            self.awaited(*real, str(last), _finish, subject, attribute, first, last)
        else:
            self.later(_finish, subject, attribute, first, last)

    def real(self, kind: str) -> bool:
        """Whether resources of a kind have real parts."""
        return self.reality is not None and kind in self.reality.kinds

    def said(self, kind: str, identity: str) -> Report | None:
        """What the real part of a resource last said."""
        return self.reality.said(kind, identity) if self.reality else None

    def settle(self, *, everything: bool = False) -> bool:
        """Make the changes that are due, or all but those that real parts have to report; whether there was one."""
        settled = self._hear()
        while self._due and (everything or self._due[0][0] <= time.monotonic()):
            _, _, act, arguments = heapq.heappop(self._due)
            act(*arguments)
            settled = True
        return settled

    def remaining(self) -> float | None:
        """Seconds until the next change; None when none has a time."""
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def clear(self) -> None:
        """Forget all changes to come."""
        self._due.clear()
        self._awaited.clear()
        if self.reality:
            self.reality.forget()

    def saved(self) -> object:
        """All changes to come, for `restore`."""
        now = time.monotonic()
        return [(due - now, act, arguments) for due, _, act, arguments in sorted(self._due)], dict(self._awaited)

    def restore(self, saved: Any) -> None:
        """Go on with the changes that an emulator before this one has left."""
        due, awaited = saved
        for seconds, act, arguments in due:
            self.later(act, *arguments, after=max(0.0, seconds))
        for (kind, identity), (state, act, arguments) in awaited.items():
            self.awaited(kind, identity, state, act, *arguments)

    def _hear(self) -> bool:
        followed = [self._follow(report) for report in self.reality.news()] if self.reality else []
        return any(followed)

    def _follow(self, report: Report) -> bool:
        key = (report.kind, report.identity)
        state, act, arguments = self._awaited.get(key, ("", None, ()))
        if act and state == report.state:
            del self._awaited[key]
            act(*arguments)
            return True
        unasked = self.real(report.kind) and key not in self._awaited
        return bool(unasked and self.unasked.get(report.kind, _nothing)(report))


def _finish(subject: object, attribute: str, first: object, last: object) -> None:
    if getattr(subject, attribute, first) == first:
        setattr(subject, attribute, last)


def _nothing(_: Report) -> bool:
    return False


TRANSITIONS = Transitions()
