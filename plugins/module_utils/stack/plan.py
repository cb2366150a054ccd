# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: wants and haves in, a graph of steps out. Pure: what it gives is what is shown, and what is applied."""

from __future__ import annotations

import dataclasses
import graphlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid, Key, Problem, Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.graph import circles
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Step,
    Want,
    late_references,
    ordering_references,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import GENERATION_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change, Field, comparable
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, display, resolve

PROTECT_TAG = "slipway:protect"


class Refused(Invalid):
    """A plan that must not be applied. ``problems``: (path of the document or nothing, reason with its remedy)."""


@dataclass(frozen=True)
class Difference:
    field: str
    before: Any
    after: Any
    change: Change


@dataclass
class Node:
    """One step of the plan for one resource (or several, bundled): its calls, and the nodes that come before it."""

    id: str
    action: str
    """``create``, ``complete``, ``update``, ``clear`` or ``delete``."""
    key: Key
    steps: list[Step]
    needs: set[str] = field(default_factory=set)
    members: list[Key] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        return [step for step in self.steps if isinstance(step, Call)]


@dataclass
class Decision:
    """What becomes of one resource: ``add``, ``change``, ``replace``, ``destroy`` or ``keep``."""

    verb: str
    key: Key
    want: Want | None = None
    have: Have | None = None
    differences: list[Difference] = field(default_factory=list)
    outdated: list[Difference] = field(default_factory=list)
    leftover: bool = False
    """A predecessor that a replacement left behind."""

    @property
    def wanted(self) -> Want:
        """The want of a decision that has one: all but `destroy`."""
        if self.want is None:
            raise ValueError(f"{self.verb} {self.key} has no want")
        return self.want

    @property
    def standing(self) -> Have:
        """The have of a decision that has one: all but `add`."""
        if self.have is None:
            raise ValueError(f"{self.verb} {self.key} has no have")
        return self.have

    @property
    def component(self) -> str:
        return self.want.component if self.want else self.standing.component


@dataclass
class Plan:
    decisions: list[Decision]
    nodes: dict[str, Node]
    known: dict[Key, dict[str, Any]]
    """Attributes of what exists and stays."""
    not_considered: dict[str, list[Key]]
    """Component → its resources in the account that this run leaves alone, because the component did not contribute."""
    notes: list[str] = field(default_factory=list)
    """Quotas and other things worth knowing before applying."""

    @property
    def changed(self) -> bool:
        return bool(self.nodes)

    def of(self, verb: str) -> list[Decision]:
        return [decision for decision in self.decisions if decision.verb == verb]


@dataclass(frozen=True)
class Aim:
    """What a run is asked to reach."""

    absent: bool = False
    prune: bool = True
    unprotect: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    """Components that contribute nothing and are to be pruned all the same."""


def make_plan(kinds: Mapping[str, Kind], wants: Wants, haves: Collection[Have], aim: Aim) -> Plan:
    """Decide on every resource, then order the calls. Raises ``Refused`` with every reason at once."""
    planner = _Planner(kinds, wants, haves, aim)
    planner.decide()
    planner.refuse()
    planner.order()
    return planner.plan


