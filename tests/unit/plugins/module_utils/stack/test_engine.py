# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as a whole, on the toy cloud: invariants first, then what a run promises when things go wrong."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from ansible_collections.slipway.platform.plugins.module_utils.stack import journal, render
from ansible_collections.slipway.platform.plugins.module_utils.stack.engine import Job, Result, run
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim, Refused
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import NOT_YET
from tests.unit.plugins.module_utils.stack.toy import SCOPE, Cloud, Killed, Toy

Documents = list[dict[str, Any]]


def go(cloud: Cloud, documents: Documents, **options: Any) -> Result:
    aim = Aim(options.pop("absent", False), options.pop("prune", True), frozenset(options.pop("unprotect", ())))
    job = Job(SCOPE, documents, aim, options.pop("check", False), options.pop("horizon", 0.0))
    return run(job, Toy(cloud), options.pop("stop", threading.Event()), options.pop("listen", lambda event: None))


def box(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "box", "name": name, **fields}


@st.composite
def stacks(draw: st.DrawFn) -> Documents:
    """Boxes on boxes, with friends in any direction, lids and crates."""
    count = draw(st.integers(0, 6))
    names = [f"b{index}" for index in range(count)]
    lids = [f"l{index}" for index in range(draw(st.integers(0, 2)))]
    documents: Documents = []
    for index, name in enumerate(names):
        document = box(name, size=draw(st.integers(1, 2)))
        if index and draw(st.booleans()):
            document["parent"] = draw(st.sampled_from(names[:index]))
        if draw(st.booleans()) and lids:
            document["lid"] = draw(st.sampled_from(lids))
        if draw(st.booleans()):
            document["port"] = 100 * (index + 1) + draw(st.integers(0, 1))
        others = [other for other in names if other != name]
        document["friends"] = draw(st.lists(st.sampled_from(others), unique=True)) if others else []
        documents.append(document)
    documents += [{"type": "lid", "name": name, "shape": draw(st.sampled_from(["round", "square"]))} for name in lids]
    if draw(st.booleans()) and names:
        documents.append({"type": "crate", "name": "c", "box": draw(st.sampled_from(names))})
    return documents


@given(stacks())
def test_after_apply_the_plan_is_empty(documents: Documents) -> None:
    cloud = Cloud()
    go(cloud, documents)
    assert not go(cloud, documents).plan.changed


@given(stacks())
def test_a_plan_mutates_nothing_and_names_every_call(documents: Documents) -> None:
    cloud = Cloud()
    plan = go(cloud, documents, check=True).plan
    assert cloud.calls == []
    applied = go(cloud, documents).plan
    planned = [(call["operation"], call["params"]) for step in render.as_data(plan)["steps"] for call in step["calls"]]
    sent = list(cloud.calls)
    for call in planned:
        sent.remove(next(other for other in sent if agrees(call, other)))
    assert sent == []
    assert render.as_data(applied) == render.as_data(plan)


def agrees(planned: Any, sent: Any) -> bool:
    """Whether a request is the planned one, whatever was not known yet."""
    if isinstance(planned, str) and NOT_YET in planned:
        return True
    if isinstance(planned, dict):
        # The client token is given when the call is sent.
        return planned.keys() == sent.keys() - {"token"} and all(agrees(planned[key], sent[key]) for key in planned)
    if isinstance(planned, list | tuple):
        return len(planned) == len(sent) and all(map(agrees, planned, sent))
    return bool(planned == sent)


@given(stacks(), stacks())
def test_applying_one_after_another_equals_applying_the_last(first: Documents, second: Documents) -> None:
    # A document that is no longer there is pruned only where its component still contributes.
    second = [*second, box("anchor")]
    both, fresh = Cloud(), Cloud()
    go(both, first)
    try:
        planned = go(both, second, check=True)
    except Refused:
        # What stays cannot let go of one box before another, which it holds too, is replaced: refused, nothing touched.
        reject()
    assume(not held_by_what_stays(planned, first))
    result = go(both, second)
    assert result.outcome is None or result.outcome.complete, result.outcome
    go(fresh, second)
    assert both.state() == fresh.state()


