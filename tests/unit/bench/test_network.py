# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the benchmark is what its tables say: 68 resources, named alike by all ways."""

from __future__ import annotations

from collections import Counter

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from tests.bench import network

WANTS = CATALOGUE.load(network.documents(), Scope(network.PROJECT, network.ENVIRONMENT, network.REGION))


def test_it_has_68_resources_of_explicit_kinds() -> None:
    assert len(WANTS) == len(network.documents()) == network.RESOURCES == 68
    assert Counter(kind for kind, _ in WANTS) == {
        "vpc": 1,
        "subnet": 9,
        "internet_gateway": 1,
        "elastic_ip": 3,
        "nat_gateway": 3,
        "route_table": 7,
        "network_acl": 3,
        "vpc_endpoint": 11,
        "security_group": 27,
        "log_group": 1,
        "iam_role": 1,
        "flow_log": 1,
    }


def test_the_other_ways_use_the_names_that_slipway_gives() -> None:
    assert {key: want.physical_name for key, want in WANTS.items()} == {key: network.title(*key) for key in WANTS}


def test_the_playbooks_get_all_but_what_is_one_of_a_kind() -> None:
    variables = network.peer_variables()
    lists = [value for value in variables.values() if isinstance(value, list)]
    single = ("vpc", "internet_gateway", "log_group", "iam_role", "flow_log")
    assert sum(map(len, lists)) + len(single) == network.RESOURCES


def test_the_playbooks_delete_every_group_before_those_that_its_rules_name() -> None:
    """In the reverse order of creation, once the rules of the group `servers` are gone."""
    order = [group["name"] for group in network.of_kind("security_group")]
    for group in network.of_kind("security_group"):
        named = {rule["group"] for rule in group["ingress"] if rule.get("group", "self") != "self"}
        if group["name"] != "servers":
            assert all(order.index(other) < order.index(group["name"]) for other in named), group["name"]
