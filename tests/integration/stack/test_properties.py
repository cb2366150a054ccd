# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for any documents: after an apply the plan is empty, the last apply decides, destroy leaves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.slipway.platform.plugins.module_utils.aws import session
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim
from lab.emulator import Emulator
from tests.integration.stack.world import DEMO, Document, World, planned

Variants = dict[str, list[Any]]

POOL: dict[str, tuple[Document, Variants, set[str]]] = {
    "vpc": ({"type": "vpc", "name": "main", "cidr": "10.0.0.0/16"}, {"tags": [{}, {"Team": "a"}]}, set()),
    "a": (
        {"type": "subnet", "name": "a", "vpc": "main", "zone": "us-east-1a"},
        {"cidr": ["10.0.0.0/24"], "public_addresses": [False, True]},
        {"vpc"},
    ),
    "b": (
        {"type": "subnet", "name": "b", "vpc": "main", "zone": "us-east-1b"},
        {"cidr": ["10.0.1.0/24", "10.0.2.0/24"]},
        {"vpc"},
    ),
    "gateway": ({"type": "internet_gateway", "name": "main", "vpc": "main"}, {}, {"vpc"}),
    "public": (
        {"type": "route_table", "name": "public", "vpc": "main"},
        {
            "routes": [[], [{"destination": "0.0.0.0/0", "internet_gateway": "main"}]],
            "subnets": [[], ["a"]],
        },
        {"vpc", "gateway", "a"},
    ),
    "client": ({"type": "security_group", "name": "client", "vpc": "main"}, {}, {"vpc"}),
    "server": (
        {"type": "security_group", "name": "server", "vpc": "main"},
        {
            "ingress": [
                [{"ports": "443", "group": "client", "description": "web"}],
                [
                    {"ports": "443", "group": "client", "description": "web"},
                    {"ports": "22", "cidrs": ["10.0.0.0/16"], "description": "ssh"},
                ],
            ]
        },
        {"vpc", "client"},
    ),
    "address": ({"type": "elastic_ip", "name": "one"}, {"tags": [{}, {"Team": "b"}]}, set()),
    "logs": ({"type": "log_group", "name": "app"}, {"retention": [7, 30]}, set()),
    "bucket": ({"type": "s3_bucket", "name": "data"}, {"versioning": [False, True]}, set()),
    "secret": ({"type": "secret", "name": "db"}, {"description": ["one", "two"]}, set()),
}
"""Documents with the values that some of their fields may have, and which others they need."""


@st.composite
def stacks(draw: st.DrawFn) -> list[Document]:
    chosen = draw(st.sets(st.sampled_from(sorted(POOL)), max_size=6))
    while missing := {need for name in chosen for need in POOL[name][2]} - chosen:
        chosen |= missing
    drawn = [
        {**POOL[name][0], **{field: draw(st.sampled_from(values)) for field, values in POOL[name][1].items()}}
        for name in sorted(chosen)
    ]
    return draw(st.permutations(drawn))


few = settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate])


@pytest.fixture(scope="module")
def one_world(prompt_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in prompt_emulator.environment.items():
            monkeypatch.setenv(name, value)
        # Hundreds of calls of a kind: AWS's rates would be all that is measured.
        monkeypatch.setattr(session, "RATES", {})
        yield World(prompt_emulator, tmp_path_factory.mktemp("properties"), DEMO)


ANCHOR = {"type": "log_group", "name": "anchor"}
"""Keeps the component contributing: what the component no longer declares is pruned."""


AIM = Aim(unprotect=frozenset({"s3_bucket.data"}))


def go(world: World, documents: list[Document]) -> None:
    outcome = world.apply([*documents, ANCHOR], aim=AIM).outcome
    assert outcome is None or outcome.complete, outcome.failed


def steps(world: World, documents: list[Document]) -> dict[str, Any]:
    return {step["id"]: step for step in world.plan(documents, AIM)["steps"]}


@few
@given(documents=stacks())
def test_a_plan_changes_nothing_and_after_its_apply_it_is_empty(one_world: World, documents: list[Document]) -> None:
    one_world.emulator.reset()
    plan = one_world.plan([*documents, ANCHOR])
    assert one_world.attempts() == []
    go(one_world, documents)
    assert one_world.sent() == +(planned(plan) - Counter({"secretsmanager:RestoreSecret": 1}))
    assert one_world.plan([*documents, ANCHOR])["steps"] == []


@few
@given(first=stacks(), second=stacks())
def test_the_last_apply_decides(one_world: World, first: list[Document], second: list[Document]) -> None:
    one_world.emulator.reset()
    go(one_world, second)
    expected = one_world.count()
    one_world.emulator.reset()
    go(one_world, first)
    go(one_world, second)
    assert one_world.plan([*second, ANCHOR])["steps"] == []
    assert one_world.count() == expected


@few
@given(documents=stacks())
def test_destroy_leaves_nothing(one_world: World, documents: list[Document]) -> None:
    one_world.emulator.reset()
    before = one_world.everything()
    go(one_world, documents)
    outcome = one_world.destroy().outcome
    assert outcome is not None
    assert outcome.complete, outcome.failed
    assert one_world.everything() == before


@few
@given(documents=stacks(), other=stacks(), random=st.randoms())
def test_the_order_of_documents_says_nothing(
    one_world: World, documents: list[Document], other: list[Document], random: Random
) -> None:
    one_world.emulator.reset()
    go(one_world, other)
    shuffled = random.sample(documents, len(documents))
    assert steps(one_world, shuffled) == steps(one_world, documents)
