# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One zone: which records a question for a name gets, by the rules of DNS."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import dns.exception
import dns.name
import dns.rrset
from dns.name import Name
from dns.rrset import RRset

from lab.account.model import Record

_OCTAL = re.compile(r"\\([0-7]{3})")
_NEGATIVE = 60
_AUTHORITY = "ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60"
"""The start of authority of zones that are stored without one: AWS's own."""

Node = Mapping[str, tuple[Record, ...]]
"""Records by type. Several of one type are weighted and similar sets: one of them answers a question."""


def name_of(text: str) -> Name:
    """A domain name from text; Route 53 writes unusual characters as octal escapes, DNS as decimal ones.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    decimal = _OCTAL.sub(lambda found: f"\\{int(found[1], 8):03}", text)
    return dns.name.from_text(decimal.lower())


class Zone:
    """Records below (and at) an origin."""

    def __init__(self, origin: str, records: Iterable[Record]) -> None:
        """Take the records; one whose name is no domain name, or outside the zone, is never found."""
        self.origin = name_of(origin)
        nodes: dict[Name, dict[str, tuple[Record, ...]]] = defaultdict(dict)
        for record in records:
            with contextlib.suppress(dns.exception.DNSException):
                node = nodes[name_of(record.name)]
                node[record.type] = (*node.get(record.type, ()), record)
        self._nodes: Mapping[Name, Node] = dict(nodes)
        self._existing = {self.origin} | {parent for name in nodes for parent in self._upwards(name)}

    def find(self, name: Name) -> Node | None:
        """The records of a name in this zone; empty where only names below it have some; None: there is no such name.

        A wildcard stands for names below its parent as long as nothing else is between (RFC 4592).
        """
        if name in self._existing:
            return self._nodes.get(name, {})
        encloser = next(parent for parent in self._upwards(name.parent()) if parent in self._existing)
        return self._nodes.get(dns.name.Name((b"*", *encloser.labels)))

    def authority(self) -> RRset:
        """The start of authority, which says how long "no such name" may be remembered (RFC 2308)."""
        stored = self._nodes.get(self.origin, {}).get("SOA")
        made = stored and records(self.origin, stored[0])
        found = made or dns.rrset.from_text(self.origin, _NEGATIVE, "IN", "SOA", _AUTHORITY)
        found.update_ttl(min(found.ttl, found[0].minimum))
        return found

    def _upwards(self, name: Name) -> Iterable[Name]:
        """The name and its parents up to the origin; nothing for a name outside the zone."""
        while name.is_subdomain(self.origin):
            yield name
            if name == self.origin:
                return
            name = name.parent()


def records(owner: Name, record: Record) -> RRset | None:
    """The stored values of a record, owned by a name; None where they are not of its type."""
    try:
        return dns.rrset.from_text_list(
            owner, record.ttl, "IN", record.type, record.values, origin=dns.name.root, relativize=False
        )
    except (dns.exception.DNSException, ValueError):
        return None
