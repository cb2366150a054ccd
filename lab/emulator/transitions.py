# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States that take time: a new NAT gateway is pending first, a terminated instance shuts down first.

The state is set on moto's own object, so that filters and guards see it too. Nothing runs in the background: what is
due is settled before the next request.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable


class Transitions:
    """Changes of state that are still to come. ``delay`` is in seconds; 0 makes every change at once."""

    def __init__(self) -> None:
        self.delay = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def later(self, act: Callable[[], object]) -> None:
        """Do something after the delay; with no delay at once."""
        if self.delay:
            heapq.heappush(self._due, (time.monotonic() + self.delay, next(self._order), act))
        else:
            act()

    def change(self, subject: object, attribute: str, first: object, last: object) -> None:
        """Set an attribute to `first`, and after the delay to `last` unless something else has changed it since."""

        def finish() -> None:
            if getattr(subject, attribute, first) == first:
                setattr(subject, attribute, last)

        setattr(subject, attribute, first)
        self.later(finish)

    def settle(self, *, everything: bool = False) -> None:
        """Make the changes that are due, or all of them."""
        while self._due and (everything or self._due[0][0] <= time.monotonic()):
            heapq.heappop(self._due)[2]()

    def clear(self) -> None:
        """Forget all changes to come."""
        self._due.clear()


TRANSITIONS = Transitions()
