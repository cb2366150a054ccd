# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups: what traffic may pass an interface."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.aws.ports import (
    DIRECTIONS,
    NAMES,
    PORTS,
    PROTOCOL,
    port_problem,
    port_range,
    port_text,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Step, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    cidr,
    list_of,
    record,
    reference,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own


class Peer(NamedTuple):
    """One rule but for its description, which AWS does not count among what makes it: a protocol, ports, one source."""

    protocol: str
    ports: str | None
    source: str
    """``cidrs``, ``group`` or ``prefix_list``."""
    value: Any


Rules = dict[Peer, str]
"""Rule → its description, empty for none."""


def rules_of(declared: Iterable[Mapping[str, Any]]) -> Rules:
    """The single rules of a document's rules, which may list several ranges each."""
    return {peer: description for rule in declared for peer, description in _single(rule)}


def _single(rule: Mapping[str, Any]) -> Iterator[tuple[Peer, str]]:
    protocol = rule["protocol"]
    first, last = port_range(protocol, rule.get("ports")) or (None, None)
    for source in ("cidrs", "group", "prefix_list"):
        value = rule.get(source)
        for each in value or () if source == "cidrs" else () if value is None else (value,):
            yield Peer(protocol, port_text(protocol, first, last), source, each), rule.get("description", "")