def held_by_what_stays(result: Result, documents: Documents) -> bool:
    """Whether a box must go before its successor comes, while something that stays holds it: refused to anyone."""
    replaced = {decision.key[1] for decision in result.plan.of("replace") if decision.key[0] == "box"}
    staying = {decision.key for verb in ("keep", "change") for decision in result.plan.of(verb)}
    return any(
        replaced & {*document.get("friends", []), document.get("box")}
        for document in documents
        if (document["type"], document["name"]) in staying
    )


@given(stacks())
def test_destroy_leaves_nothing(documents: Documents) -> None:
    cloud = Cloud()
    go(cloud, documents)
    go(cloud, [], absent=True)
    assert cloud.state() == []


@given(stacks(), st.randoms())
def test_the_order_of_documents_says_nothing(documents: Documents, random: Any) -> None:
    one, other = Cloud(), Cloud()
    go(one, documents)
    shuffled = list(documents)
    random.shuffle(shuffled)
    go(other, shuffled)
    assert one.state() == other.state()


@given(stacks(), st.integers(1, 25), st.integers(0, 2))
def test_killed_anywhere_the_next_run_ends_exact(documents: Documents, call: int, hidden: int) -> None:
    cloud, expected = Cloud(), Cloud()
    go(expected, documents)
    cloud.die_at, cloud.hidden_reads = call, hidden
    die(cloud, documents)
    cloud.die_at = None
    go(cloud, documents, horizon=0.1)
    assert cloud.state() == expected.state()
    cloud.show()
    assert not go(cloud, documents).plan.changed


def die(cloud: Cloud, documents: Documents) -> None:
    """A run that ends without a word: its lease is neither renewed nor given back."""
    before = cloud.journal.get(SCOPE.stack)
    original = Toy.swap

    def only_take(self: Toy, stack: str, entry: journal.Entry, seen: journal.Entry | None) -> bool:
        return seen == before and original(self, stack, entry, seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Toy, "swap", only_take)
        patch.setattr(journal, "_owner", lambda: "/".join([*journal._here(), "1", "never"]))
        go(cloud, documents)


def test_only_the_changed_field_is_in_the_calls() -> None:
    cloud = Cloud()
    go(cloud, [box("a"), box("b", size=1)])
    cloud.calls.clear()
    go(cloud, [box("a"), box("b", size=2)])
    assert [params["fields"] for _operation, params in cloud.calls] == [{"size": 2}]


def test_a_create_only_field_is_reported_and_left() -> None:
    cloud = Cloud()
    go(cloud, [box("a", paint="red")])
    cloud.calls.clear()
    result = go(cloud, [box("a", paint="blue")])
    assert cloud.calls == []
    assert render.as_data(result.plan)["outdated"] == [
        {"kind": "box", "name": "a", "fields": [{"field": "paint", "before": "red", "after": "blue"}]}
    ]


def test_prune_looks_at_contributing_components_only() -> None:
    cloud = Cloud()
    go(cloud, [box("a", component="one"), box("b", component="one"), box("c", component="two")])
    result = go(cloud, [box("a", component="one")])
    assert [name for _kind, name, _fields in cloud.state()] == ["a", "c"]
    assert result.plan.not_considered == {"two": [("box", "c")]}


def test_protected_is_refused_before_anything_is_touched_unless_named() -> None:
    cloud = Cloud()
    go(cloud, [box("a", port=1, protect=True), box("b")])
    cloud.calls.clear()
    with pytest.raises(Refused, match=r"box\.a is protected and a change of port would replace it"):
        go(cloud, [box("a", port=2, protect=True), box("b", size=2)])
    with pytest.raises(Refused, match=r"would be destroyed: box\.a;"):
        go(cloud, [], absent=True)
    looked = go(cloud, [], absent=True, check=True).plan
    assert (len(looked.of("destroy")), looked.notes) == (
        2,
        ["Would be refused: protected and would be destroyed: box.a; add to `unprotect` those whose data may go"],
    )
    assert cloud.calls == []
    go(cloud, [], absent=True, unprotect={"box.a"})
    assert cloud.state() == []


