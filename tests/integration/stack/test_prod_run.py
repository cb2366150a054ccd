# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job's first step: `playbooks/provision.yml -i inventories/prod` in an account that others use too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Field
from lab.emulator import Emulator
from tests.integration.stack.world import PROD, ROOT, Document, Operations, Played, World, changes, planned

FOREIGN = 500
CORE = ["vpc", "identity", "storage", "database", "k3s_server", "k3s_agent", "kafka", "rabbitmq"]


@dataclass
class Launch:
    """A first launch: the account before it, and what its three commands gave and sent."""

    before: dict[str, list[str]]
    check: Played
    attempts_of_check: list[str]
    run: Played
    sent_by_run: Operations
    again: Played
    attempts_of_again: list[str]


def site(world: World, *arguments: str, **variables: Any) -> Played:
    world.emulator.clear_calls()
    given = ("-e", json.dumps(variables)) if variables else ()
    return world.play("playbooks/provision.yml", "-i", "inventories/prod", "-v", "--diff", *arguments, *given)


def inventory_components() -> list[str]:
    variables = yaml.safe_load((ROOT / "inventories/prod/group_vars/all/platform.yml").read_text())
    components: list[str] = variables["slipway_components"]
    return components


@pytest.fixture(scope="module")
def prod(slow_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    slow_emulator.reset()
    slow_emulator.make_foreign(FOREIGN)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in slow_emulator.environment.items():
            monkeypatch.setenv(name, value)
        yield World(slow_emulator, tmp_path_factory.mktemp("prod"), PROD)


@pytest.fixture(scope="module")
def launch(prod: World) -> Launch:
    before = prod.everything()
    check = site(prod, "--check")
    attempts_of_check = [call["operation"] for call in prod.attempts()]
    run = site(prod)
    sent_by_run = prod.sent()
    again = site(prod)
    attempts_of_again = [call["operation"] for call in prod.attempts()]
    return Launch(before, check, attempts_of_check, run, sent_by_run, again, attempts_of_again)


@pytest.fixture
def launched(prod: World, launch: Launch, prod_documents: list[Document]) -> World:
    """The account as the inventory says, whatever the test before has left."""
    outcome = prod.apply(prod_documents).outcome
    assert outcome is None or outcome.complete
    return prod


def test_a_check_prints_the_whole_plan_and_sends_nothing(launch: Launch) -> None:
    assert launch.check.code == 0, launch.check.output
    plan = launch.check.plan
    assert plan["summary"]["add"] == len(plan["resources"]) > 100
    assert f"Plan: {plan['summary']['add']} to add, 0 to change, 0 to replace, 0 to destroy." in launch.check.output
    shown = [f"  + {one['kind']} {one['name']} (" for one in plan["resources"]]
    assert [line for line in shown if line not in launch.check.output] == []
    assert launch.attempts_of_check == []


def test_the_run_sends_exactly_what_the_check_has_planned(launch: Launch) -> None:
    assert launch.run.code == 0, launch.run.output
    expected = planned(launch.check.plan)
    del expected["secretsmanager:RestoreSecret"]  # nothing is there to be restored: refused, as the plan foresees
    assert launch.sent_by_run == expected
    for part in ("resources", "steps"):
        assert launch.run.plan[part] == launch.check.plan[part]


def test_the_second_run_changes_nothing(launch: Launch) -> None:
    assert launch.again.code == 0, launch.again.output
    # The recap has a line for each host that a play has had.
    assert {*re.findall(r"\bchanged=(\d+)", launch.again.output)} == {"0"}
    assert launch.again.plan["steps"] == []
    assert launch.attempts_of_again == []


def turned(value: Any, field: Field) -> Any:
    """The value with all that has no order in another one, and policies in another form."""
    if field.type == "policy":
        return turned_policy(value)
    if isinstance(value, list) and field.items is not None:
        items = [turned(item, field.items) for item in value]
        return items[::-1] if field.unordered else items
    if isinstance(value, dict) and field.fields is not None:
        return {name: turned(inner, field.fields[name]) for name, inner in value.items()}
    return value


def turned_policy(value: Any) -> Any:
    if isinstance(value, list):
        items = [turned_policy(item) for item in reversed(value)]
        return items[0] if len(items) == 1 else items
    if isinstance(value, dict):
        return {key: turned_policy(inner) for key, inner in reversed(value.items())}
    return value


def test_what_has_no_order_is_compared_without_one(launched: World, prod_documents: list[Document]) -> None:
    """AWS gives sets and policies back in an order and a form of its own. The emulator does not; the documents do."""
    fields: dict[str, Mapping[str, Field]] = {name: kind.fields for name, kind in CATALOGUE.kinds.items()}
    fields |= {name: construct.fields for name, construct in CATALOGUE.constructs.items()}
    documents = [
        {
            name: turned(value, fields[document["type"]][name]) if name in fields[document["type"]] else value
            for name, value in document.items()
        }
        for document in prod_documents
    ]
    assert documents != prod_documents
    assert launched.plan(documents)["resources"] == []


def test_one_changed_field_is_all_that_is_shown_and_sent(launched: World) -> None:
    run = site(launched, k3s_agent_maximum=9)
    assert run.code == 0, run.output
    assert [one["fields"] for one in run.plan["resources"]] == [[{"field": "maximum", "before": 6, "after": 9}]]
    assert "maximum: 6 → 9" in run.output
    assert "Plan: 0 to add, 1 to change, 0 to replace, 0 to destroy." in run.output
    assert dict(launched.sent()) == {"autoscaling:UpdateAutoScalingGroup": 1}
    (call,) = [call for step in run.plan["steps"] for call in step["calls"]]
    assert call["params"] == {"AutoScalingGroupName": "platform-prod-auto-scaling-group-k3s-agent", "MaxSize": 9}


def test_what_a_component_no_longer_declares_is_pruned_and_nothing_else(launched: World) -> None:
    before = launched.count()
    services = ["api-gateway", "inventory", "processor-api", "translation-api", "translation-sidecar"]
    run = site(launched, slipway_services=services)
    assert run.code == 0, run.output
    destroyed = {what for verb, what in changes(run.plan) if verb == "destroy"}
    assert destroyed == {"target_group.billing", "listener_rule.billing", "secret.database-billing"}
    assert {run.plan["summary"][verb] for verb in ("add", "replace")} == {0}
    after = launched.count()
    assert {kind for kind in before if after.get(kind) != before[kind]} == {"DescribeTargetGroups", "ListSecrets"}
    assert after["DescribeTargetGroups"] == before["DescribeTargetGroups"] - 1
    assert after["ListSecrets"] == before["ListSecrets"] - 1
    assert {what for verb, what in changes(run.plan) if verb == "change"} <= {
        "security_group.edge",
        "security_group.flask-service",
        "auto_scaling_group.k3s-agent",
    }


def test_a_component_left_out_is_not_considered_until_it_is_named_as_removed(launched: World) -> None:
    components = [name for name in inventory_components() if name != "gitlab"]
    before = launched.count()
    left_out = site(launched, slipway_components=components)
    assert left_out.code == 0, left_out.output
    assert left_out.plan["summary"]["destroy"] == 0
    assert {one["kind"] for one in left_out.plan["not_considered"]["gitlab"]} >= {"instance", "ebs_volume"}
    assert "of component gitlab, which did not contribute to this run" in left_out.text
    assert launched.count() == before

    refused = site(launched, slipway_components=components, slipway_removed_components=["gitlab"])
    assert refused.code != 0
    assert "protected and would be destroyed: ebs_volume.gitlab-1" in refused.message
    assert launched.attempts() == []

    named = {"slipway_removed_components": ["gitlab"], "slipway_unprotect": ["ebs_volume.gitlab-1"]}
    removed = site(launched, slipway_components=components, **named)
    assert removed.code == 0, removed.output
    plan = removed.plan
    assert {one["component"] for one in plan["resources"] if one["verb"] == "destroy"} == {"gitlab"}
    assert plan["not_considered"] == {}


@pytest.mark.parametrize("tag", ["kafka", "provision"])
def test_tags_prune_nothing(launched: World, tag: str) -> None:
    run = site(launched, "--tags", tag)
    assert run.code == 0, run.output
    assert launched.attempts() == []
    # Where the stack is planned at all, it is planned whole.
    plans = [result["plan"] for result in run.results if "plan" in result]
    assert [plan["not_considered"] for plan in plans] == ([{}] if tag == "provision" else [])


def test_a_run_of_some_components_prunes_nothing_of_the_others(launched: World, prod_documents: list[Document]) -> None:
    before = launched.count()
    run = site(launched, slipway_components=CORE)
    assert run.code == 0, run.output
    assert run.plan["summary"]["destroy"] == 0
    others = {document["component"] for document in prod_documents} - {*CORE}
    assert {*run.plan["not_considered"]} >= others
    assert launched.count() == before


def test_destroy_refuses_until_all_is_confirmed_and_then_leaves_the_account_as_it_was(
    launched: World, launch: Launch
) -> None:
    playbook = ("playbooks/destroy.yml", "-i", "inventories/prod", "-v")
    launched.emulator.clear_calls()
    unconfirmed = launched.play(*playbook)
    assert unconfirmed.code != 0
    assert "ansible-playbook playbooks/destroy.yml -i" in unconfirmed.text
    assert "-e slipway_confirm=platform-prod" in unconfirmed.text

    protected = launched.play(*playbook, "-e", "slipway_confirm=platform-prod")
    assert protected.code != 0
    names = protected.message.partition("-e slipway_unprotect=")[2].split()[0]
    assert {"db_instance.main", "s3_bucket.data", "ebs_volume.kafka-1"} <= {*names.split(",")}
    assert launched.attempts() == []

    run = launched.play(*playbook, "-e", "slipway_confirm=platform-prod", "-e", f"slipway_unprotect={names}")
    assert run.code == 0, run.output
    assert launched.everything() == launch.before
