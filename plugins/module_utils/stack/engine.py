# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: check the documents, look at the account, plan, and (unless only asked) take the lease and apply."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils.stack import journal
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import Executor, Listen, Outcome, Sender
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Catalogue, Key, Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Have,
    Kind,
    Reader,
    Request,
    Swept,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.order import make_plan
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim, Plan


class Provider(Sender, Reader, Protocol):
    """The side that talks to a cloud."""

    catalogue: Catalogue

    @property
    def store(self) -> journal.Store:
        """Where the journal is kept."""
        raise NotImplementedError

    def identify(self, scope: Scope) -> Scope:
        """The scope with account and partition; the first request of a run, so bad credentials end here."""
        raise NotImplementedError

    def sweep(self) -> list[Swept]:
        """What the provider's tag index lists as this stack's."""
        raise NotImplementedError

    def prepare(self, wants: Wants) -> None:
        """Look up what documents name by an alias (images) and put the answer in their values."""
        raise NotImplementedError

    def preflight(self, plan: Plan) -> list[str]:
        """One line for each limit of the account that the plan would come up against."""
        raise NotImplementedError


@dataclass(frozen=True)
class Job:
    """What one run is asked. ``horizon``: seconds that the provider may take to show what was made."""

    scope: Scope
    documents: Sequence[Mapping[str, Any]]
    aim: Aim = field(default_factory=Aim)
    check: bool = False
    horizon: float = 60.0


@dataclass
class Result:
    scope: Scope
    plan: Plan
    attributes: dict[Key, dict[str, Any]] = field(default_factory=dict)
    """What is known of every declared resource at the end."""
    outcome: Outcome | None = None
    wants: Wants = field(default_factory=dict)

    def unknown(self, kinds: Mapping[str, Kind]) -> list[str]:
        """The attributes of declared resources that are not known (yet), as ``kind.name.attribute``."""
        return [
            f"{kind}.{name}.{attribute}"
            for kind, name in self.wants
            for attribute in kinds[kind].attributes
            if attribute not in self.attributes.get((kind, name), {})
        ]


def run(job: Job, provider: Provider, stop: threading.Event, listen: Listen) -> Result:
    """Do the job. Raises ``Invalid``, ``Refused``, ``Held`` or ``ProviderError`` before anything is touched."""
    # The journal is read before the account: what another run does meanwhile shows when the lease is taken.
    with ThreadPoolExecutor(2) as pool:
        read = pool.submit(provider.store.load, job.scope.stack)
        swept = pool.submit(_sweep, job, provider)
        scope = provider.identify(job.scope)
    seen, hints = read.result(), swept.result()
    wants = provider.catalogue.load(job.documents, scope)
    provider.prepare(wants)
    while True:
        plan = make_plan(provider.catalogue.kinds, wants, observe(provider, wants, hints), job.aim, job.check)
        if job.check or not plan.changed:
            plan.notes += provider.preflight(plan)
            return Result(scope, plan, plan.known, wants=wants)
        if seen is not None and _in_doubt(plan, seen, job.horizon):
            _wait(seen, job.horizon, stop, listen)
        elif (lease := journal.take(provider.store, scope.stack, seen, plan, stop)) is not None:
            break
        seen, hints = provider.store.load(scope.stack), _sweep(job, provider)
    return _apply(job, provider, Result(scope, plan, wants=wants), lease, seen, stop, listen)


def _apply(
    job: Job,
    provider: Provider,
    planned: Result,
    lease: journal.Lease,
    seen: journal.Entry | None,
    stop: threading.Event,
    listen: Listen,
) -> Result:
    if seen is not None and seen.note:
        listen({"event": "note", "text": seen.note})
    tokens = journal.tokens(planned.plan, lease.entry.run, seen)
    with journal.kept(lease, journal.beat_seconds(job.horizon)):
        executor = Executor(planned.plan, provider, tokens, stop, listen)
        planned.outcome = executor.run()
    lease.finish(planned.outcome)
    planned.attributes = executor.known
    return planned


def _sweep(job: Job, provider: Provider) -> list[Swept]:
    """Hints of what may have to go; where nothing goes none are needed."""
    return provider.sweep() if job.aim.prune or job.aim.absent else []


def _in_doubt(plan: Plan, seen: journal.Entry, horizon: float) -> bool:
    """Whether the last run meant to make something that is not to be seen, and may be too new to be seen.

    Where a dead run's client token can be used again there is no doubt: the provider answers with what it made. That is
    so only where it is the one call of the creation: calls after it may have been sent too, and have no token.
    """
    if seen.held(time.time()) or time.time() > seen.visible_from(horizon):
        return False
    # Of another digest, a creation gets a new token: its references are known by now, or its document has changed.
    same = set() if seen.finished else journal.intents(plan).items() & seen.intents.items()
    creations = (node for node in plan.nodes.values() if node.action == "create" and node.id in seen.intents)
    return any(
        (node.id, seen.intents[node.id]) not in same or not all(call.token for call in node.calls) for node in creations
    )


def _wait(seen: journal.Entry, horizon: float, stop: threading.Event, listen: Listen) -> None:
    left = max(0.0, seen.visible_from(horizon) - time.time())
    listen({"event": "waiting", "for": "what the last run made to show", "seconds": round(left, 1)})
    stop.wait(min(left + 0.1, 2.0))
    if stop.is_set():
        raise KeyboardInterrupt


def observe(provider: Provider, wants: Wants, hints: Sequence[Swept]) -> list[Have]:
    """Everything of this stack that the account holds, all kinds read at once."""
    return _Observation(provider, wants, hints).haves()


class _Observation:
    """One concurrent read of all kinds; a child's waits for its parent's."""

    def __init__(self, provider: Provider, wants: Wants, hints: Sequence[Swept]) -> None:
        self.provider = provider
        self.hints = hints
        self.kinds = provider.catalogue.kinds
        self.declared: dict[str, list[Want]] = {name: [] for name in self.kinds}
        for want in wants.values():
            self.declared[want.kind].append(want)
        self.reads: dict[str, Future[list[Have]]] = {}
        self.pool = ThreadPoolExecutor(len(self.kinds), thread_name_prefix="read")

    def haves(self) -> list[Have]:
        with self.pool:
            # A parent is submitted before its children: kinds are listed in that order.
            for name, kind in self.kinds.items():
                self.reads[name] = self.pool.submit(self._read, kind)
        return [have for read in self.reads.values() for have in read.result()]

    def _read(self, kind: Kind) -> list[Have]:
        wants = self.declared[kind.name]
        hints = [hint for hint in self.hints if re.fullmatch(kind.arn, hint.arn)] if kind.arn else []
        if kind.arn and not hints and not wants:
            return []
        return kind.read(self.provider, Request(wants, hints, lambda name: self.reads[name].result()))
