# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls a plan takes: bounded by the kinds declared, never by hosts or by what else the account holds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws import session
from tests.bench import network as bench
from tests.integration.stack.world import PROD, Document, Operations, World

MOST = 30


def reads_of_a_plan_without_changes(world: World, documents: list[Document]) -> Operations:
    world.emulator.clear_calls()
    plan = world.plan(documents)
    assert plan["steps"] == []
    assert world.attempts() == []
    return world.reads()


def test_a_plan_of_the_network_takes_few_calls(world: World, network: list[Document]) -> None:
    assert len(world.plan(network)["resources"]) == bench.RESOURCES
    world.apply(network)
    reads = reads_of_a_plan_without_changes(world, network)
    assert reads.total() <= MOST, reads


def test_an_account_full_of_foreign_resources_takes_no_more_and_none_of_them_is_read(
    world: World, prod_documents: list[Document]
) -> None:
    prod = World(world.emulator, world.folder, PROD)
    answers: list[tuple[str, bytes]] = []

    def overhear(model: Any, http_response: Any, **_event: Any) -> None:
        answers.append((model.name, http_response.content))

    prod.provider._session.register("after-call", overhear)
    prod.apply(prod_documents)
    alone = reads_of_a_plan_without_changes(prod, prod_documents)
    prod.emulator.make_foreign(500)
    answers.clear()
    assert reads_of_a_plan_without_changes(prod, prod_documents) == alone
    # A page holds up to a thousand of them, so their number alone would not show.
    foreign = re.compile(rb"foreign-\d|somebody-else")
    assert {operation for operation, answer in answers if foreign.search(answer)} == set()


def test_it_takes_no_more_for_300_hosts_than_for_3(
    world: World, network: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    # 300 launches at AWS's rate would take a minute, and the rate is not what is tested.
    monkeypatch.setattr(session, "RATES", {})

    def with_hosts(count: int) -> list[Document]:
        hosts = {
            "type": "hosts",
            "name": "broker",
            "component": "kafka",
            "count": count,
            "tier": "app",
            "instance_type": "t3.small",
        }
        return [*network, {**hosts, "zones": ["a", "b", "c"], "sources": "mirror"}]

    reads = []
    for count in (3, 300):
        result = world.apply(with_hosts(count))
        assert result.outcome is not None
        assert result.outcome.complete, result.outcome.failed
        reads.append(reads_of_a_plan_without_changes(world, with_hosts(count)))
    assert reads[0] == reads[1]
