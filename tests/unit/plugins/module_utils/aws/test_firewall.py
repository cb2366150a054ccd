# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups: made, read, changed and deleted; the arithmetic of their rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.slipway.platform.plugins.module_utils.aws.firewall import (
    RULE,
    Rules,
    SecurityGroup,
    flat,
    observed,
    permissions,
    rules_of,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import comparable, set_of
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

INGRESS = set_of(RULE, "", normalise=flat)


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    return bool(comparable(one, INGRESS) == comparable(other, INGRESS))


def test_security_group(network: Account) -> None:
    group = SecurityGroup()
    network.create(group, "edge", vpc="main")
    attributes = network.create(
        group,
        "nodes",
        vpc="main",
        ingress=[
            {"ports": "22", "cidrs": ["10.1.0.0/16", "10.2.0.0/16"], "description": "SSH"},
            {"ports": "30000-30002", "group": "edge"},
            {"protocol": "all", "group": "self"},
            {"protocol": "icmp", "cidrs": ["10.0.0.0/8"]},
            {"protocol": "udp", "cidrs": ["10.0.0.0/8"]},
        ],
        egress=[{"ports": "443", "cidrs": ["0.0.0.0/0"]}, {"ports": "443", "prefix_list": "pl-63a5400a"}],
    )
    assert network.have(group, "nodes").attributes == attributes
    assert network.differences(group, "nodes") == {}
    calls = network.update(
        group,
        "nodes",
        vpc="main",
        ingress=[
            {"ports": "22", "cidrs": ["10.1.0.0/16"], "description": "shells"},
            {"ports": "30000-30002", "group": "edge"},
            {"protocol": "all", "group": "self"},
            {"ports": "80", "cidrs": ["0.0.0.0/0"]},
        ],
    )
    assert [call.operation for call in calls] == [
        "AuthorizeSecurityGroupIngress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "RevokeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupEgress",
    ]
    assert network.differences(group, "nodes") == {}
    calls = network.delete(group, "nodes")
    assert [call.operation for call in calls] == ["RevokeSecurityGroupIngress", "DeleteSecurityGroup"]
    assert [have.name for have in network.read(group)] == ["edge"]


def test_a_group_as_the_provider_makes_it_needs_no_rules(network: Account) -> None:
    network.create(SecurityGroup(), vpc="main")
    assert network.sent[-1].operation == "CreateSecurityGroup"
    assert network.differences(SecurityGroup()) == {}


def test_clearing_leaves_what_holds_no_other_group() -> None:
    rules = [
        {"protocol": "tcp", "ports": "22", "cidrs": ["10.0.0.0/8"]},
        {"protocol": "all", "group": "sg-own"},
        {"protocol": "tcp", "ports": "80", "group": "sg-other", "description": "web"},
    ]
    have = Have("security_group", "a", {"ingress": rules, "egress": rules[:1]}, {"id": "sg-own"}, {})
    (call,) = SecurityGroup().clear(have)
    assert isinstance(call, Call)
    assert call.operation == "RevokeSecurityGroupIngress"
    (permission,) = call.params["IpPermissions"]
    assert permission["UserIdGroupPairs"] == [{"GroupId": "sg-other", "Description": "web"}]


def test_a_rule_from_a_group_that_is_not_made_yet_is_added() -> None:
    group = SecurityGroup()
    have = Have("security_group", "a", {"ingress": [], "egress": []}, {"id": "sg-1"}, {})
    wanted = want(group, "a", vpc="main", ingress=[{"ports": "80", "group": "b"}])
    (call,) = group.update(have, wanted, frozenset({"ingress"}))
    assert isinstance(call, Call)
    assert call.params["IpPermissions"][0]["UserIdGroupPairs"] == [{"GroupId": wanted["ingress"][0]["group"]}]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (
            {"protocol": "tcp", "ports": "22", "cidrs": ["10.0.0.0/8"]},
            {"protocol": "tcp", "ports": "22-22", "cidrs": ["10.0.0.0/8"]},
            True,
        ),
        ({"protocol": "udp", "ports": "0-65535", "group": "sg-1"}, {"protocol": "udp", "group": "sg-1"}, True),
        (
            {"protocol": "tcp", "ports": "22", "group": "sg-1"},
            {"protocol": "udp", "ports": "22", "group": "sg-1"},
            False,
        ),
        ({"protocol": "tcp", "group": "sg-1"}, {"protocol": "tcp", "group": "sg-2"}, False),
        ({"protocol": "tcp", "group": "sg-1", "description": "a"}, {"protocol": "tcp", "group": "sg-1"}, False),
        ({"protocol": "all", "cidrs": ["0.0.0.0/0"]}, {"protocol": "tcp", "cidrs": ["0.0.0.0/0"]}, False),
    ],
)
def test_rules_compare_by_meaning(one: dict[str, Any], other: dict[str, Any], equal: bool) -> None:
    assert same([one], [other]) is equal


def test_ranges_of_one_rule_and_of_several_are_the_same() -> None:
    together = [{"protocol": "tcp", "ports": "22", "cidrs": ["10.1.0.0/16", "10.2.0.0/16"]}]
    apart = [{"protocol": "tcp", "ports": "22", "cidrs": [f"10.{number}.0.0/16"]} for number in (2, 1)]
    assert same(together, apart)


