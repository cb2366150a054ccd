# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups and network ACLs as chains of nftables. Pure; every function returns lines of a table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence, Set
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from lab.account.model import Account, AclEntry, Interface, NetworkAcl, Rule, SecurityGroup

TABLE = "slipway"

Direction = Literal["in", "out"]
_COUNTER = re.compile(r'counter name "([^"]+)"')
_SIDE = {"in": "saddr", "out": "daddr"}


def table(lines: Sequence[str]) -> str:
    """A whole ruleset, which replaces the one before at once; the counters that its lines name are declared."""
    names = sorted({name for line in lines for name in _COUNTER.findall(line)})
    body = [*(f"counter {name} {{ }}" for name in names), *lines]
    mark = hashlib.sha256("\n".join(body).encode()).hexdigest()[:32]
    head = [f"add table inet {TABLE}", f"delete table inet {TABLE}", f"table inet {TABLE} {{", f'comment "{mark}"']
    return "\n".join([*head, *body, "}\n"])


def digest(ruleset: str) -> str:
    """What the comment of a ruleset's table says: it tells which ruleset is loaded."""
    return ruleset.split('comment "', 1)[1].split('"', 1)[0]


def chain(name: str, lines: Iterable[str], hook: str = "") -> list[str]:
    """A chain; ``hook`` makes it a base chain."""
    return [f"chain {name} {{", *([hook] if hook else []), *lines, "}"]


def elements(name: str, kind: str, members: Iterable[str], flags: str = "") -> list[str]:
    """A named set, which may be empty."""
    listed = ", ".join(sorted(members))
    return [
        f"set {name} {{", f"type {kind}", *([f"flags {flags}"] if flags else []),
        *([f"elements = {{ {listed} }}"] if listed else []), "}",
    ]  # fmt: skip


def choice(selector: str, verdicts: Iterable[tuple[str, str]]) -> list[str]:
    """One rule that picks a verdict by a packet's property; none when there is nothing to pick from."""
    listed = ", ".join(f"{key} : {verdict}" for key, verdict in verdicts)
    return [f"{selector} vmap {{ {listed} }}"] if listed else []


def dropped(counter: str, condition: str = "") -> str:
    """A rule that counts under a name and drops. Its counter begins anew when a ruleset is replaced."""
    return _rule(condition, f'counter name "{counter}" drop')


def security_groups(account: Account, groups: Sequence[SecurityGroup]) -> list[str]:
    """Per group: its members, what it accepts (``allow_in_``) and what it lets out, which the receiver then judges."""
    lines = []
    known = {group.id for group in groups}
    for group in groups:
        lines += elements(f"members_{group.id}", "ipv4_addr", map(str, _members(account, group.id)))
        lines += chain(
            f"allow_in_{group.id}",
            [_rule(_permission("in", rule), "accept") for rule in _of_known(group.ingress, known)],
        )
        lines += chain(
            f"allow_out_{group.id}",
            [_rule(_permission("out", rule), "goto receive") for rule in _of_known(group.egress, known)],
        )
    return lines


def prefix_lists(account: Account, groups: Sequence[SecurityGroup]) -> list[str]:
    """The prefix lists that rules of the groups name."""
    named = {rule.prefix_list for group in groups for rule in (*group.ingress, *group.egress)} - {None}
    lines = []
    for identity in sorted(filter(None, named)):
        ranges = map(str, account.prefix_lists.get(identity, ()))
        lines += elements(f"prefixes_{identity}", "ipv4_addr", ranges, "interval; auto-merge")
    return lines


def interface(account: Account, each: Interface) -> list[str]:
    """An interface's own chains: any of its groups may allow. A load balancer without groups is open.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
    """
    known = [group for group in each.groups if group in account.security_groups]
    open_to_all = not each.groups and each.owner[0] == "load_balancer"
    lines = []
    for direction, otherwise in (("in", "accept"), ("out", "goto receive")):
        last = otherwise if open_to_all else dropped(security_group_counter(direction, each.id))
        lines += chain(f"{direction}_{each.id}", [*(f"jump allow_{direction}_{group}" for group in known), last])
    return lines


def network_acl(acl: NetworkAcl) -> list[str]:
    """Both directions: the first entry that matches decides, and what none matches is dropped.

    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html
    """
    lines = []
    for direction, egress in (("in", False), ("out", True)):
        entries = [_entry(acl.id, direction, each) for each in acl.entries if each.egress == egress]
        lines += chain(f"acl_{direction}_{acl.id}", [*entries, dropped(acl_counter(direction, acl.id))])
    return lines


def security_group_counter(direction: str, interface_id: str) -> str:
    """Counts what no group of an interface allows."""
    return f"security_group_{direction}_{interface_id}"


def acl_counter(direction: str, acl: str) -> str:
    """Counts what a network ACL denies."""
    return f"network_acl_{direction}_{acl}"


def _rule(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _members(account: Account, group: str) -> Iterable[IPv4Address]:
    return (each.address for each in account.interfaces.values() if group in each.groups)


def _of_known(rules: Iterable[Rule], known: Set[str]) -> Iterable[Rule]:
    """Without those for groups of another VPC: nobody of them can come here."""
    return (rule for rule in rules if rule.group is None or rule.group in known)


def _permission(direction: str, rule: Rule) -> str:
    side = _SIDE[direction]
    if rule.group:
        peer = f"ip {side} @members_{rule.group}"
    elif rule.prefix_list:
        peer = f"ip {side} @prefixes_{rule.prefix_list}"
    else:
        peer = _range(side, rule.cidr)
    return _rule(peer, _service(rule.protocol, rule.ports))


def _entry(acl: str, direction: str, entry: AclEntry) -> str:
    condition = _rule(_range(_SIDE[direction], entry.cidr), _service(entry.protocol, entry.ports))
    return _rule(condition, "return") if entry.allow else dropped(acl_counter(direction, acl), condition)


def _range(side: str, cidr: IPv4Network | None) -> str:
    return f"ip {side} {cidr}" if cidr and cidr.prefixlen else ""


def _service(protocol: str, ports: tuple[int, int] | None) -> str:
    if protocol == "all":
        return ""
    if ports is None or protocol not in ("tcp", "udp", "icmp"):
        return f"meta l4proto {protocol}"
    if protocol == "icmp":
        return _icmp(*ports)
    first, last = ports
    return f"{protocol} dport {first}" if first == last else f"{protocol} dport {first}-{last}"


def _icmp(kind: int, code: int) -> str:
    if kind < 0:
        return "meta l4proto icmp"
    return f"icmp type {kind}" + (f" icmp code {code}" if code >= 0 else "")
