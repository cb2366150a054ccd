# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executor: runs a plan's nodes in parallel, each as soon as those that it needs are done.

A node's waits do not hold a worker: a poll that is not yet satisfied puts the node aside until its next turn.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
from collections.abc import Callable, Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from traceback import format_exception
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Key
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import PAGE, Call, Listing, Step, Wait
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Node, Plan
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, display, resolve, reveal

FRESH_PATIENCE = 300
"""Seconds for which "not found" about something that this run made is taken for a provider that is behind."""
FIRST_POLL, LONGEST_POLL = 0.25, 10.0


class ProviderError(Exception):
    """A request that the provider refused. ``absent``: the error says that something named in the request does not
    exist.
    """

    def __init__(self, code: str, message: str, absent: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.absent = absent


class Sender(Protocol):
    def send(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One request; raises ``ProviderError``."""
        raise NotImplementedError

    def search(self, path: str, response: Mapping[str, Any]) -> Any:
        """The value under a JMESPath of a response."""
        raise NotImplementedError

    def explain(self, step: Step, error: ProviderError) -> str:
        """What holds the work up (the holder of a dependency), for the message of a failure; may be empty."""
        raise NotImplementedError


Listen = Callable[[dict[str, Any]], None]


@dataclass
class Outcome:
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_started: list[str] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)
    """Begun, but stopped between two calls."""

    @property
    def complete(self) -> bool:
        return not (self.failed or self.not_started or self.interrupted)


class _NotYet(Exception):
    """The node must come back later."""


@dataclass
class _Progress:
    """How far one node has come."""

    node: Node
    position: int = 0
    begun: float = 0.0
    step_begun: float = 0.0
    pause: float = FIRST_POLL
    stopped: bool = False
    sent: set[int] = field(default_factory=set)
    """Positions of calls that were sent at once with others, of which some must be sent again."""


class Executor:
    """One application of a plan. ``known`` (key → attributes) grows as responses come in.

    ``tokens``: node id → client token. ``stop`` set: nothing new is started, calls in flight are finished.
    """

    def __init__(
        self,
        plan: Plan,
        sender: Sender,
        tokens: Mapping[str, str],
        stop: threading.Event,
        listen: Listen = lambda event: None,
        workers: int = 32,
    ) -> None:
        self.plan = plan
        self.sender = sender
        self.tokens = tokens
        self.stop = stop
        self.listen = listen
        self.workers = workers
        self.known: dict[Key, dict[str, Any]] = {key: dict(attributes) for key, attributes in plan.known.items()}
        self.fresh: set[str] = set()
        self.outcome = Outcome()
        self._waiting: dict[str, set[str]] = {node.id: set(node.needs) for node in plan.nodes.values()}
        self._users: dict[str, list[str]] = {identity: [] for identity in plan.nodes}
        for node in plan.nodes.values():
            for need in node.needs:
                self._users[need].append(node.id)
        self._returned: queue.SimpleQueue[tuple[_Progress, BaseException | None]] = queue.SimpleQueue()
        self._later: list[tuple[float, int, _Progress]] = []
        self._order = itertools.count()
        self._running = 0

    def run(self) -> Outcome:
        with ThreadPoolExecutor(self.workers, thread_name_prefix="apply") as self._pool:
            for identity, needs in self._waiting.items():
                if not needs:
                    self._submit(_Progress(self.plan.nodes[identity]))
            while self._running or self._later:
                self._resume_due()
                self._take_back()
        touched = {*self.outcome.done, *self.outcome.failed, *self.outcome.interrupted}
        self.outcome.not_started = [identity for identity in self.plan.nodes if identity not in touched]
        return self.outcome

    def _submit(self, progress: _Progress) -> None:
        if self.stop.is_set():
            self._interrupt(progress)
            return
        self._running += 1
        self._pool.submit(self._advance, progress)

    def _interrupt(self, progress: _Progress) -> None:
        if progress.position or progress.step_begun:
            self.outcome.interrupted.append(progress.node.id)

    def _resume_due(self) -> None:
        while self._later and (self._later[0][0] <= time.monotonic() or self.stop.is_set()):
            self._submit(heapq.heappop(self._later)[2])

    def _take_back(self) -> None:
        timeout = max(0.0, self._later[0][0] - time.monotonic()) if self._later else None
        if not self._running and timeout is None:
            return
        try:
            returned = self._returned.get(timeout=min(timeout, 0.5) if timeout is not None else 0.5)
        except queue.Empty:
            return
        self._running -= 1
        self._note(*returned)

    def _note(self, progress: _Progress, error: BaseException | None) -> None:
        node = progress.node
        if isinstance(error, _NotYet):
            heapq.heappush(self._later, (time.monotonic() + progress.pause, next(self._order), progress))
            progress.pause = min(progress.pause * 1.5, LONGEST_POLL)
        elif isinstance(error, Exception):
            # Also a fault of ours: the other branches finish, and the report says what was done.
            # An OSError is a file that a call was to carry: it names it, and why it cannot be read.
            told = isinstance(error, (ProviderError, OSError))
            message = str(error) if told else "".join(format_exception(error))
            self.outcome.failed[node.id] = message
            self._tell("failed", progress, error=message)
        elif error is not None:
            self.stop.set()
            raise error
        elif progress.stopped:
            self._interrupt(progress)
        else:
            self._finish(progress)

    def _finish(self, progress: _Progress) -> None:
        self.outcome.done.append(progress.node.id)
        self._tell("done", progress)
        for user in self._users[progress.node.id]:
            self._waiting[user].discard(progress.node.id)
            if not self._waiting[user]:
                self._submit(_Progress(self.plan.nodes[user]))

    def _tell(self, event: str, progress: _Progress, **more: Any) -> None:
        node = progress.node
        self.listen(
            {
                "event": event,
                "node": node.id,
                "members": len(node.members),
                "seconds": round(time.monotonic() - progress.begun, 1),
                "finished": len(self.outcome.done),
                "total": len(self.plan.nodes),
                **more,
            }
        )

    # -- in a worker

    def _advance(self, progress: _Progress) -> None:
        error: BaseException | None = None
        try:
            progress.begun = progress.begun or time.monotonic()
            while progress.position < len(progress.node.steps):
                if self.stop.is_set():
                    progress.stopped = True
                    break
                progress.position = self._take(progress)
                progress.step_begun, progress.pause = 0.0, FIRST_POLL
        except BaseException as caught:
            error = caught
        self._returned.put((progress, error))

    def _take(self, progress: _Progress) -> int:
        """Take the next step, or the calls that are sent at once; the position after them."""
        progress.step_begun = progress.step_begun or time.monotonic()
        steps = progress.node.steps[progress.position :]
        beside = list(itertools.takewhile(lambda step: isinstance(step, Call) and step.beside, steps))
        end = progress.position + max(1, len(beside))
        left = [position for position in range(progress.position, end) if position not in progress.sent]
        if len(left) == 1:
            self._do(progress, left[0])
        else:
            self._do_at_once(progress, left)
        return end

    def _do_at_once(self, progress: _Progress, positions: list[int]) -> None:
        with ThreadPoolExecutor(len(positions), thread_name_prefix="beside") as pool:
            tries = {position: pool.submit(self._do, progress, position) for position in positions}
        errors = [error for each in tries.values() if (error := each.exception()) is not None]
        progress.sent |= {position for position, each in tries.items() if each.exception() is None}
        if errors:
            # What cannot pass counts before what may.
            raise min(errors, key=lambda error: isinstance(error, _NotYet))

    def _do(self, progress: _Progress, position: int) -> None:
        step = progress.node.steps[position]
        if isinstance(step, Call) and step.each:
            self._call_each(progress, step, step.each)
            return
        params = resolve(step.params, lambda ref: self._lookup(ref, progress.node.key))
        if isinstance(step, Wait):
            self._poll(progress, step, params)
        else:
            self._call(progress, step, params)

    def _call_each(self, progress: _Progress, call: Call, listing: Listing) -> None:
        while not self.stop.is_set():
            page = self._page(listing, call.done)
            if not page:
                return
            params = resolve(call.params, lambda ref: page if ref == PAGE else self._lookup(ref, progress.node.key))  # noqa: B023
            self._call(progress, call, params)
        raise _NotYet

    def _page(self, listing: Listing, gone: Container[str]) -> Any:
        try:
            response = self.sender.send(listing.service, listing.operation, listing.params)
        except ProviderError as error:
            if error.code in gone:
                return None
            raise
        return self.sender.search(listing.path, response)

    def _lookup(self, ref: Ref | Own, own: Key) -> Any:
        key = (ref.kind, ref.name) if isinstance(ref, Ref) else own
        try:
            return self.known[key][ref.attribute]
        except KeyError:
            raise ProviderError("Unknown", f"{key[0]} {key[1]} has no {ref.attribute} yet") from None

    def _call(self, progress: _Progress, call: Call, params: dict[str, Any]) -> None:
        if call.token:
            params[call.token] = self.tokens[progress.node.id]
        try:
            response = self.sender.send(call.service, call.operation, reveal(params))
        except ProviderError as error:
            if error.code in call.done:
                return
            self._be_patient(progress, call, params, error)
            raise _NotYet from error
        self._learn(progress.node.key, call.gives, response)

    def _be_patient(self, progress: _Progress, call: Call, params: dict[str, Any], error: ProviderError) -> None:
        """Raise the error unless time is left for it to pass."""
        patience = call.patience.get(error.code, 0)
        if error.absent and self._names_fresh(params):
            patience = max(patience, FRESH_PATIENCE)
        waited = time.monotonic() - progress.step_begun
        if waited < patience:
            return
        holder = self.sender.explain(call, error)
        after = f" (tried for {waited:.0f} s)" if patience else ""
        told = f"{call.operation}: {error.message}{after}{holder and '; ' + holder}"
        raise ProviderError(error.code, told) from error

    def _names_fresh(self, params: Any) -> bool:
        text = str(display(params))
        return any(identity in text for identity in self.fresh)

    def _poll(self, progress: _Progress, wait: Wait, params: dict[str, Any]) -> None:
        try:
            response = self.sender.send(wait.service, wait.operation, params)
        except ProviderError as error:
            if error.code in wait.gone:
                return
            if not error.absent:
                raise
            # Not shown yet: as good as an answer without it.
            response = {}
        path = resolve(wait.path, lambda ref: self._lookup(ref, progress.node.key))
        found = self.sender.search(path, response) if response else None
        if found in (wait.until or (None, [], "")):
            self._learn(progress.node.key, wait.gives, response)
            return
        if found in wait.fail:
            raise ProviderError("Failed", f"{wait.operation}: {path} became {found}")
        if time.monotonic() - progress.step_begun > wait.deadline:
            raise ProviderError("Timeout", f"{wait.operation}: {path} is {found} after {wait.deadline} s")
        raise _NotYet

    def _learn(self, key: Key, gives: Mapping[str, Any], response: Mapping[str, Any]) -> None:
        for attribute, path in resolve(gives, lambda ref: self._lookup(ref, key)).items():
            value = self.sender.search(path, response)
            if value is not None:
                self.known.setdefault(key, {})[attribute] = value
                if attribute in ("id", "arn"):
                    self.fresh.add(str(value))