def test_what_someone_added_that_no_document_can_say_is_seen_and_can_be_taken_away() -> None:
    added: list[dict[str, Any]] = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "50", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ]
    seen = observed(added)
    assert not same(seen, [])
    assert permissions(rules_of(seen)) == added


@pytest.mark.parametrize(
    ("rule", "permission"),
    [
        ({"protocol": "all"}, {"IpProtocol": "-1"}),
        ({"protocol": "tcp"}, {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535}),
        ({"protocol": "udp", "ports": "53"}, {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53}),
        ({"protocol": "tcp", "ports": "1-9"}, {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 9}),
        ({"protocol": "icmp"}, {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}),
    ],
)
def test_protocols_and_ports_are_written_as_the_provider_reads_them(
    rule: dict[str, Any], permission: dict[str, Any]
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html"""
    assert permissions(rules_of([{**rule, "group": "sg-1"}])) == [
        {**permission, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}
    ]


def test_sources_of_the_same_ports_share_a_permission() -> None:
    ssh = {"protocol": "tcp", "ports": "22"}
    (permission,) = permissions(
        rules_of([{**ssh, "cidrs": ["10.0.0.0/8"], "description": "in"}, {**ssh, "group": "sg-1"}])
    )
    assert permission["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "in"}]
    assert permission["UserIdGroupPairs"] == [{"GroupId": "sg-1"}]


PROTOCOLS = st.sampled_from(["tcp", "udp", "icmp", "all"])
PORT = st.integers(0, 65535)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(PROTOCOLS)
    rule: dict[str, Any] = {"protocol": protocol}
    if protocol in ("tcp", "udp") and draw(st.booleans()):
        first = draw(PORT)
        rule["ports"] = f"{first}-{draw(st.integers(first, 65535))}"
    source = draw(st.sampled_from(["cidrs", "group", "prefix_list"]))
    numbers = st.integers(0, 3)
    rule[source] = {
        "cidrs": [f"10.{number}.0.0/16" for number in draw(st.sets(numbers, min_size=1))],
        "group": f"sg-{draw(numbers)}",
        "prefix_list": f"pl-{draw(numbers)}",
    }[source]
    if draw(st.booleans()):
        rule["description"] = draw(st.sampled_from(["one", "two"]))
    return rule


@given(st.lists(rules()))
def test_rules_come_back_from_the_provider_as_they_were_sent(declared: list[dict[str, Any]]) -> None:
    assert same(observed(permissions(rules_of(declared))), declared)


@given(st.lists(rules()), st.lists(rules()))
def test_an_update_leads_from_any_rules_to_any_others(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    group = SecurityGroup()
    have = Have("security_group", "a", {"ingress": flat(before), "egress": []}, {"id": "sg-9"}, {})
    wanted = want(group, "a", vpc="main")
    wanted.values["ingress"] = after
    steps = [step for step in group.update(have, wanted, frozenset({"ingress"})) if isinstance(step, Call)]
    assert len({step.operation for step in steps}) == len(steps)
    assert _applied(rules_of(before), steps) == rules_of(after)


def _applied(standing: Rules, steps: list[Call]) -> Rules:
    """The provider's part: refuses to add what stands, and to describe or take away what does not."""
    for step in steps:
        named = rules_of(observed(step.params["IpPermissions"]))
        if step.operation.startswith("Authorize"):
            assert not named.keys() & standing.keys()
            standing = {**standing, **named}
        elif step.operation.startswith("Revoke"):
            assert named.keys() <= standing.keys()
            standing = {peer: text for peer, text in standing.items() if peer not in named}
        else:
            assert named.keys() <= standing.keys()
            standing = {**standing, **named}
    return standing


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"ports": "22"}, "ingress[0]: say exactly one of cidrs, group, prefix_list"),
        ({"ports": "22", "cidrs": []}, "ingress[0]: say exactly one of cidrs, group, prefix_list"),
        ({"ports": "22", "cidrs": ["10.0.0.0/8"], "group": "edge"}, "ingress[0]: say exactly one of"),
        ({"ports": "90-80", "group": "edge"}, "'90-80' is no range of ports"),
        ({"ports": "65536", "group": "edge"}, "'65536' is no range of ports"),
        ({"ports": "ssh", "group": "edge"}, "main.ingress[0].ports: 'ssh' does not match"),
        ({"protocol": "all", "ports": "22", "group": "edge"}, "protocol all has none"),
        ({"protocol": "icmp", "ports": "8", "group": "edge"}, "protocol icmp has none"),
        ({"prefix_list": "com.amazonaws.us-east-1.s3"}, "main.ingress[0].prefix_list"),
        ({"ports": "22", "cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}, "is there already"),
        ({"group": "edge", "description": "für"}, "main.ingress[0].description"),
    ],
)
def test_bad_rules_are_refused(rule: dict[str, Any], complaint: str) -> None:
    (found,) = complaints(SecurityGroup(), vpc="main", ingress=[rule])
    assert complaint in found