class _Planner:
    def __init__(self, kinds: Mapping[str, Kind], wants: Wants, haves: Collection[Have], aim: Aim) -> None:
        self.kinds = kinds
        self.wants = {} if aim.absent else wants
        self.documents = wants
        self.aim = aim
        self.current, self.leftovers = _match(wants, haves)
        self.plan = Plan([], {}, {}, defaultdict(list))
        self.resolved: dict[Key, Want] = {}

    # -- what becomes of each resource

    def decide(self) -> None:
        order = graphlib.TopologicalSorter(
            {key: ordering_references(self.kinds[key[0]], want.values) for key, want in self.wants.items()}
        )
        decisions = {key: self._decide(self.wants[key]) for key in order.static_order()}
        # Late references may point forward: they are compared once it is known what stays.
        for key, decision in decisions.items():
            self._decide_late(key, decision)
        self.plan.decisions = [decisions[key] for key in self.wants]
        self._decide_unwanted()

    def _decide(self, want: Want) -> Decision:
        kind, have = self.kinds[want.kind], self.current.get(want.key)
        want = dataclasses.replace(want, values=self._resolve_fields(kind, want, late=False))
        if have is None:
            return self._settle(Decision("add", want.key, self._stamped(want)))
        differences = compare(kind, want, have, late=False)
        outdated = [difference for difference in differences if difference.change is Change.CREATE_ONLY]
        acting = [difference for difference in differences if difference.change is not Change.CREATE_ONLY]
        replace = any(difference.change is Change.REPLACE for difference in acting)
        if replace and kind.create_first:
            want = dataclasses.replace(want, generation=have.generation + 1)
        verb = "replace" if replace else "change" if acting else "keep"
        return self._settle(Decision(verb, want.key, self._stamped(want), have, acting, outdated))

    def _settle(self, decision: Decision) -> Decision:
        if decision.verb in ("keep", "change"):
            self.plan.known[decision.key] = decision.standing.attributes
        return decision

    def _decide_late(self, key: Key, decision: Decision) -> None:
        kind, want = self.kinds[key[0]], decision.wanted
        want.values.update(self._resolve_fields(kind, self.wants[key], late=True))
        if decision.have is None or decision.verb == "replace":
            return
        decision.differences += compare(kind, want, decision.have, late=True)
        if kind.taggable:
            decision.differences += _tag_differences(want, decision.have)
        if decision.differences:
            decision.verb = "change"

    def _resolve_fields(self, kind: Kind, want: Want, late: bool) -> dict[str, Any]:
        return {
            name: resolve(value, self._lookup) for name, value in want.values.items() if kind.fields[name].late is late
        }

    def _lookup(self, ref: Ref | Own) -> Any:
        if isinstance(ref, Ref):
            return self.plan.known.get((ref.kind, ref.name), {}).get(ref.attribute, ref)
        return ref

    def _stamped(self, want: Want) -> Want:
        tags = dict(want.tags)
        if want.generation > 1:
            tags[GENERATION_TAG] = str(want.generation)
        if want.protect and not self.kinds[want.kind].protected:
            tags[PROTECT_TAG] = "true"
        return dataclasses.replace(want, tags=tags)

    def _decide_unwanted(self) -> None:
        unwanted = [have for key, have in self.current.items() if key not in self.wants and not have.foreign]
        considered = {want.component for want in self.documents.values()} | self.aim.removed
        if {have.component for have in unwanted} - {""} <= considered:
            # What cannot carry a tag (a record of our zone) goes only when no component is away.
            considered.add("")
        for have in unwanted:
            if self.aim.absent or (self.aim.prune and have.component in considered):
                self.plan.decisions.append(Decision("destroy", have.key, have=have))
            else:
                self.plan.not_considered[have.component].append(have.key)
        for have in self.leftovers:
            self.plan.decisions.append(Decision("destroy", have.key, have=have, leftover=True))

    # -- what must not happen

    def refuse(self) -> None:
        problems = [*self._duplicates(), *self._foreign(), *self._protected()]
        if problems:
            raise Refused(problems)

    def _path(self, key: Key) -> str:
        return self.documents[key].path if key in self.documents else ""

    def _duplicates(self) -> Iterable[Problem]:
        for have in self.leftovers:
            twin = self.current[have.key]
            if have.generation == twin.generation and have.physical_name == twin.physical_name:
                message = f"{have.kind} {have.name} exists twice, as {twin.id} and {have.id}"
                yield self._path(have.key), f"{message}; delete the one that is not in use, then run again"

    def _foreign(self) -> Iterable[Problem]:
        for want in self.wants.values():
            have = self.current.get(want.key)
            if have is not None and have.foreign and not want.adopt:
                owner = have.tags.get("slipway:stack")
                whose = f"belongs to the stack {owner}" if owner else "exists already and does not carry our tags"
                remedy = "choose another name, or say `adopt: true` in the document to take it over"
                yield want.path, f"{want.kind} {want.physical_name} {whose}; {remedy}"

    def _protected(self) -> Iterable[Problem]:
        for decision in self.plan.decisions:
            have = decision.have
            if decision.verb not in ("replace", "destroy") or have is None or decision.leftover:
                continue
            document = self.documents.get(decision.key)
            by_tag = have.tags.get(PROTECT_TAG) == "true" or self.kinds[have.kind].protected
            protected = document.protect if document else by_tag
            name = f"{have.kind}.{have.name}"
            if protected and name not in self.aim.unprotect:
                replacing = [one.field for one in decision.differences if one.change is Change.REPLACE]
                why = f"a change of {', '.join(replacing)} would replace it" if replacing else "it would be destroyed"
                yield (
                    self._path(have.key),
                    f"{name} is protected and {why}; add {name} to `unprotect` if its data may go",
                )

    # -- in which order

    def order(self) -> None:
        for decision in self.plan.decisions:
            self._nodes(decision)
        self._order_forward()
        self._order_backward()
        bundle(self.kinds, self.plan)
        _drop_unknown_needs(self.plan.nodes)
        try:
            graphlib.TopologicalSorter({node.id: node.needs for node in self.plan.nodes.values()}).prepare()
        except graphlib.CycleError as error:
            raise Refused([("", f"the steps wait for each other in a circle: {' → '.join(error.args[1])}")]) from error

    def _nodes(self, decision: Decision) -> None:
        kind, want, have = self.kinds[decision.key[0]], decision.want, decision.have
        if decision.verb in ("destroy", "replace") and have is not None:
            self._node("delete", decision.key, kind.delete(have), have)
        if decision.verb in ("add", "replace") and want is not None:
            self._node("create", decision.key, kind.create(want))
            self._node("complete", decision.key, kind.complete(want))
        if decision.verb == "change" and want is not None and have is not None:
            changed = {difference.field for difference in decision.differences} - {"tags"}
            late = {name for name in changed if kind.fields[name].late}
            tags = {key: value for key, value in want.tags.items() if have.tags.get(key) != value}
            retagged = list(kind.retag(have, tags, ())) if tags and kind.taggable else []
            self._node("update", decision.key, [*_update(kind, have, want, changed - late), *retagged])
            self._node("complete", decision.key, _update(kind, have, want, late))

    def _node(self, action: str, key: Key, steps: Iterable[Step], have: Have | None = None) -> None:
        steps = [_resolve_step(step, self._lookup) for step in steps]
        if steps:
            identity = node_id(action, key, have if have in self.leftovers else None)
            self.plan.nodes[identity] = Node(identity, action, key, steps, members=[key])

    def _order_forward(self) -> None:
        wants = self.wants
        by_kind = _by_kind(wants)
        everything = {
            key: ordering_references(self.kinds[key[0]], want.values)
            | late_references(self.kinds[key[0]], want.values)
            | {other for name in self.kinds[key[0]].after for other in by_kind.get(name, ())}
            for key, want in wants.items()
        }
        circle = circles(everything)
        for key, want in wants.items():
            kind = self.kinds[key[0]]
            hard = ordering_references(kind, want.values)
            soft = (hard | {other for name in kind.after for other in by_kind.get(name, ())}) - {
                other for other in everything[key] if circle[other] == circle[key]
            }
            for action in ("create", "update"):
                self._need(action, key, hard, ("create", "update"))
                self._need(action, key, soft, ("create", "update", "complete"))
            late = late_references(kind, want.values)
            self._need("complete", key, {key}, ("create", "update"))
            self._need("complete", key, late, ("create",))

    def _need(self, action: str, key: Key, others: Collection[Key], actions: Sequence[str]) -> None:
        node = self.plan.nodes.get(node_id(action, key))
        if node is not None:
            node.needs |= {
                node_id(each, other) for other in others for each in actions if (each, other) != (action, key)
            }

    def _order_backward(self) -> None:
        """Deletions run from what refers to what is referred to; a circle of late references is cleared first."""
        going = {
            decision.key: decision
            for decision in self.plan.decisions
            if decision.verb in ("destroy", "replace") and not decision.leftover
        }
        holders = Holders(self.kinds, list(self.current.values()))
        circle = circles({key: holders.held(key, late=None) & going.keys() for key in going})
        for key in going:
            firm = holders.held(key, late=False)
            for other in holders.held(key, late=None) & going.keys():
                mutual = circle[other] == circle[key] and other not in firm
                if mutual:
                    self._clear(key)
                self._need("delete", other, {key}, ("clear",) if mutual else ("delete",))
            self._need("delete", key, {key}, ("clear",))
            # Who is going too lets go by its own deletion; who stays, by its update.
            staying = {user for user in holders.users(key) if user in self.wants and user not in going}
            self._order_replacement(going[key], staying)
        self._order_leftovers()
        self._order_after(going)

    def _clear(self, key: Key) -> None:
        if node_id("clear", key) not in self.plan.nodes:
            self._node("clear", key, self.kinds[key[0]].clear(self.current[key]))

    def _order_replacement(self, decision: Decision, users: Collection[Key]) -> None:
        key, kind = decision.key, self.kinds[decision.key[0]]
        if decision.verb == "replace" and not kind.create_first:
            self._need("create", key, {key}, ("delete",))
            return
        self._need("delete", key, {key}, ("create", "complete"))
        self._need("delete", key, users, ("update", "complete"))

    def _order_leftovers(self) -> None:
        for have in self.leftovers:
            node = self.plan.nodes[node_id("delete", have.key, have)]
            node.needs |= {
                other.id for other in self.plan.nodes.values() if other.action in ("create", "update", "complete")
            }

    def _order_after(self, going: Mapping[Key, Decision]) -> None:
        by_kind = _by_kind(going)
        for key in going:
            for name in self.kinds[key[0]].after:
                for other in by_kind.get(name, ()):
                    self._need("delete", other, {key}, ("delete",))


