# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease that keeps two runs apart, and the journal by which a run finishes what a dead one began.

One item a stack: who holds it, until when, and the creations that its run intends. The intents are written in the
same conditional
put that takes the lease, so every creation is journalled before its call is sent, at no further cost.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import Outcome, ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Plan
from ansible_collections.slipway.platform.plugins.module_utils.stack.report import counts

LEASE_SECONDS = 90
LONGEST_BEAT_SECONDS = 20.0


class Held(Exception):
    """Another run holds the stack."""


@dataclass(frozen=True)
class Entry:
    """The journal's item of one stack. Times are seconds since the epoch."""

    run: str = ""
    owner: str = ""
    lease_until: float = 0.0
    beat: float = 0.0
    intents: Mapping[str, str] = field(default_factory=dict)
    """Node id → digest of the want that it makes."""
    finished: bool = True
    note: str = ""
    """How its run ended, where it did not do all that it meant to."""

    def held(self, now: float) -> bool:
        return not self.finished and self.lease_until > now and not _dead_here(self.owner)

    def visible_from(self, horizon: float) -> float:
        """When all that its run made is to be seen, if the provider takes ``horizon`` seconds to show a thing."""
        return self.beat + horizon + (0 if self.finished else beat_seconds(horizon))


def beat_seconds(horizon: float) -> float:
    return min(LONGEST_BEAT_SECONDS, horizon / 2)


class Store(Protocol):
    """Where the entries are kept: any store with a compare-and-swap."""

    def load(self, stack: str) -> Entry | None:
        """The entry, or None when there is none (or no store yet)."""
        raise NotImplementedError

    def swap(self, stack: str, entry: Entry, seen: Entry | None) -> bool:
        """Write ``entry`` if the stored one is still ``seen`` (by run and beat); False if it is not."""
        raise NotImplementedError


def intents(plan: Plan) -> dict[str, str]:
    """What a plan is going to create: node id → digest of the document."""
    makers = {key: node.id for node in plan.nodes.values() if node.action == "create" for key in node.members}
    return {
        makers[decision.key]: fingerprint(decision.want)
        for decision in plan.decisions
        if decision.want is not None and decision.key in makers
    }


def fingerprint(want: Want) -> str:
    body = json.dumps([want.physical_name, want.generation, want.written], sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def tokens(plan: Plan, run: str, previous: Entry | None) -> dict[str, str]:
    """A client token for each creation: new for this run, or the dead run's own for exactly what it had begun."""
    mine = intents(plan)
    died = previous if previous is not None and not previous.finished else None
    return {
        identity: _token(died.run if died and died.intents.get(identity) == digest else run, identity)
        for identity, digest in mine.items()
    }


def _token(run: str, identity: str) -> str:
    return uuid.uuid5(uuid.UUID(run), identity).hex


@dataclass
class Lease:
    """Held by a run while it applies. ``stop`` is set when the lease is lost."""

    store: Store
    stack: str
    entry: Entry
    stop: threading.Event

    def beat(self) -> None:
        now = time.time()
        renewed = _renewed(self.entry, beat=now, lease_until=now + LEASE_SECONDS)
        try:
            ours = self.store.swap(self.stack, renewed, self.entry)
        except ProviderError:
            ours = now < self.entry.lease_until
        else:
            self.entry = renewed if ours else self.entry
        if not ours:
            self.stop.set()

    def finish(self, outcome: Outcome) -> None:
        """Give the lease back, and keep what was begun: only that may still be invisible."""
        now = time.time()
        begun = {node: digest for node, digest in self.entry.intents.items() if node not in outcome.not_started}
        note = "" if outcome.complete else f"the last run, by {self.entry.owner}, did not end: {counts(outcome)}"
        ended = _renewed(self.entry, beat=now, lease_until=now, intents=begun, finished=True, note=note)
        self.store.swap(self.stack, ended, self.entry)


def take(store: Store, stack: str, seen: Entry | None, plan: Plan, stop: threading.Event) -> Lease | None:
    """Take the lease for a plan that was made with ``seen`` in view. None when the entry has changed since: look again.

    Raises ``Held`` when another run holds it.
    """
    now = time.time()
    if seen is not None and seen.held(now):
        raise Held(
            f"stack {stack} is being changed by {seen.owner}, with a lease of another {seen.lease_until - now:.0f} s; "
            "wait for that run to end, then run again"
        )
    entry = Entry(
        run=uuid.uuid4().hex,
        owner=_owner(),
        lease_until=now + LEASE_SECONDS,
        beat=now,
        intents=intents(plan),
        finished=False,
    )
    return Lease(store, stack, entry, stop) if store.swap(stack, entry, seen) else None


@contextmanager
def kept(lease: Lease, every: float) -> Iterator[Lease]:
    """Renew the lease every so many seconds while the block runs."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(every):
            lease.beat()

    thread = threading.Thread(target=renew, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join()


def _renewed(entry: Entry, **changes: Any) -> Entry:
    return Entry(**{**entry.__dict__, **changes})


def _owner() -> str:
    """host/boot/pid namespace/pid/start: enough to know later, on the same machine, that the process is dead."""
    return "/".join([*_here(), str(os.getpid()), _started(os.getpid())])


def _here() -> list[str]:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            return [socket.gethostname(), boot.read()[:8], str(os.stat("/proc/self/ns/pid").st_ino)]
    except OSError:
        return [socket.gethostname(), "", ""]


def _dead_here(owner: str) -> bool:
    """Whether the owner was a process of this machine that is no more. Unsure is no."""
    *place, pid, started = owner.split("/") if owner.count("/") == 4 else ["", "", ""]
    return place == _here() and pid.isdigit() and bool(started) and _started(int(pid)) != started


def _started(pid: int) -> str:
    """Field 22 of proc_pid_stat(5); empty where the process does not exist."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except OSError:
        return ""
