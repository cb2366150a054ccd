# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route tables: where a packet of a subnet goes. Pure.

A router decides once for each packet that a host sends, and remembers the decision as the packet's mark: one of
`LOCAL`, `INTERNET` and `SERVICE`, or the mark of a NAT gateway or of the interface that it is handed to.
https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from lab.account.model import Account, Interface, Route, RouteTable

LOCAL = 1
INTERNET = 2
SERVICE = 3
"""By a gateway endpoint."""
_TRANSIT = 0x10000000
_NAT = 0x20000000


def decisions(account: Account, table: RouteTable) -> list[tuple[IPv4Network, int | None]]:
    """Destinations and their marks (None: dropped), the longest prefix first: the first that matches decides."""
    found = [
        (destination, _mark(account, table, route))
        for route in table.routes
        for destination in _destinations(account, route)
    ]
    return sorted(found, key=lambda each: -each[0].prefixlen)


def transits(account: Account, vpc: str) -> list[Interface]:
    """The interfaces that routes of a VPC hand packets to. Only those whose source check is off take them.

    https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html
    """
    routes = (route for table in account.route_tables.values() if table.vpc == vpc for route in table.routes)
    found = {each.id: each for route in routes if route.active and (each := _interface(account, vpc, route.target))}
    return list(found.values())


def nat_mark(identity: str) -> int:
    """The mark of a NAT gateway: it makes packets, and connections by the gateway, known."""
    return _NAT + _tail(identity)


def transit_mark(interface: Interface) -> int:
    """The mark of packets handed to an interface, which is also the number of the routing table that leads there."""
    return _TRANSIT + _tail(interface.id)


def _tail(identity: str) -> int:
    return int(identity.rpartition("-")[2][-7:], 16)


def _destinations(account: Account, route: Route) -> Iterator[IPv4Network]:
    if isinstance(route.destination, IPv4Network):
        yield route.destination
    else:
        yield from account.prefix_lists.get(route.destination, ())


def _mark(account: Account, table: RouteTable, route: Route) -> int | None:
    if not route.active:
        return None
    if route.target == "local":
        return LOCAL
    if route.target == account.vpcs[table.vpc].internet_gateway:
        return INTERNET
    if route.target in account.nat_gateways:
        return nat_mark(route.target)
    if route.target in account.endpoints:
        return SERVICE
    interface = _interface(account, table.vpc, route.target)
    return transit_mark(interface) if interface else None


def _interface(account: Account, vpc: str, target: str) -> Interface | None:
    instance = account.instances.get(target)
    interface = account.interfaces.get(instance.interface if instance else target)
    takes = interface is not None and interface.vpc == vpc and not interface.source_dest_check
    return interface if takes else None
