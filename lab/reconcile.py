# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler: makes the machine what the account says, again and again, from whatever is there.

Level-triggered: every round compares all that should be with all that is. It knows no history, so a crash anywhere is
mended by the next round.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lab.account.model import Account

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pending:
    """Something that is not yet as the account says. ``subject``: an AWS id or name; ``why``: for a person."""

    subject: str
    why: str


class Reports(Protocol):
    """Where parts tell the states of what they stand for: `lab.emulator.reality.Reality`, with its kinds and states."""

    def report(self, kind: str, identity: str, state: str, reason: str = "") -> None: ...


class Part(Protocol):
    """One part of the machine that follows the account: the network, the hosts, the databases, …"""

    name: str

    def converge(self, account: Account) -> Sequence[Pending]:
        """Make everything of this part as the account says, as far as it goes without waiting; returns the rest.

        Called by one thread, again after each change and every two seconds. What fails for one subject must not stop
        the others: it is returned as pending. Raises only for what concerns the whole part.
        """

    def close(self) -> None:
        """Stop the part's own threads and sockets; what it made on the machine stays."""


class Reconciler:
    """Runs the parts, in their order, after every change of the account and every `period` seconds."""

    def __init__(self, read: Callable[[], Account], parts: Sequence[Part], period: float = 2.0) -> None:
        self._read = read
        self._parts = parts
        self._period = period
        self._changed = threading.Event()
        self._ended = False
        self._pending: dict[str, Sequence[Pending]] = {}
        self._rounds = 0

    def notice(self) -> None:
        """The account has changed: a round begins soon. Never blocks."""
        self._changed.set()

    def pending(self) -> list[Pending]:
        """What the last round left to do."""
        return [each for part in self._pending.values() for each in part]

    @property
    def rounds(self) -> int:
        """How many rounds have ended."""
        return self._rounds

    def run(self) -> None:
        """Go round until `end`; meant for a thread of its own."""
        while not self._ended:
            self._changed.wait(self._period)
            self._changed.clear()
            if not self._ended:
                self._round()
        for part in reversed(self._parts):
            part.close()

    def end(self) -> None:
        """No further round begins."""
        self._ended = True
        self._changed.set()

    def _round(self) -> None:
        try:
            account = self._read()
        except Exception:
            _LOG.exception("the account cannot be read")
            return
        for part in self._parts:
            try:
                self._pending[part.name] = part.converge(account)
            except Exception as cause:
                _LOG.exception("%s: this round failed", part.name)
                self._pending[part.name] = [Pending(part.name, f"{type(cause).__name__}: {cause}")]
        self._rounds += 1