class Holders:
    """Who refers to whom among what the account holds, by the observed values of declared reference fields."""

    def __init__(self, kinds: Mapping[str, Kind], haves: Sequence[Have]) -> None:
        owner: dict[tuple[str, str, str], Key] = {
            (have.kind, attribute, str(value)): have.key
            for have in haves
            for attribute, value in have.attributes.items()
        }
        self._held: dict[bool, dict[Key, set[Key]]] = {True: defaultdict(set), False: defaultdict(set)}
        self._users: dict[Key, set[Key]] = defaultdict(set)
        for have in haves:
            for name, declared in kinds[have.kind].fields.items():
                for target in _observed_references(declared, have.fields.get(name)):
                    key = owner.get(target)
                    if key is not None and key != have.key:
                        self._held[declared.late][have.key].add(key)
                        self._users[key].add(have.key)

    def held(self, key: Key, late: bool | None) -> set[Key]:
        """What ``key`` refers to: by late fields, by the others, or (None) by any."""
        if late is None:
            return self._held[True][key] | self._held[False][key]
        return self._held[late][key]

    def users(self, key: Key) -> set[Key]:
        return self._users[key]


def node_id(action: str, key: Key, leftover: Have | None = None) -> str:
    return f"{action} {key[0]}.{key[1]}" + (f" {leftover.id}" if leftover else "")


