# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is doing, as plain data and as text."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lab.account.model import Account, Instance, Interface
from lab.database import server
from lab.host.amis import user_of
from lab.machine import Failed
from lab.network.machine import drops
from lab.place import Place
from lab.reconcile import Pending, Reconciler


def status(place: Place, account: Account, reconciler: Reconciler, notes: Sequence[Pending]) -> dict[str, Any]:
    """Plain data: hosts, services, networks with their rules and drops, what is not yet as it should be, and what
    stays otherwise (``notes``).
    """
    return {
        "lab": place.name,
        "rounds": reconciler.rounds,
        "pending": [{"subject": each.subject, "why": each.why} for each in reconciler.pending()],
        "notes": [{"subject": each.subject, "why": each.why} for each in notes],
        "hosts": [_host(account, instance) for instance in account.instances.values()],
        "services": [*_services(place, account)],
        "networks": [_network(place, account, vpc) for vpc in account.vpcs if _used(account, vpc)],
    }


def show(told: Mapping[str, Any]) -> Iterator[str]:
    """The lines of ``lab status``."""
    yield from _table(
        "HOST ID STATE ADDRESS PUBLIC TYPE ZONE GROUPS",
        (
            [each[key] for key in ("name", "id", "state", "address", "public", "type", "zone", "groups")]
            for each in told["hosts"]
        ),
    )
    yield from _table(
        "SERVICE KIND STATE ADDRESSES NAME",
        ([each[key] for key in ("name", "kind", "state", "addresses", "endpoint")] for each in told["services"]),
    )
    yield from _table(
        "NETWORK RANGE SUBNETS GROUPS RULES NAT DROPPED",
        (
            [each[key] for key in ("id", "range", "subnets", "groups", "rules", "nat", "dropped")]
            for each in told["networks"]
        ),
    )
    yield from _table("NOTE IS", ([each["subject"], each["why"]] for each in told["notes"]))
    yield from _table("PENDING WHY", ([each["subject"], each["why"]] for each in told["pending"]))
    if not (told["hosts"] or told["services"] or told["networks"]):
        yield "The account is empty: run a playbook with `lab exec -- ansible-playbook …`."
    elif not told["pending"]:
        yield "Everything is as the account says."


def name_of(instance: Instance) -> str:
    """What a person and the inventory call an instance; one of many of that name gets the end of its id."""
    tags = dict(instance.tags)
    name = tags.get("slipway:name") or tags.get("Name") or instance.id
    return f"{name}-{instance.id[-8:]}" if "aws:autoscaling:groupName" in tags else name


def _host(account: Account, instance: Instance) -> dict[str, Any]:
    interface = account.interfaces.get(instance.interface)
    groups = [account.security_groups[group].name for group in (interface.groups if interface else ())]
    return {
        "name": name_of(instance),
        "id": instance.id,
        "state": instance.state,
        "address": str(interface.address) if interface else "-",
        "public": str(interface.public) if interface and interface.public else "-",
        "type": instance.type,
        "zone": instance.zone,
        "groups": ",".join(groups) or "-",
        "user": user_of(instance.image, instance.region),
    }


def _services(place: Place, account: Account) -> Iterator[dict[str, Any]]:
    for database in account.databases.values():
        yield {
            "name": database.name,
            "kind": f"{database.engine} {database.version}",
            "state": database.status,
            "addresses": _addresses(account, "database", database.id),
            "endpoint": f"{database.endpoint}:{database.port}",
            "containers": [server.container_name(place, database.id)],
        }
    for balancer in account.load_balancers.values():
        yield {
            "name": balancer.name,
            "kind": f"{balancer.type} load balancer",
            "state": f"{len(balancer.listeners)} listeners",
            "addresses": _addresses(account, "load_balancer", balancer.arn),
            "endpoint": balancer.dns_name,
            "containers": [place.container(each.id) for each in _interfaces(account, "load_balancer", balancer.arn)],
        }


def _addresses(account: Account, kind: str, owner: str) -> str:
    return ",".join(str(each.public or each.address) for each in _interfaces(account, kind, owner)) or "-"


def _interfaces(account: Account, kind: str, owner: str) -> list[Interface]:
    return [each for each in account.interfaces.values() if each.owner == (kind, owner)]


def _network(place: Place, account: Account, vpc: str) -> dict[str, Any]:
    groups = [each for each in account.security_groups.values() if each.vpc == vpc]
    return {
        "id": vpc,
        "range": ",".join(str(cidr) for cidr in account.vpcs[vpc].cidrs),
        "subnets": sum(each.vpc == vpc for each in account.subnets.values()),
        "groups": len(groups),
        "rules": sum(len(each.ingress) + len(each.egress) for each in groups),
        "nat": sum(each.vpc == vpc for each in account.nat_gateways.values()),
        "dropped": ", ".join(f"{count} {reason}" for reason, count in _dropped(place, vpc).items()) or "-",
    }


def _dropped(place: Place, vpc: str) -> Counter[str]:
    """Packets by reason, without the interface or the list; nothing of a network that is still to come."""
    found: Counter[str] = Counter()
    with contextlib.suppress(OSError, Failed):
        for name, count in drops(place, vpc).items():
            found[re.sub(r"_(eni|acl)-.*", "", name).replace("_", " ")] += count
    return +found


def _used(account: Account, vpc: str) -> bool:
    """Not the default networks that every account has, as long as nothing stands in them."""
    tagged = any(each.vpc == vpc for each in account.interfaces.values())
    return tagged or account.vpcs[vpc].cidrs[0].with_prefixlen != "172.31.0.0/16"


def _table(head: str, rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    body = [[str(cell) for cell in row] for row in rows]
    if not body:
        return
    lines = [head.split(" "), *body]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
    yield ""