def flat(declared: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rules in the form in which they are compared: one source each, ports in their shortest form."""
    return [_as_rule(peer, description) for peer, description in rules_of(declared).items()]


def _as_rule(peer: Peer, description: str) -> dict[str, Any]:
    return {
        "protocol": peer.protocol,
        **({"ports": peer.ports} if peer.ports else {}),
        peer.source: [peer.value] if peer.source == "cidrs" else peer.value,
        **({"description": description} if description else {}),
    }


def observed(permissions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rules of a described group's permissions."""
    rules = []
    for permission in permissions:
        protocol = NAMES.get(permission["IpProtocol"], permission["IpProtocol"])
        ports = port_text(protocol, permission.get("FromPort"), permission.get("ToPort"))
        for source, place, key in _PLACES:
            rules += [
                _as_rule(Peer(protocol, ports, source, item[key]), item.get("Description", ""))
                for item in permission.get(place, [])
            ]
    return rules


_PLACES = (
    ("cidrs", "IpRanges", "CidrIp"),
    # Documents speak of IPv4 only; a range of IPv6 that someone added is seen, and taken away again.
    ("cidrs", "Ipv6Ranges", "CidrIpv6"),
    ("group", "UserIdGroupPairs", "GroupId"),
    ("prefix_list", "PrefixListIds", "PrefixListId"),
)


def permissions(rules: Rules) -> list[dict[str, Any]]:
    """Rules as IpPermissions: one for each protocol and ports, with all its sources."""
    grouped: dict[tuple[str, str | None], dict[str, Any]] = {}
    for peer, description in rules.items():
        permission = grouped.setdefault((peer.protocol, peer.ports), _permission(peer))
        place, key = next((place, key) for source, place, key in _PLACES if source == peer.source)
        if peer.source == "cidrs" and ":" in peer.value:
            place, key = "Ipv6Ranges", "CidrIpv6"
        item = {key: peer.value, **({"Description": description} if description else {})}
        permission.setdefault(place, []).append(item)
    return list(grouped.values())


def _permission(peer: Peer) -> dict[str, Any]:
    ports = port_range(peer.protocol, peer.ports)
    protocol = "-1" if peer.protocol == "all" else peer.protocol
    return {"IpProtocol": protocol, **({"FromPort": ports[0], "ToPort": ports[1]} if ports else {})}


ANYWHERE = [{"protocol": "all", "cidrs": ["0.0.0.0/0"]}]
"""What AWS lets out of a new group, and the default here."""

RULE = record(
    {
        "protocol": PROTOCOL,
        "ports": PORTS,
        "cidrs": list_of(cidr("An IPv4 range."), "From (ingress) or to (egress) these ranges."),
        "group": reference("security_group", "From or to the members of this group; `self` is this one."),
        "prefix_list": string("From or to the ranges of this prefix list, by its id.", pattern=r"pl-[0-9a-f]+"),
        "description": string("What it is for.", pattern=r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}"),
    },
    "A rule: protocol, ports, and exactly one of `cidrs`, `group`, `prefix_list`.",
)


class SecurityGroup(Ec2Kind):
    name = "security_group"
    doc = "The traffic that may reach, and leave, the interfaces that are its members. Replies always pass."
    listing = ("DescribeSecurityGroups", "SecurityGroups")
    id_key = "GroupId"
    tag_type = "security-group"
    resource_type = "sg"
    down = "the traffic of its members"
    fields = {
        "vpc": reference("vpc", "The VPC that it belongs to.", required=True, change=Change.REPLACE),
        "description": string("Said once, at creation.", default="Managed by Slipway", change=Change.CREATE_ONLY),
        "ingress": set_of(RULE, "What may come in; nothing by default.", default=[], late=True, normalise=flat),
        "egress": set_of(RULE, "What may go out; everything by default.", default=ANYWHERE, late=True, normalise=flat),
    }
    calls = {
        "read": ("DescribeSecurityGroups",),
        "write": (
            "CreateSecurityGroup",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "UpdateSecurityGroupRuleDescriptionsIngress",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            "DeleteSecurityGroup",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "vpc": row["VpcId"],
            "description": row["Description"],
            "ingress": observed(row.get("IpPermissions", [])),
            "egress": observed(row.get("IpPermissionsEgress", [])),
        }

    def check(self, want: Want) -> Iterator[str]:
        for direction in DIRECTIONS:
            seen: set[Peer] = set()
            for index, rule in enumerate(want[direction]):
                for problem in _rule_problems(rule, seen):
                    yield f"{direction}[{index}]: {problem}"

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "CreateSecurityGroup",
            {
                "GroupName": want.physical_name,
                "Description": want["description"],
                "VpcId": want["vpc"],
                **self.tagged(want),
            },
            gives={"id": "GroupId"},
        )

    def complete(self, want: Want) -> Iterator[Step]:
        yield from _change_rules(Own(), "ingress", {}, rules_of(want["ingress"]))
        yield from _change_rules(Own(), "egress", rules_of(ANYWHERE), rules_of(want["egress"]))

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        for direction in DIRECTIONS:
            if direction in changed:
                before, after = rules_of(have.fields[direction]), rules_of(want[direction])
                yield from _change_rules(have.id, direction, before, after)

    def clear(self, have: Have) -> Iterator[Step]:
        """A group that another's rule refers to cannot be deleted."""
        for direction in DIRECTIONS:
            referring = {
                peer: text
                for peer, text in rules_of(have.fields[direction]).items()
                if peer.source == "group" and peer.value != have.id
            }
            yield from _change_rules(have.id, direction, referring, {})

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call(
            "ec2",
            "DeleteSecurityGroup",
            {"GroupId": have.id},
            done=("InvalidGroup.NotFound",),
            # The interfaces of load balancers, endpoints and databases just deleted linger for minutes.
            patience={"DependencyViolation": 900},
        )


def _rule_problems(rule: Mapping[str, Any], seen: set[Peer]) -> Iterator[str]:
    problem = port_problem(rule["protocol"], rule.get("ports"))
    if problem:
        yield problem
        return
    if sum(bool(rule.get(source)) for source in ("cidrs", "group", "prefix_list")) != 1:
        yield "say exactly one of cidrs, group, prefix_list"
        return
    for peer, _description in _single(rule):
        if peer in seen:
            yield f"{peer.protocol} {peer.ports or 'all'} {peer.source} {peer.value} is there already; keep one of them"
        seen.add(peer)


def _change_rules(group: Any, direction: str, before: Rules, after: Rules) -> Iterator[Step]:
    """Adds first, so that traffic allowed before and after is never cut."""
    suffix = direction.capitalize()
    added = {peer: text for peer, text in after.items() if peer not in before}
    described = {peer: text for peer, text in after.items() if before.get(peer, text) != text}
    removed = {peer: text for peer, text in before.items() if peer not in after}
    for operation, rules in (
        (f"AuthorizeSecurityGroup{suffix}", added),
        (f"UpdateSecurityGroupRuleDescriptions{suffix}", described),
        (f"RevokeSecurityGroup{suffix}", removed),
    ):
        if rules:
            yield Call("ec2", operation, {"GroupId": group, "IpPermissions": permissions(rules)})
