# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real parts say of the account's resources: the states that the API then tells."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

KINDS = frozenset({"instance", "console", "database", "snapshot", "load_balancer", "target"})


@dataclass(frozen=True)
class Report:
    """One resource as its real part last saw it. ``state`` is AWS's word for it; of a console it is its text."""

    kind: str
    identity: str
    state: str
    reason: str = ""


class Reality:
    """What real parts say of resources. Without it (emulator alone) states change after the set transition time.

    ========================= ======================== =============================================================
    kind                      identity                 states
    ========================= ======================== =============================================================
    ``instance``              its id                   running, stopped (also when its system was powered off inside),
                                                       terminated
    ``console``               its instance's id        the text of GetConsoleOutput
    ``database``              ``Database.id``          available, rebooting (while a reboot lasts), stopped, deleted
    ``snapshot``              ``Snapshot.id``          available
    ``load_balancer``         its ARN                  active
    ``target``                "GROUP-ARN ID:PORT"      healthy, unhealthy, draining, initial; unused once drained.
                                                       The reason is AWS's code, with ``: `` and a description if any
    ========================= ======================== =============================================================

    A state counts when it is new: who repeats what was said changes nothing. `kinds` are those that have real parts;
    the states of others change with time, whatever is said of them.
    """

    def __init__(self, kinds: Iterable[str] = KINDS) -> None:
        self.kinds = frozenset(kinds)
        self.wake: Callable[[], None] = lambda: None
        self._said: dict[tuple[str, str], Report] = {}
        self._news: collections.deque[Report] = collections.deque()
        self._lock = threading.Lock()

    def report(self, kind: str, identity: str, state: str, reason: str = "") -> None:
        """Say a resource's state. From any thread, as often as is convenient; never waits for the API.

        Raises ValueError for a kind that is none of the table's.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(sorted(KINDS))}")
        said = Report(kind, identity, state, reason)
        with self._lock:
            before = self._said.get((kind, identity))
            self._said[kind, identity] = said
        if before is None or before.state != state:
            self._news.append(said)
            self.wake()

    def said(self, kind: str, identity: str) -> Report | None:
        """What was last said of a resource."""
        return self._said.get((kind, identity))

    def news(self) -> list[Report]:
        """The new states since the last call, in their order."""
        taken = []
        while self._news:
            taken.append(self._news.popleft())
        return taken

    def forget(self) -> None:
        """The account is empty again."""
        with self._lock:
            self._said.clear()
            self._news.clear()
