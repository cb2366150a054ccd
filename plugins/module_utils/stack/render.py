# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as text for people and as JSON for programs: the same plan, nothing left out that would be done."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Key
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Kind
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Decision, Difference, Node, Plan
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import display

_SIGNS = {"add": "+", "change": "~", "replace": "±", "destroy": "-"}


def summary(plan: Plan) -> str:
    return ", ".join(f"{len(plan.of(verb))} to {verb}" for verb in _SIGNS)


def as_text(plan: Plan, kinds: Mapping[str, Kind], scope: Scope) -> str:
    """The plan as it is printed: one entry a resource, in the order of the documents, then the sums."""
    lines = [f"Stack {scope.stack} in {scope.region}, account {scope.account}"]
    for decision in plan.decisions:
        if decision.verb != "keep":
            lines += ["", *_entry(decision, kinds[decision.key[0]])]
    lines += ["", *_outdated(plan), *_not_considered(plan), *plan.notes, f"Plan: {summary(plan)}.", ""]
    return "\n".join(lines)


def _entry(decision: Decision, kind: Kind) -> Iterator[str]:
    yield f"  {_SIGNS[decision.verb]} {decision.key[0]} {decision.key[1]} ({_identity(decision)})"
    if decision.verb == "add":
        for field, value in decision.wanted.values.items():
            yield f"      {field}: {_short(display(value))}"
    for difference in decision.differences:
        yield from _difference(difference)
    if decision.verb in ("destroy", "replace"):
        yield from (f"      deleted first: {what}" for what in _emptied(decision, kind))
    if decision.verb == "replace":
        order = "the new one first, then the old one goes" if kind.create_first else "the old one goes first"
        yield f"      replaced: {order}" + (f"; down meanwhile: {kind.down}" if kind.down else "")


def _emptied(decision: Decision, kind: Kind) -> Iterator[str]:
    """What is taken out of a resource before it is deleted."""
    for step in kind.delete(decision.standing):
        if isinstance(step, Call) and step.each:
            yield step.each.what


def _identity(decision: Decision) -> str:
    """Its physical name, and its id where that is another."""
    named = (decision.want or decision.standing).physical_name
    identifier = str(decision.have.id) if decision.have else named
    return named if identifier == named else f"{named} {identifier}"


def _difference(difference: Difference) -> Iterator[str]:
    forces = "  (forces replacement)" if difference.change is Change.REPLACE else ""
    before, after = difference.before, difference.after
    if isinstance(before, list) and isinstance(after, list):
        yield f"      {difference.field}:{forces}"
        yield from (f"        - {_short(item)}" for item in before if item not in after)
        yield from (f"        + {_short(item)}" for item in after if item not in before)
    else:
        yield f"      {difference.field}: {_short(before)} → {_short(after)}{forces}"


def _outdated(plan: Plan) -> Iterator[str]:
    for decision in plan.decisions:
        for difference in decision.outdated:
            change = f"{difference.field} {_short(difference.before)} → {_short(difference.after)}"
            yield f"Outdated, left as it is: {decision.key[0]} {decision.key[1]}: {change}"


def _not_considered(plan: Plan) -> Iterator[str]:
    for component, keys in sorted(plan.not_considered.items()):
        names = ", ".join(f"{kind} {name}" for kind, name in list(keys)[:5]) + (", …" if len(keys) > 5 else "")
        whose = f"{len(keys)} of component {component or '(none)'}"
        yield f"Not considered: {whose}, which did not contribute to this run: {names}"


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-ready data. ``steps[].calls`` are exactly the mutating requests that applying sends, in any
    order that ``needs`` allows; one with ``each`` is sent for every page of what that says.
    """
    return {
        "summary": {verb: len(plan.of(verb)) for verb in _SIGNS},
        "resources": [_decision(decision) for decision in plan.decisions if decision.verb != "keep"],
        "steps": [_step(node) for node in plan.nodes.values()],
        "outdated": [
            {"kind": decision.key[0], "name": decision.key[1], "fields": [_changed(one) for one in decision.outdated]}
            for decision in plan.decisions
            if decision.outdated
        ],
        "not_considered": {component: _named(keys) for component, keys in sorted(plan.not_considered.items())},
        "notes": plan.notes,
    }


def _named(keys: Collection[Key]) -> list[dict[str, str]]:
    return [{"kind": kind, "name": name} for kind, name in keys]


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "verb": decision.verb,
        "kind": decision.key[0],
        "name": decision.key[1],
        "component": decision.component,
        "fields": [_changed(difference) for difference in decision.differences],
    }


def _changed(difference: Difference) -> dict[str, Any]:
    return {"field": difference.field, "before": difference.before, "after": difference.after}


def _step(node: Node) -> dict[str, Any]:
    calls = [_call(call) for call in node.calls]
    return {"id": node.id, "action": node.action, "needs": sorted(node.needs), "calls": calls}


def _call(call: Call) -> dict[str, Any]:
    sent = {"service": call.service, "operation": call.operation, "params": display(call.params)}
    return {**sent, "each": call.each.what} if call.each else sent