def test_what_is_protected_no_more_may_go() -> None:
    cloud = Cloud()
    go(cloud, [box("a", protect=True), box("b")])
    assert go(cloud, [box("a"), box("b")]).plan.changed
    go(cloud, [box("b")])
    assert [row["tags"]["slipway:name"] for row in cloud.rows.values()] == ["b"]


def test_a_failure_stops_its_dependents_only() -> None:
    cloud = Cloud()
    cloud.refuse = lambda operation, params: "Broken" if params["tags"]["Name"].endswith("bad") else ""
    outcome = go(cloud, [box("bad"), box("above", parent="bad"), box("beside")]).outcome
    assert outcome is not None
    assert outcome.done == ["create box.beside"]
    assert list(outcome.failed) == ["create box.bad"]
    assert outcome.not_started == ["create box.above"]


def test_a_file_that_a_call_was_to_carry_is_told_in_a_line() -> None:
    def read(operation: str, params: dict[str, Any]) -> str:
        return Path("/nowhere/key.pem").read_text() if operation == "Create" else ""

    cloud = Cloud()
    cloud.refuse = read
    outcome = go(cloud, [box("a")]).outcome
    assert outcome is not None
    assert outcome.failed == {"create box.a": "[Errno 2] No such file or directory: '/nowhere/key.pem'"}


def test_a_second_run_is_told_who_holds_the_stack() -> None:
    cloud = Cloud()
    now = time.time()
    cloud.journal[SCOPE.stack] = journal.Entry("0" * 32, "elsewhere/1/2/3/4", now + 60, now, finished=False)
    with pytest.raises(journal.Held, match="elsewhere/1/2/3/4"):
        go(cloud, [box("a")])
    assert cloud.calls == []


def test_a_plan_without_changes_takes_no_lease() -> None:
    cloud = Cloud()
    go(cloud, [box("a")])
    cloud.journal.clear()
    go(cloud, [box("a")])
    go(cloud, [box("a"), box("b")], check=True)
    assert cloud.journal == {}


def test_stopping_starts_nothing_new_and_says_what_is_left() -> None:
    cloud, stop = Cloud(), threading.Event()
    outcome = go(cloud, [box("a"), box("b", parent="a")], stop=stop, listen=lambda event: stop.set()).outcome
    assert outcome is not None
    assert (outcome.done, outcome.not_started) == (["create box.a"], ["create box.b"])


def test_after_a_stopped_run_the_next_says_so_and_does_not_wait_for_what_was_never_begun() -> None:
    cloud, stop = Cloud(), threading.Event()
    documents = [box("a"), box("b", parent="a")]
    go(cloud, documents, stop=stop, listen=lambda event: stop.set())
    events: list[dict[str, Any]] = []
    result = go(cloud, documents, listen=events.append, horizon=3600)
    assert result.outcome is not None
    assert result.outcome.complete
    assert "did not end: 1 steps done, 1 not started" in events[0]["text"]


def half_made() -> Cloud:
    """Box a, made by a run that died before it was ready."""
    cloud = Cloud()
    cloud.die_at, cloud.pending_looks = 1, 2
    with pytest.raises(Killed):
        go(cloud, [box("a")])
    cloud.die_at, cloud.pending_looks = None, 0
    cloud.calls.clear()
    cloud.journal.clear()
    return cloud


LOCKED = {"type": "crate", "name": "c", "box": "a", "key": "a"}


