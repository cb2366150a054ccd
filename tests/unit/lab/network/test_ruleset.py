# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of rulesets: what nftables does with it is shown in tests/lab/network."""

from __future__ import annotations

import re

import pytest

from lab.account.model import Rule
from lab.network import filters
from lab.network.ruleset import core, ruleset
from tests.lab.accounts import ANYWHERE, S3_PREFIXES, Accounts, entry, rule


class Small:
    def __init__(self) -> None:
        self.build = Accounts()
        self.vpc = self.build.vpc()
        self.acl = self.build.acl(self.vpc)
        self.subnet = self.build.subnet(self.vpc, "10.0.0.0/24", self.build.table(self.vpc), self.acl)
        self.group = self.build.group(self.vpc)
        self.interface = self.build.interface(self.subnet, "10.0.0.10", self.group)

    def chain(self, name: str) -> list[str]:
        """The rules of a chain."""
        found = re.search(
            rf"^chain {re.escape(name)} {{\n(.*?)^}}$", ruleset(self.build.account, self.vpc), re.S | re.M
        )
        assert found, name
        return found[1].splitlines()


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.mark.parametrize(
    ("permission", "text"),
    [
        (rule("tcp", 22, "203.0.113.10/32"), "ip saddr 203.0.113.10/32 tcp dport 22 accept"),
        (rule("udp", (8000, 8099), "10.0.0.0/8"), "ip saddr 10.0.0.0/8 udp dport 8000-8099 accept"),
        (rule("tcp", None, "10.0.0.0/8"), "ip saddr 10.0.0.0/8 meta l4proto tcp accept"),
        (rule("tcp", (0, 65535)), "tcp dport 0-65535 accept"),
        (rule("all"), "accept"),
        (rule("50", (1, 2)), "meta l4proto 50 accept"),
        (rule("icmp", (-1, -1)), "meta l4proto icmp accept"),
        (rule("icmp", (8, -1)), "icmp type 8 accept"),
        (rule("icmp", (3, 4)), "icmp type 3 icmp code 4 accept"),
        (rule("tcp", 443, S3_PREFIXES), f"ip saddr @prefixes_{S3_PREFIXES} tcp dport 443 accept"),
    ],
)
def test_a_permission(small: Small, permission: Rule, text: str) -> None:
    small.build.change("security_groups", small.group, ingress=(permission,), egress=(permission,))
    assert small.chain(f"allow_in_{small.group}") == [text]
    outward = text.replace("saddr", "daddr").replace("accept", "goto receive")
    assert small.chain(f"allow_out_{small.group}") == [outward]


def test_a_group_stands_for_its_members_addresses(small: Small) -> None:
    small.build.interface(small.subnet, "10.0.0.11", small.group)
    small.build.change("security_groups", small.group, ingress=(rule("tcp", 22, small.group),))
    assert small.chain(f"allow_in_{small.group}") == [f"ip saddr @members_{small.group} tcp dport 22 accept"]
    text = ruleset(small.build.account, small.vpc)
    assert f"set members_{small.group} {{\ntype ipv4_addr\nelements = {{ 10.0.0.10, 10.0.0.11 }}\n}}" in text


def test_a_group_of_another_vpc_lets_nobody_in(small: Small) -> None:
    stranger = small.build.group(small.build.vpc())
    small.build.change("security_groups", small.group, ingress=(rule("tcp", 22, stranger),))
    assert small.chain(f"allow_in_{small.group}") == []


def test_entries_of_a_network_acl_keep_their_order(small: Small) -> None:
    entries = (entry(50, allow=False, ports=22), entry(60, peer="10.0.0.0/8"), entry(70, egress=True))
    small.build.change("network_acls", small.acl, entries=entries)
    denied = f'counter name "network_acl_in_{small.acl}" drop'
    assert small.chain(f"acl_in_{small.acl}") == [
        f"tcp dport 22 {denied}",
        "ip saddr 10.0.0.0/8 return",
        denied,
    ]


def test_a_load_balancer_without_groups_is_open_and_nothing_else_is(small: Small) -> None:
    small.build.change("interfaces", small.interface, groups=())
    assert [each.split()[-1] for each in small.chain(f"in_{small.interface}")] == ["drop"]
    assert [each.split()[-1] for each in small.chain(f"out_{small.interface}")] == ["drop"]
    owner = ("load_balancer", "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/1")
    small.build.change("interfaces", small.interface, owner=owner)
    assert small.chain(f"in_{small.interface}") == ["accept"]
    assert small.chain(f"out_{small.interface}") == ["goto receive"]


def test_the_digest_tells_rulesets_apart_and_nothing_else(small: Small) -> None:
    before = ruleset(small.build.account, small.vpc)
    assert filters.digest(ruleset(small.build.account, small.vpc)) == filters.digest(before)
    small.build.change("security_groups", small.group, ingress=(rule("tcp", 22),))
    assert filters.digest(ruleset(small.build.account, small.vpc)) != filters.digest(before)


def test_core_knows_who_holds_what(small: Small) -> None:
    small.build.interface(small.subnet, "10.0.0.12", small.group, public="198.19.0.12")
    assert ". 198.19.0.12" in core(small.build.account)
    small.build.change("vpcs", small.vpc, internet_gateway=None)
    assert ". 198.19.0.12" not in core(small.build.account)


def test_every_counter_is_declared(small: Small) -> None:
    small.build.nat(small.subnet, "10.0.0.5", "198.19.0.5")
    small.build.table(small.vpc, (ANYWHERE, "igw-0000000000000dead"))
    text = ruleset(small.build.account, small.vpc)
    used = set(re.findall(r'counter name "([^"]+)"', text))
    assert used
    assert used == set(re.findall(r"^counter (\S+) \{ \}$", text, re.M))
