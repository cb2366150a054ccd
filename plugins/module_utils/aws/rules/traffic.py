# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of traffic: ports, listeners, rules and records that exclude each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.rules.documents import Documents, Finding
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, resolve


def port_wanted_twice(documents: Documents) -> Iterator[Finding]:
    """Two services cannot listen on one port of one host, so two target groups cannot send to it."""
    told: set[tuple[str, str]] = set()
    for (kind, host, port), groups in _receivers(documents).items():
        first, *others = groups.values()
        for late in (group for group in others if (first.name, group.name) not in told):
            told.add((first.name, late.name))
            message = f"port {port} of {kind} {host} is target group {first.name}'s already"
            yield f"{late.path}.port", f"{message}; give one of the two services another port"


def _receivers(documents: Documents) -> dict[tuple[str, str, int], dict[str, Want]]:
    """Kind and name of a host (or group of hosts) and a port → the target groups that send there."""
    users: dict[tuple[str, str, int], dict[str, Want]] = defaultdict(dict)
    for group in documents.of("target_group"):
        for host in group.get("targets", []):
            users[host.kind, host.name, group["port"]][group.name] = group
    for scaling in documents.of("auto_scaling_group"):
        for group in map(documents.at, scaling.get("target_groups", [])):
            users[scaling.kind, scaling.name, group["port"]][group.name] = group
    return users


def listener_twice(documents: Documents) -> Iterator[Finding]:
    def place(listener: Want) -> Hashable:
        return listener["load_balancer"].name, listener["port"]

    for first, late in _twice(documents.of("listener"), place):
        message = f"listener {first.name} has port {late['port']} of load balancer {late['load_balancer'].name} already"
        yield f"{late.path}.port", f"{message}; choose another port or make them one, with rules"


def priority_twice(documents: Documents) -> Iterator[Finding]:
    def place(rule: Want) -> Hashable:
        return rule["listener"].name, rule["priority"]

    for first, late in _twice(documents.of("listener_rule"), place):
        message = f"rule {first.name} has priority {late['priority']} on listener {late['listener'].name} already"
        yield f"{late.path}.priority", f"{message}; choose another"


def record_conflict(documents: Documents) -> Iterator[Finding]:
    """A CNAME stands alone at its name (RFC 1034, 3.6.2), and never at a zone's own, where SOA and NS are."""
    names: dict[tuple[str, str], list[Want]] = defaultdict(list)
    for record in documents.of("dns_record"):
        zone, name = documents.at(record["zone"]), _full_name(documents, record)
        names[zone.name, name].append(record)
        if record["record_type"] == "CNAME" and name == zone["domain"]:
            yield f"{record.path}.record_type", f"{name} is the zone's own name and cannot be a CNAME; use an alias"
    for records in names.values():
        yield from _one_name(records)


def _one_name(records: list[Want]) -> Iterator[Finding]:
    for first, late in _twice(records, lambda record: record["record_type"]):
        message = f"dns_record {first.name} has this name and type already; put the values into one record"
        yield f"{late.path}.record_name", message
    others = [record for record in records if record["record_type"] != "CNAME"]
    for record in records:
        if others and record["record_type"] == "CNAME":
            message = f"a CNAME stands alone at its name, where dns_record {others[0].name} is too; rename one of them"
            yield f"{record.path}.record_name", message


def _full_name(documents: Documents, record: Want) -> str:
    """A record's name with the domains of zones filled in, in small letters and without a dot at its end."""

    def domain(ref: Ref | Own) -> Any:
        if isinstance(ref, Ref) and (ref.kind, ref.attribute) == ("hosted_zone", "domain"):
            return documents.at(ref)["domain"]
        return ref

    return str(resolve(record["record_name"], domain)).rstrip(".").lower()


def _twice(wants: list[Want], place: Callable[[Want], Hashable]) -> Iterator[tuple[Want, Want]]:
    """Each document whose place another one has before it, with that one."""
    first: dict[Hashable, Want] = {}
    for want in wants:
        holder = first.setdefault(place(want), want)
        if holder is not want:
            yield holder, want
