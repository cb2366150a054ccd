# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a plan, and which of them come before which. Pure.

Forward, a step waits for what it refers to. References in late fields, and kinds that merely come ``after`` others,
order softly: only where they close no circle. Backward, a deletion waits until nothing refers to the resource any more.
"""

from __future__ import annotations

import dataclasses
import graphlib
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.decide import Decider, tag_changes
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Key, Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.graph import circles
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Have,
    Kind,
    Step,
    Wait,
    Want,
    late_references,
    ordering_references,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import (
    Aim,
    Decision,
    Node,
    Plan,
    Refused,
    node_id,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Field
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import references, resolve


def make_plan(kinds: Mapping[str, Kind], wants: Wants, haves: Collection[Have], aim: Aim, look: bool = False) -> Plan:
    """Decide on every resource, then order the calls. Raises ``Refused`` with every reason at once.

    ``look``: the plan is only shown, so protection is a note in it.
    """
    decider = Decider(kinds, wants, haves, aim)
    plan = decider.decide(look)
    _Orderer(decider, plan).order()
    bundle(kinds, plan)
    for node in plan.nodes.values():
        node.needs &= plan.nodes.keys() - {node.id}
    try:
        graphlib.TopologicalSorter({node.id: node.needs for node in plan.nodes.values()}).prepare()
    except graphlib.CycleError as error:
        raise Refused([("", f"the steps wait for each other in a circle: {' → '.join(error.args[1])}")]) from error
    return plan


class _Orderer:
    def __init__(self, decider: Decider, plan: Plan) -> None:
        self.kinds = decider.kinds
        self.wants = decider.wants
        self.current = decider.current
        self.lookup = decider.lookup
        self.plan = plan
        self.going = {decision.key: decision for decision in plan.decisions if decision.goes}
        self.holders = Holders(self.kinds, list(self.current.values()))

    def order(self) -> None:
        for decision in self.plan.decisions:
            for action, steps in self._actions(decision):
                self._node(action, decision, steps)
        self._forward()
        self._backward()
        self._leftovers()
        self._half_made()

    def _actions(self, decision: Decision) -> Iterator[tuple[str, Iterable[Step]]]:
        kind = self.kinds[decision.key[0]]
        if decision.verb in ("destroy", "replace"):
            yield "delete", kind.delete(decision.standing)
        if decision.verb in ("add", "replace"):
            yield "create", kind.create(decision.wanted)
            yield "complete", kind.complete(decision.wanted)
        if decision.verb == "change":
            yield from _changes(kind, decision, decision.wanted, decision.standing)

    def _node(self, action: str, decision: Decision, steps: Iterable[Step]) -> None:
        steps = [dataclasses.replace(step, params=resolve(step.params, self.lookup)) for step in steps]
        if steps:
            identity = node_id(action, decision.key, decision.have if decision.leftover else None)
            self.plan.nodes[identity] = Node(identity, action, decision.key, steps, members=[decision.key])

    def _need(self, action: str, key: Key, others: Collection[Key], actions: Sequence[str]) -> None:
        node = self.plan.nodes.get(node_id(action, key))
        if node is not None:
            node.needs |= {node_id(each, other) for other in others for each in actions}

    # -- what comes to be

    def _forward(self) -> None:
        by_kind = _by_kind(self.wants)
        before = {key: self._after(key, by_kind) for key in self.wants}
        firm = {key: ordering_references(self.kinds[key[0]], want.values) for key, want in self.wants.items()}
        late = {key: late_references(self.kinds[key[0]], want.values) for key, want in self.wants.items()}
        circle = circles({key: firm[key] | late[key] | before[key] for key in self.wants})
        for key in self.wants:
            whole = before[key] | self._whole(firm[key])
            soft = {other for other in whole if circle[other] != circle[key]}
            for action in ("create", "update"):
                self._need(action, key, firm[key], ("create", "update"))
                self._need(action, key, soft, ("create", "update", "complete"))
            self._need("complete", key, {key}, ("create", "update"))
            self._need("complete", key, late[key], ("create",))

    def _whole(self, references: Collection[Key]) -> set[Key]:
        """Of what a resource refers to, that which must be complete for it."""
        return {other for other in references if not self.kinds[other[0]].usable_early}

    def _after(self, key: Key, by_kind: Mapping[str, Collection[Key]]) -> set[Key]:
        """What stands before a resource, and goes after it, although no field of it refers there."""
        return {other for name in self.kinds[key[0]].after for other in by_kind.get(name, ())}

    # -- what goes

    def _backward(self) -> None:
        circle = circles({key: self._held(key) for key in self.going})
        by_kind = _by_kind(self.going)
        for key, decision in self.going.items():
            for other in self._held(key):
                mutual = circle[other] == circle[key] and other not in self.holders.firm[key]
                self._let_go(decision, other, mutual)
            for other in self._after(key, by_kind):
                self._need("delete", other, {key}, ("delete",))
            for kind in self.kinds[key[0]].outlives:
                self._need("delete", key, by_kind.get(kind, ()), ("delete",))
            self._need("delete", key, {key}, ("clear",))
            self._succeed(decision)

    def _held(self, key: Key) -> set[Key]:
        """What a resource that goes refers to, of what goes too."""
        return (self.holders.firm[key] | self.holders.late[key]) & self.going.keys()

    def _let_go(self, decision: Decision, other: Key, mutual: bool) -> None:
        """``other`` goes once this one no longer refers to it; a circle of late references is cleared first."""
        if mutual and node_id("clear", decision.key) not in self.plan.nodes:
            self._node("clear", decision, self.kinds[decision.key[0]].clear(decision.standing))
        self._need("delete", other, {decision.key}, ("clear",) if mutual else ("delete",))

    def _succeed(self, decision: Decision) -> None:
        """The order of what goes and what takes its place, or loses it."""
        key = decision.key
        if decision.verb == "replace" and not self.kinds[key[0]].create_first:
            self._need("create", key, {key}, ("delete",))
            return
        # Who is going too lets go by its own deletion; who stays, by its update.
        staying = {user for user in self.holders.users[key] if user in self.wants and user not in self.going}
        self._need("delete", key, {key}, ("create", "complete"))
        self._need("delete", key, staying, ("update", "complete"))

    def _leftovers(self) -> None:
        """What a replacement left behind goes when all else is done."""
        rest = {node.id for node in self.plan.nodes.values() if node.action in ("create", "update", "complete")}
        for decision in self.plan.decisions:
            if decision.leftover:
                self.plan.nodes[node_id("delete", decision.key, decision.have)].needs |= rest

    # -- what is still being made

    def _half_made(self) -> None:
        """What needs a resource that another run has begun waits for it as for one of its own; nothing else does."""
        users = self._users()
        for decision in [*self.plan.of("keep"), *self.plan.of("change")]:
            if decision.standing.pending:
                self._await(decision, self._making(users[decision.key]))

    def _making(self, keys: Iterable[Key]) -> list[Node]:
        """The steps that make or change these resources."""
        ids = (node_id(action, key) for key in keys for action in ("create", "update", "complete"))
        return [self.plan.nodes[identity] for identity in ids if identity in self.plan.nodes]

    def _await(self, decision: Decision, waiting: Sequence[Node]) -> None:
        if waiting:
            self._node("await", decision, _last_waits(self.kinds[decision.key[0]].create(decision.wanted)))
        for node in waiting:
            node.needs.add(node_id("await", decision.key))

    def _users(self) -> dict[Key, set[Key]]:
        """Who needs a resource to be whole: itself, to be changed, and what refers to it or comes after it."""
        by_kind = _by_kind(self.wants)
        users: dict[Key, set[Key]] = defaultdict(set)
        for key, want in self.wants.items():
            named = {(ref.kind, ref.name) for ref in references(want.written)}
            for other in {key, *named, *self._after(key, by_kind)}:
                users[other].add(key)
        return users


def _last_waits(steps: Iterable[Step]) -> list[Step]:
    """The waits after the last call."""
    return list(itertools.takewhile(lambda step: isinstance(step, Wait), reversed(list(steps))))[::-1]


class Holders:
    """Who refers to whom among what the account holds, by the observed values of declared reference fields."""

    def __init__(self, kinds: Mapping[str, Kind], haves: Sequence[Have]) -> None:
        self.firm: dict[Key, set[Key]] = defaultdict(set)
        self.late: dict[Key, set[Key]] = defaultdict(set)
        self.users: dict[Key, set[Key]] = defaultdict(set)
        owners = {
            (have.kind, attribute, str(value)): have.key
            for have in haves
            for attribute, value in have.attributes.items()
        }
        for have in haves:
            for name, declared in kinds[have.kind].fields.items():
                for target, holds in _observed(declared, have.fields.get(name)):
                    self._note(have.key, owners.get(target), holds, declared.late)

    def _note(self, user: Key, other: Key | None, holds: bool, late: bool) -> None:
        if other is None or other == user:
            return
        self.users[other].add(user)
        if holds:
            (self.late if late else self.firm)[user].add(other)


def _observed(declared: Field, value: Any) -> Iterator[tuple[tuple[str, str, str], bool]]:
    """The (kind, attribute, value) of each reference in an observed field, and whether it holds what it refers to."""
    if value is None:
        return
    if declared.refers:
        yield (declared.refers, declared.attribute, str(value)), declared.holds
    for item in value if declared.type == "list" else ():
        yield from _observed(declared.items or declared, item)
    for name, inner in (declared.fields or {}).items():
        yield from _observed(inner, value.get(name))


def _changes(kind: Kind, decision: Decision, want: Want, have: Have) -> Iterator[tuple[str, Iterable[Step]]]:
    """The update of an existing resource: late fields apart, in their own step."""
    changed = {difference.field for difference in decision.differences} - {"tags"}
    late = {name for name in changed if kind.fields[name].late}
    tags, gone = tag_changes(want, have)
    retagged = kind.retag(have, tags, gone) if (tags or gone) and kind.taggable else ()
    yield "update", [*_update(kind, have, want, changed - late), *retagged]
    yield "complete", _update(kind, have, want, late)


def _update(kind: Kind, have: Have, want: Want, changed: set[str]) -> Iterable[Step]:
    return kind.update(have, want, frozenset(changed)) if changed else ()


def _by_kind(keys: Iterable[Key]) -> dict[str, list[Key]]:
    result: dict[str, list[Key]] = defaultdict(list)
    for key in keys:
        result[key[0]].append(key)
    return result


def bundle(kinds: Mapping[str, Kind], plan: Plan) -> None:
    """Merge the steps of bundled kinds: one call for all that one parent takes at once."""
    groups: dict[tuple[str, bool, str], list[Node]] = defaultdict(list)
    decisions = {decision.key: decision for decision in plan.decisions}
    for node in plan.nodes.values():
        kind = kinds[node.key[0]]
        if kind.bundled:
            deletes = node.action == "delete"
            decision = decisions[node.key]
            parent = str(kind.bundle(decision.standing if deletes else decision.wanted))
            groups[kind.name, deletes, parent].append(node)
    for (name, _deletes, _parent), nodes in groups.items():
        _merge(kinds[name], plan, nodes)


def _merge(kind: Kind, plan: Plan, nodes: list[Node]) -> None:
    first = nodes[0]
    merged = {node.id for node in nodes}
    try:
        first.steps = [kind.merge([call for node in nodes for call in node.calls])]
    except ValueError as error:
        raise Refused([("", str(error))]) from error
    first.members = [node.key for node in nodes]
    first.needs = {need for node in nodes for need in node.needs} - merged
    for node in nodes[1:]:
        del plan.nodes[node.id]
    for other in plan.nodes.values():
        if other.needs & merged and other is not first:
            other.needs = (other.needs - merged) | {first.id}
