# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, groups and variables of hosts."""

from __future__ import annotations

import json
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import (
    RESERVED,
    Instance,
    groups,
    instance_from_api,
    named,
    variables,
)
from tests.unit.plugins.inventory.instances import make


def names(*instances: Instance) -> list[str]:
    return [name for name, _instance in named(instances)]


def test_a_host_is_named_by_its_tag() -> None:
    assert names(make("i-0a", name="kafka-2"), make("i-0b", name="kafka-1")) == ["kafka-1", "kafka-2"]


def test_hosts_that_share_a_name_get_the_end_of_their_id() -> None:
    shared = [make(f"i-0123456789abcde{end}f", name="agent") for end in "01"]
    assert names(*shared) == ["agent-9abcde0f", "agent-9abcde1f"]


def test_the_only_member_of_a_scaling_group_is_named_as_one_of_many() -> None:
    alone = make("i-0123456789abcdef0", name="agent", tags={"aws:autoscaling:groupName": "demo-dev-asg"})
    assert names(alone) == ["agent-9abcdef0"]


@pytest.mark.parametrize("name", ["", "localhost", "all", "-o", "a b", "{{ x }}", "a\nb", "a/b", "kafka,redis"])
def test_a_name_that_cannot_name_a_host_is_replaced_by_the_id(name: str) -> None:
    assert names(make("i-0123", name=name)) == ["i-0123"]


def test_function_zone_and_component_groups() -> None:
    host = make("i-0", group="k3s_server, first-three", tags={"Component": "k3s_server"}, zone="eu-west-1a")
    assert groups(host) == ["k3s_server", "first_three", "zone_eu_west_1a", "component_k3s_server"]


def test_untagged_host_is_in_its_zone_only() -> None:
    assert groups(make("i-0", group="", zone="eu-west-1a")) == ["zone_eu_west_1a"]


def test_the_controller_s_groups_cannot_be_claimed() -> None:
    assert groups(make("i-0", group="all,ungrouped,kafka", zone="")) == ["kafka"]


@pytest.mark.parametrize("state", ["stopping", "stopped"])
def test_a_stopped_host_is_in_groups_of_stopped_hosts_only(state: str) -> None:
    host = make("i-0", group="kafka", tags={"Component": "kafka"}, state=state)
    assert groups(host) == ["slipway_stopped", "kafka_stopped"]


@pytest.mark.parametrize("state", ["pending", "running"])
def test_a_host_that_starts_is_in_its_groups(state: str) -> None:
    assert "kafka" in groups(make("i-0", group="kafka", state=state))


def test_variables_are_in_the_collection_s_namespace() -> None:
    host = make("i-0", name="kafka-1", group="kafka", tags={"Owner": "me", "slipway:host-key": "ssh-ed25519 AAAA"})
    values = variables(host)
    assert all(name.startswith("slipway_") for name in values)
    assert values["slipway_instance_id"] == "i-0"
    assert values["slipway_tags"] == {"Owner": "me"}


def test_what_the_api_leaves_out_is_empty() -> None:
    host = instance_from_api("eu-west-1", {"InstanceId": "i-0", "State": {"Name": "pending"}})
    assert host == make(
        "i-0", name="", group="", state="pending", region="eu-west-1", zone="", vpc_id="", private_ip=""
    )


def test_an_instance_survives_the_cache() -> None:
    host = make("i-0", name="kafka-1")._replace(console_keys=["ssh-ed25519 AAAA"])
    assert Instance(*json.loads(json.dumps(host))) == host


TEXT = st.text(max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT, st.booleans()), max_size=12), st.randoms())
def test_every_instance_has_a_name_of_its_own_whatever_the_order(
    tags: list[tuple[str, str, bool]], random: Random
) -> None:
    found = [
        make(f"i-{number:017x}", name=name, group=group, tags={"aws:autoscaling:groupName": "x"} if scaled else {})
        for number, (name, group, scaled) in enumerate(tags)
    ]
    shuffled = list(found)
    random.shuffle(shuffled)
    assert names(*found) == names(*shuffled)
    assert len(set(names(*found))) == len(found)
    assert not RESERVED & set(names(*found))


@given(TEXT, TEXT, st.sampled_from(["running", "stopped"]))
def test_group_names_are_valid_and_each_once(group: str, component: str, state: str) -> None:
    found = groups(make("i-0", group=group, tags={"Component": component}, state=state))
    assert all(re.fullmatch(r"\w+", name) and not re.match(r"\d", name) for name in found)
    assert len(set(found)) == len(found)
    assert not RESERVED & set(found)
