# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resolver answers. Pure: an account, who asks, and a question give an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dns.rrset
from dns.name import Name
from dns.rcode import Rcode
from dns.rrset import RRset

from lab.account.model import Account, Record
from lab.dns import aws
from lab.dns.services import service_zones
from lab.dns.zone import Node, Zone, name_of, records

_LONGEST = 12
"""How many names a chain of CNAME and alias records may have."""


@dataclass(frozen=True)
class Answer:
    """``authority``: the zone's start of authority where there is no answer."""

    rcode: Rcode
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()


class View:
    """What one resolver knows: a VPC's own or, without one, the internet's."""

    def __init__(self, account: Account, vpc: str | None) -> None:
        """Takes milliseconds: make one for each account and VPC, and ask it often. Raises KeyError: no such VPC."""
        private = [*_stored(account, vpc), *aws.vpc_zones(account, vpc)] if vpc else []
        # A private zone hides all public names below its own, also those that it lacks:
        # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
        self._tiers = (
            _by_origin([*private, aws.reverse_zone(account, vpc)]),
            _by_origin([*_stored(account, None), *aws.public_zones(account, vpc), *service_zones()]),
        )

    def zone(self, name: Name) -> Zone | None:
        """The most specific zone that a name belongs to."""
        for zones in self._tiers:
            for count in range(len(name.labels)):
                found = zones.get(Name(name.labels[count:]))
                if found:
                    return found
        return None


def answer(view: View, name: Name, rdtype: str, turn: int = 0) -> Answer:
    """Answer a question as a resolver does: CNAME records are followed to their end.

    ``turn`` selects one of several sets of records of the same name and type.
    """
    chain: list[RRset] = []
    while len(chain) < _LONGEST:
        zone = view.zone(name)
        node = zone.find(name) if zone else None
        if zone is None or node is None:
            return Answer(Rcode.NXDOMAIN, tuple(chain), _negative(zone))
        found = _select(view, name, node, rdtype, turn)
        if found:
            return Answer(Rcode.NOERROR, (*chain, *found))
        link = _select(view, name, node, "CNAME", turn)
        if not link:
            return Answer(Rcode.NOERROR, tuple(chain), _negative(zone))
        chain += link
        name = link[0][0].target
    return Answer(Rcode.SERVFAIL)


def _negative(zone: Zone | None) -> tuple[RRset, ...]:
    return (zone.authority(),) if zone else ()


def _select(view: View, name: Name, node: Node, rdtype: str, turn: int) -> list[RRset]:
    wanted = sorted(node) if rdtype == "ANY" else [rdtype] if rdtype in node else []
    return [found for each in wanted if (found := _one(view, name, each, node[each], turn))]


def _one(view: View, name: Name, rdtype: str, sets: Sequence[Record], turn: int, depth: int = 0) -> RRset | None:
    """One of the record sets of a type, the next one where it is an alias of nothing."""
    first = turn % len(sets)
    tried = (_resolved(view, name, rdtype, record, turn, depth) for record in (*sets[first:], *sets[:first]))
    return next((found for found in tried if found), None)


def _resolved(view: View, name: Name, rdtype: str, record: Record, turn: int, depth: int) -> RRset | None:
    """A record's values; an alias has those of the name it stands for, with their time to live.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
    """
    if record.alias is None:
        return records(name, record)
    target = name_of(record.alias)
    zone = view.zone(target)
    sets = ((zone and zone.find(target)) or {}).get(rdtype)
    found = _one(view, target, rdtype, sets, turn, depth + 1) if sets and depth < _LONGEST else None
    return dns.rrset.from_rdata_list(name, found.ttl, list(found)) if found else None


def _stored(account: Account, vpc: str | None) -> list[Zone]:
    """The account's hosted zones: those of a VPC, or the public ones."""
    zones = (each for each in account.zones.values() if (vpc in each.vpcs if vpc else not each.vpcs))
    return [Zone(each.name, each.records) for each in zones]


def _by_origin(zones: Iterable[Zone]) -> Mapping[Name, Zone]:
    """Of two zones for one name the first counts."""
    found: dict[Name, Zone] = {}
    for zone in zones:
        found.setdefault(zone.origin, zone)
    return found