def test_what_needs_a_half_made_resource_waits_for_it() -> None:
    cloud = half_made()
    result = go(cloud, [box("a"), LOCKED])
    assert result.outcome is not None
    assert result.outcome.complete, result.outcome.failed
    assert result.outcome.done == ["await box.a", "create crate.c"]
    assert [row["fields"]["key"] for row in cloud.rows.values() if row["kind"] == "crate"] == ["key-of-box-1"]
    assert not go(cloud, [box("a"), LOCKED]).plan.changed


def test_a_change_of_a_half_made_resource_waits_for_it_and_a_friend_does() -> None:
    cloud = half_made()
    plan = go(cloud, [box("a", size=2), box("b", friends=["a"])], check=True).plan
    waiting = {identity for identity, node in plan.nodes.items() if "await box.a" in node.needs}
    assert waiting == {"update box.a", "create box.b", "complete box.b"}
    outcome = go(cloud, [box("a", size=2), box("b", friends=["a"])]).outcome
    assert outcome is not None
    assert outcome.complete, outcome.failed


def test_a_half_made_resource_that_nothing_needs_is_not_waited_for() -> None:
    cloud = half_made()
    assert not go(cloud, [box("a")]).plan.changed
    assert cloud.journal == {}
    assert "await box.a" not in go(cloud, [box("a"), box("b")], check=True).plan.nodes


def sack(things: int) -> dict[str, Any]:
    return {"type": "sack", "name": "s", "things": things}


def test_what_is_emptied_first_is_emptied_page_by_page_and_the_plan_says_so() -> None:
    cloud = Cloud()
    go(cloud, [sack(5)])
    cloud.calls.clear()
    result = go(cloud, [], absent=True, check=True)
    kinds = Toy(cloud).catalogue.kinds
    assert "      deleted first: what it holds" in render.as_text(result.plan, kinds, SCOPE).splitlines()
    (step,) = render.as_data(result.plan)["steps"]
    assert [(call["operation"], call.get("each")) for call in step["calls"]] == [
        ("Take", "what it holds"),
        ("Delete", None),
    ]
    go(cloud, [], absent=True)
    taken = [params["things"] for operation, params in cloud.calls if operation == "Take"]
    assert (taken, cloud.rows) == ([[0, 1], [0, 1], [0]], {})


def test_a_step_stopped_between_two_of_its_requests_is_not_taken_for_done() -> None:
    cloud, stop = Cloud(), threading.Event()

    def stopping(_operation: str, _params: dict[str, Any]) -> str:
        stop.set()
        return ""

    cloud.refuse = stopping
    outcome = go(cloud, [box("a"), box("b", parent="a")], stop=stop).outcome
    assert outcome is not None
    assert (outcome.done, outcome.interrupted, outcome.not_started) == ([], ["create box.a"], ["create box.b"])


def test_emptying_stops_between_two_pages_and_is_taken_up_again() -> None:
    cloud, stop = Cloud(), threading.Event()
    go(cloud, [sack(5)])

    def stopping(operation: str, _params: dict[str, Any]) -> str:
        if operation == "Take":
            stop.set()
        return ""

    cloud.refuse = stopping
    outcome = go(cloud, [], absent=True, stop=stop).outcome
    assert outcome is not None
    assert outcome.interrupted == ["delete sack.s"]
    assert [row["fields"] for row in cloud.rows.values()] == [{"things": 3}]
    cloud.refuse = lambda operation, params: ""
    go(cloud, [], absent=True)
    assert cloud.rows == {}


def test_what_cannot_be_emptied_is_a_failure() -> None:
    cloud = Cloud()
    go(cloud, [sack(1)])
    cloud.refuse = lambda operation, params: "Locked" if operation == "Take" else ""
    outcome = go(cloud, [], absent=True).outcome
    assert outcome is not None
    assert list(outcome.failed) == ["delete sack.s"]
    assert "Locked" in outcome.failed["delete sack.s"]


def test_a_crash_reaches_the_caller() -> None:
    cloud = Cloud()
    cloud.die_at = 1
    with pytest.raises(Killed):
        go(cloud, [box("a")])