def compare(kind: Kind, want: Want, have: Have, late: bool) -> list[Difference]:
    """The declared, readable fields in which the two differ, both sides in their normal form."""
    differences = []
    for name, value in want.values.items():
        declared = kind.fields[name]
        if declared.late is not late or name not in have.fields:
            continue
        before, after = comparable(have.fields[name], declared), comparable(value, declared)
        if before != after:
            differences.append(Difference(name, display(before), display(after), declared.change))
    return differences


def _tag_differences(want: Want, have: Have) -> list[Difference]:
    before = {key: have.tags.get(key) for key in want.tags if have.tags.get(key) != want.tags[key]}
    after = {key: want.tags[key] for key in before}
    return [Difference("tags", before, after, Change.MUTABLE)] if before else []


def _match(wants: Wants, haves: Collection[Have]) -> tuple[dict[Key, Have], list[Have]]:
    """The resource that stands for each key, and those that a replacement left behind."""
    groups: dict[Key, list[Have]] = defaultdict(list)
    for have in haves:
        groups[have.key].append(have)
    current, leftovers = {}, []
    for key, group in groups.items():
        want = wants.get(key)
        group.sort(key=lambda have: (want is not None and have.physical_name == want.physical_name, have.generation))
        current[key] = group[-1]
        leftovers += group[:-1]
    return current, leftovers


def _observed_references(declared: Field, value: Any) -> Iterable[tuple[str, str, str]]:
    if value is None:
        return
    if declared.refers:
        yield declared.refers, declared.attribute, str(value)
    elif declared.type == "list" and declared.items is not None:
        for item in value:
            yield from _observed_references(declared.items, item)
    elif declared.type == "object" and declared.fields is not None:
        for name, inner in declared.fields.items():
            yield from _observed_references(inner, value.get(name))


def _update(kind: Kind, have: Have, want: Want, changed: set[str]) -> Iterable[Step]:
    return kind.update(have, want, frozenset(changed)) if changed else ()


def _resolve_step(step: Step, lookup: Any) -> Step:
    return dataclasses.replace(step, params=resolve(step.params, lookup))


def _by_kind(keys: Iterable[Key]) -> dict[str, list[Key]]:
    result: dict[str, list[Key]] = defaultdict(list)
    for key in keys:
        result[key[0]].append(key)
    return result


def bundle(kinds: Mapping[str, Kind], plan: Plan) -> None:
    """Merge the steps of bundled kinds: one call for all that one parent takes at once."""
    groups: dict[tuple[str, bool, str], list[Node]] = defaultdict(list)
    subjects = {decision.key: decision for decision in plan.decisions}
    for node in plan.nodes.values():
        if kinds[node.key[0]].bundled:
            decision = subjects[node.key]
            subject = decision.standing if node.action == "delete" else decision.wanted
            parent = str(kinds[node.key[0]].bundle(subject))
            groups[node.key[0], node.action == "delete", parent].append(node)
    for (kind, _deletes, _parent), nodes in groups.items():
        _merge(kinds[kind], plan, nodes)


def _merge(kind: Kind, plan: Plan, nodes: list[Node]) -> None:
    first = nodes[0]
    merged = {node.id for node in nodes}
    first.steps = [kind.merge([call for node in nodes for call in node.calls])]
    first.members = [node.key for node in nodes]
    first.needs = {need for node in nodes for need in node.needs} - merged
    for node in nodes[1:]:
        del plan.nodes[node.id]
    for other in plan.nodes.values():
        if other.needs & merged and other is not first:
            other.needs = (other.needs - merged) | {first.id}


def _drop_unknown_needs(nodes: Mapping[str, Node]) -> None:
    for node in nodes.values():
        node.needs &= nodes.keys() - {node.id}
