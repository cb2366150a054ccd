# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each resource: wants against haves, field by field. Pure."""

from __future__ import annotations

import dataclasses
import graphlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Key, Problem, Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Have, Kind, Want, ordering_references
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import GENERATION_TAG, USER_TAGS_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import (
    Aim,
    Decision,
    Difference,
    Plan,
    Refused,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change, comparable
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, display, resolve

PROTECT_TAG = "slipway:protect"


class Decider:
    """Decides once; ``current`` and ``leftovers`` (of replacements that were cut short) are the account's side."""

    def __init__(self, kinds: Mapping[str, Kind], documents: Wants, haves: Collection[Have], aim: Aim) -> None:
        self.kinds = kinds
        self.documents = documents
        self.wants = {} if aim.absent else documents
        self.aim = aim
        self.leaving = {have.key for have in haves if have.leaving}
        self.current, self.leftovers = match(documents, [have for have in haves if not have.leaving])
        self.known: dict[Key, dict[str, Any]] = {}
        self.not_considered: dict[str, list[Key]] = defaultdict(list)

    def decide(self, look: bool) -> Plan:
        """The plan without its steps. Raises ``Refused`` with every reason at once."""
        references = {key: ordering_references(self.kinds[key[0]], want.values) for key, want in self.wants.items()}
        decisions = {key: self._wanted(key) for key in graphlib.TopologicalSorter(references).static_order()}
        # Late references may point forward: they are compared once it is known what stays.
        for decision in decisions.values():
            self._late(decision)
        every = [*(decisions[key] for key in self.wants), *self._unwanted()]
        protected = [decision for decision in every if self._protects(decision)]
        kept = list(self._kept(protected))
        problems = [*([] if look else kept), *self._duplicates(), *self._foreign(), *self._impossible(every)]
        if problems:
            raise Refused(problems, [".".join(decision.key) for decision in protected])
        return Plan(every, self.known, self.not_considered, notes=[f"Would be refused: {why}" for _path, why in kept])

    def lookup(self, ref: Ref | Own) -> Any:
        """The attribute of what exists and stays; the reference itself where that is not known yet."""
        return self.known.get((ref.kind, ref.name), {}).get(ref.attribute, ref) if isinstance(ref, Ref) else ref

    def _wanted(self, key: Key) -> Decision:
        want, kind, have = self.wants[key], self.kinds[key[0]], self.current.get(key)
        want = dataclasses.replace(want, values=self._resolved(want, late=False), leaving=key in self.leaving)
        if have is None:
            return Decision("add", key, self._stamped(want))
        differences = compare(kind, want, have, late=False)
        outdated = [one for one in differences if one.change is Change.CREATE_ONLY]
        acting = [one for one in differences if one.change is not Change.CREATE_ONLY]
        if any(one.change is Change.REPLACE for one in acting):
            generation = have.generation + 1 if kind.create_first else 1
            want = dataclasses.replace(want, generation=generation)
            return Decision("replace", key, self._stamped(want), have, acting, outdated)
        self.known[key] = have.attributes
        return Decision("change" if acting else "keep", key, self._stamped(want), have, acting, outdated)

    def _late(self, decision: Decision) -> None:
        want, kind, have = decision.wanted, self.kinds[decision.key[0]], decision.have
        want.values.update(self._resolved(self.wants[decision.key], late=True))
        if have is None or decision.verb == "replace":
            return
        decision.differences += compare(kind, want, have, late=True)
        if kind.taggable:
            decision.differences += _tag_differences(want, have)
        if decision.differences:
            decision.verb = "change"

    def _resolved(self, want: Want, late: bool) -> dict[str, Any]:
        fields = self.kinds[want.kind].fields
        return {name: resolve(value, self.lookup) for name, value in want.values.items() if fields[name].late is late}

    def _stamped(self, want: Want) -> Want:
        tags = dict(want.tags)
        if want.generation > 1:
            tags[GENERATION_TAG] = str(want.generation)
        if want.protect and not self.kinds[want.kind].protected:
            tags[PROTECT_TAG] = "true"
        return dataclasses.replace(want, tags=tags)

    def _unwanted(self) -> Iterator[Decision]:
        unwanted = [have for key, have in self.current.items() if key not in self.wants and not have.foreign]
        considered = self._considered(unwanted)
        for have in unwanted:
            if self.aim.absent or have.component in considered:
                yield Decision("destroy", have.key, have=have)
            else:
                self.not_considered[have.component].append(have.key)
        for have in self.leftovers:
            yield Decision("destroy", have.key, have=have, leftover=True)

    def _considered(self, unwanted: Collection[Have]) -> set[str]:
        """The components whose undeclared resources go."""
        if not self.aim.prune:
            return set()
        considered = {want.component for want in self.documents.values()} | self.aim.removed
        # What cannot carry a tag goes only when no component is away.
        whole = {have.component for have in unwanted} - {""} <= considered
        return considered | {""} if whole else considered

    # -- what must not happen

    def _path(self, key: Key) -> str:
        return self.documents[key].path if key in self.documents else ""

    def _duplicates(self) -> Iterator[Problem]:
        for have in self.leftovers:
            twin = self.current[have.key]
            if (have.generation, have.physical_name) == (twin.generation, twin.physical_name):
                message = f"{have.kind} {have.name} exists twice, as {twin.id} and {have.id}"
                yield self._path(have.key), f"{message}; delete the one that is not in use, then run again"

    def _foreign(self) -> Iterator[Problem]:
        for want in self.wants.values():
            have = self.current.get(want.key)
            if have is not None and have.foreign and not want.adopt:
                owner = have.tags.get("slipway:stack")
                whose = f"belongs to the stack {owner}" if owner else "exists already and does not carry our tags"
                remedy = "choose another name, or say `adopt: true` in the document to take it over"
                yield want.path, f"{want.kind} {want.physical_name} {whose}; {remedy}"

    def _kept(self, protected: Collection[Decision]) -> Iterator[Problem]:
        for decision in protected:
            if decision.verb == "replace":
                name = ".".join(decision.key)
                fields = ", ".join(one.field for one in decision.differences if one.change is Change.REPLACE)
                message = f"{name} is protected and a change of {fields} would replace it"
                yield self._path(decision.key), f"{message}; add {name} to `unprotect` if its data may go"
        destroyed = [".".join(decision.key) for decision in protected if decision.verb == "destroy"]
        if destroyed:
            message = f"protected and would be destroyed: {', '.join(destroyed)}"
            yield "", f"{message}; add to `unprotect` those whose data may go"

    def _impossible(self, decisions: Collection[Decision]) -> Iterator[Problem]:
        for decision in decisions:
            if decision.verb == "change":
                kind = self.kinds[decision.key[0]]
                for message in kind.forbid(decision.standing, decision.wanted):
                    yield self._path(decision.key), message

    def _protects(self, decision: Decision) -> bool:
        """Whether a decision would delete what is protected and not named."""
        if not decision.goes or ".".join(decision.key) in self.aim.unprotect:
            return False
        document, kind, have = self.documents.get(decision.key), self.kinds[decision.key[0]], decision.standing
        if kind.lock and have.fields.get(kind.lock):
            return True
        if document is not None:
            return document.protect
        return have.tags.get(PROTECT_TAG) == "true" or kind.protected


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


def tag_changes(want: Want, have: Have) -> tuple[dict[str, str], list[str]]:
    """The tags to set, and those to drop: ours, and the user's that the resource says we gave it. Others' stay."""
    given = {USER_TAGS_TAG, PROTECT_TAG, *have.tags.get(USER_TAGS_TAG, "").split()}
    gone = sorted(key for key in given if key in have.tags and key not in want.tags)
    return {key: value for key, value in want.tags.items() if have.tags.get(key) != value}, gone


def _tag_differences(want: Want, have: Have) -> list[Difference]:
    tags, gone = tag_changes(want, have)
    keys = [*tags, *gone]
    before, after = ({key: side.tags.get(key) for key in keys} for side in (have, want))
    return [Difference("tags", before, after, Change.MUTABLE)] if keys else []


def match(wants: Wants, haves: Collection[Have]) -> tuple[dict[Key, Have], list[Have]]:
    """The resource that stands for each key, and those that a replacement left behind."""
    groups: dict[Key, list[Have]] = defaultdict(list)
    for have in haves:
        groups[have.key].append(have)
    current, leftovers = {}, []
    for key, group in groups.items():
        name = wants[key].physical_name if key in wants else ""
        group.sort(key=lambda have: (have.physical_name == name, have.generation))
        current[key] = group[-1]
        leftovers += group[:-1]
    return current, leftovers
