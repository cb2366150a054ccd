# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs: what traffic may enter and leave a subnet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.aws.ports import (
    DIRECTIONS,
    NAMES,
    NUMBERS,
    PORTS,
    PROTOCOL,
    port_problem,
    port_range,
    port_text,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Step, Wait, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    cidr,
    integer,
    record,
    reference,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Text


def entries(declared: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries in the form in which they are compared: ports in their shortest form."""
    shortened = []
    for entry in declared:
        first, last = port_range(entry["protocol"], entry.get("ports")) or (None, None)
        ports = port_text(entry["protocol"], first, last)
        rest = {name: value for name, value in entry.items() if name != "ports"}
        shortened.append({**rest, **({"ports": ports} if ports else {})})
    return shortened


ENTRY = record(
    {
        "number": integer(
            "Its place in the order; the first entry that fits decides.", required=True, minimum=1, maximum=32766
        ),
        "protocol": PROTOCOL,
        "ports": PORTS,
        "cidr": cidr("From (ingress) or to (egress) this range.", required=True),
        "action": string("`allow` or `deny`.", default="allow", choices=("allow", "deny")),
    },
    "An entry. A network ACL knows no connections: replies need entries too.",
)


class NetworkAcl(Ec2Kind):
    name = "network_acl"
    doc = "The traffic that may enter and leave subnets. What no entry allows is denied."
    listing = ("DescribeNetworkAcls", "NetworkAcls")
    id_key = "NetworkAclId"
    tag_type = "network-acl"
    resource_type = "acl"
    down = "nothing: its subnets have the VPC's default network ACL meanwhile"
    fields = {
        "vpc": reference("vpc", "The VPC that it belongs to.", required=True, change=Change.REPLACE),
        "subnets": set_of(reference("subnet", "A subnet."), "The subnets that it is for.", default=[]),
        "ingress": set_of(ENTRY, "What may come in.", default=[], normalise=entries),
        "egress": set_of(ENTRY, "What may go out.", default=[], normalise=entries),
    }
    calls = {
        "read": ("DescribeNetworkAcls",),
        "write": (
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
            "DeleteNetworkAcl",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "vpc": row["VpcId"],
            "subnets": list(_subnets(row)),
            "ingress": [
                _observed_entry(entry) for entry in row["Entries"] if _declarable(entry) and not entry["Egress"]
            ],
            "egress": [_observed_entry(entry) for entry in row["Entries"] if _declarable(entry) and entry["Egress"]],
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """``associations`` (subnet id → association id) beside the declared ones: what a replacement of one names."""
        return {"id": row["NetworkAclId"], "associations": _subnets(row)}

    def check(self, want: Want) -> Iterator[str]:
        for direction in DIRECTIONS:
            taken: set[int] = set()
            for index, entry in enumerate(want[direction]):
                problem = port_problem(entry["protocol"], entry.get("ports"))
                if entry["number"] in taken:
                    problem = f"number {entry['number']} is taken; choose another"
                if problem:
                    yield f"{direction}[{index}]: {problem}"
                taken.add(entry["number"])

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "CreateNetworkAcl",
            {"VpcId": want["vpc"], **self.tagged(want)},
            gives={"id": "NetworkAcl.NetworkAclId"},
            token="ClientToken",
        )
        # Entries first: without any it denies everything.
        for direction in DIRECTIONS:
            yield from _change_entries(Own(), direction, [], want[direction])
        yield from _take(Own(), want["subnets"])

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        for direction in DIRECTIONS:
            if direction in changed:
                yield from _change_entries(have.id, direction, have.fields[direction], want[direction])
        if "subnets" in changed:
            yield from _take(have.id, [subnet for subnet in want["subnets"] if subnet not in have.fields["subnets"]])
            yield from _let_go(have, [subnet for subnet in have.fields["subnets"] if subnet not in want["subnets"]])

    def delete(self, have: Have) -> Iterator[Step]:
        yield from _let_go(have, have.fields["subnets"])
        yield Call(
            "ec2",
            "DeleteNetworkAcl",
            {"NetworkAclId": have.id},
            done=("InvalidNetworkAclID.NotFound",),
            patience={"DependencyViolation": 600},
        )


def _subnets(row: Mapping[str, Any]) -> dict[str, str]:
    return {item["SubnetId"]: item["NetworkAclAssociationId"] for item in row.get("Associations", [])}


def _declarable(entry: Mapping[str, Any]) -> bool:
    """Not the last entry that every ACL has, the denial of all else (32767, and 32768 for IPv6)."""
    return int(entry["RuleNumber"]) < 32767


def _observed_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    protocol = NAMES.get(entry["Protocol"], entry["Protocol"])
    span, kinds = entry.get("PortRange", {}), entry.get("IcmpTypeCode", {})
    ports = port_text(protocol, span.get("From", kinds.get("Type")), span.get("To", kinds.get("Code")))
    return {
        "number": entry["RuleNumber"],
        "protocol": protocol,
        **({"ports": ports} if ports else {}),
        "cidr": entry.get("CidrBlock") or entry.get("Ipv6CidrBlock"),
        "action": entry["RuleAction"],
    }


def _change_entries(acl: Any, direction: str, before: Iterable[Mapping[str, Any]], after: Any) -> Iterator[Step]:
    """New and changed entries first, so that traffic allowed before and after is never cut."""
    place = {"NetworkAclId": acl, "Egress": direction == "egress"}
    old = {entry["number"]: entry for entry in entries(before)}
    new = {entry["number"]: entry for entry in entries(after)}
    for entry in (entry for number, entry in new.items() if old.get(number) != entry):
        operation = "ReplaceNetworkAclEntry" if entry["number"] in old else "CreateNetworkAclEntry"
        yield Call("ec2", operation, {**place, **_entry(entry)}, beside=True)
    for number in sorted(old.keys() - new.keys()):
        yield Call("ec2", "DeleteNetworkAclEntry", {**place, "RuleNumber": number})


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    protocol = entry["protocol"]
    ports = port_range(protocol, entry.get("ports"))
    match protocol:
        case "all":
            reach: dict[str, Any] = {}
        case "icmp":
            reach = {"IcmpTypeCode": {"Type": -1, "Code": -1}}
        case _:
            reach = {"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}
    return {
        "RuleNumber": entry["number"],
        "Protocol": NUMBERS[protocol],
        "RuleAction": entry["action"],
        "CidrBlock": entry["cidr"],
        **reach,
    }


def _take(acl: Any, subnets: Sequence[Any]) -> Iterator[Step]:
    """Every subnet has an ACL always, so it is taken from whichever has it: those associations' ids are looked up."""
    if not subnets:
        return
    paths = [
        Text(("NetworkAcls[].Associations[] | [?SubnetId == '", one, "'].NetworkAclAssociationId | [0]"))
        for one in subnets
    ]
    every = Text((*(part for path in paths for part in ("(", *path.parts, ") && ")), "'found'"))
    yield Wait(
        "ec2",
        "DescribeNetworkAcls",
        {"Filters": [{"Name": "association.subnet-id", "Values": list(subnets)}]},
        every,
        until=("found",),
        gives={f"association-{index}": path for index, path in enumerate(paths)},
    )
    for index in range(len(subnets)):
        params = {"AssociationId": Own(f"association-{index}"), "NetworkAclId": acl}
        yield Call("ec2", "ReplaceNetworkAclAssociation", params, beside=True)


def _let_go(have: Have, subnets: Sequence[str]) -> Iterator[Step]:
    """Back to the VPC's default ACL."""
    if not subnets:
        return
    filters = [{"Name": "vpc-id", "Values": [have.fields["vpc"]]}, {"Name": "default", "Values": ["true"]}]
    yield Wait(
        "ec2",
        "DescribeNetworkAcls",
        {"Filters": filters},
        "NetworkAcls[0] && 'found'",
        until=("found",),
        gives={"default": "NetworkAcls[0].NetworkAclId"},
    )
    for subnet in subnets:
        params = {"AssociationId": have.attributes["associations"][subnet], "NetworkAclId": Own("default")}
        # Another ACL may have taken the subnet already.
        gone = ("InvalidAssociationID.NotFound",)
        yield Call("ec2", "ReplaceNetworkAclAssociation", params, done=gone, beside=True)
