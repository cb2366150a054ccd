# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces, links, addresses and routes that an account needs. Pure.

One machine holds them all and none is linked to the machine's own namespace. ``core`` is the internet: it leads from
each public address to the router (one per VPC) that holds it. A router has one link per interface, with a route of
one address: hosts of one subnet reach each other through it as well, so that its filter sees every packet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from lab import place
from lab.account.model import Account, Interface, Vpc
from lab.network import routing

CORE, CONTROL, AWS = "core", "control", "aws"
INTERNET_PORT = "igw"
"""A router's device towards core."""
HOST_DEVICE = "eth0"
MAIN = 254
"""The kernel's main routing table."""

_CORE_SIDE, _ROUTER_SIDE = IPv4Address("169.254.0.1"), IPv4Address("169.254.0.2")
_ENDPOINTS = IPv4Network("198.18.128.0/17")
_EVERYWHERE = IPv4Network("0.0.0.0/0")

_IPV6_OFF = (("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1"))
# In this order: a change of ip_forward sets others anew. New devices take the defaults.
_ROUTER_SETTINGS = (
    *_IPV6_OFF,
    ("ipv4/ip_forward", "1"),
    *((f"ipv4/conf/{which}/{name}", "0") for which in ("all", "default")
      for name in ("rp_filter", "send_redirects", "accept_redirects")),
    ("ipv4/conf/default/proxy_arp", "1"),
)  # fmt: skip
# A new namespace takes the machine's IPv4 settings; a host begins with the kernel's. Its loopback keeps ::1.
_HOST_SETTINGS = (
    ("ipv6/conf/default/disable_ipv6", "1"),
    ("ipv4/ip_forward", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
)


@dataclass(frozen=True)
class Route:
    """``device``: None drops what goes there. ``table``: the main one, or one of a firewall mark."""

    destination: IPv4Network
    device: str | None
    via: IPv4Address | None = None
    table: int = MAIN


@dataclass(frozen=True)
class Namespace:
    """``exact``: what else is found there is removed; hosts may have more. ``settings``: below ``/proc/sys/net``."""

    exact: bool
    addresses: frozenset[tuple[str, IPv4Interface]]
    routes: frozenset[Route]
    settings: tuple[tuple[str, str], ...]
    marks: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Link:
    """A pair of devices: (namespace, device) at each end. ``mac``: of the far one, None: any."""

    near: tuple[str, str]
    far: tuple[str, str]
    mac: str | None = None


@dataclass(frozen=True)
class Topology:
    """``namespaces`` by what `Place.namespace` takes, nearest to core first."""

    namespaces: Mapping[str, Namespace]
    links: tuple[Link, ...]


def topology(account: Account) -> Topology:
    """All that should stand for an account; without VPCs the internet alone."""
    sources = endpoint_sources(account)
    namespaces = {CORE: _core(account, sources)}
    links = [Link((CORE, CONTROL), (CONTROL, HOST_DEVICE)), Link((CORE, AWS), (AWS, HOST_DEVICE))]
    for vpc in account.vpcs.values():
        namespaces[vpc.id] = _router(account, vpc)
        links.append(Link((CORE, vpc_port(vpc.id)), (vpc.id, INTERNET_PORT)))
    namespaces |= {CONTROL: _control(), AWS: _aws()}
    for interface in interfaces(account):
        namespaces[interface.id] = _host(account, interface)
        links.append(
            Link((interface.vpc, place.port(interface.id)), (interface.id, HOST_DEVICE), interface.mac.lower())
        )
    return Topology(namespaces, tuple(links))


def vpc_port(vpc: str) -> str:
    """Core's device towards a VPC's router: a device name has at most 15 characters."""
    return f"v-{vpc.removeprefix('vpc-')[-12:]}"


def interfaces(account: Account, vpc: str | None = None) -> list[Interface]:
    """Those that are hosts of their own (of one VPC or of all): a NAT gateway is a part of its router."""
    return [
        each for each in account.interfaces.values()
        if each.owner[0] != "nat_gateway" and each.vpc in account.vpcs and vpc in (None, each.vpc)
    ]  # fmt: skip


def gateway(account: Account, interface: Interface) -> IPv4Address:
    """The address of a subnet's router: the base plus one.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    return account.subnets[interface.subnet].cidr.network_address + 1


def public_addresses(account: Account, vpc: Vpc) -> list[IPv4Address]:
    """What the internet reaches a VPC by: none without an internet gateway."""
    if not vpc.internet_gateway:
        return []
    held = [each.public for each in interfaces(account, vpc.id)]
    held += [each.public for each in account.nat_gateways.values() if each.vpc == vpc.id]
    return sorted(each for each in held if each)


def endpoint_sources(account: Account) -> dict[str, IPv4Address]:
    """The address by which each VPC's gateway endpoints reach AWS's services: it tells them which VPC asks."""
    taken: dict[IPv4Address, str] = {}
    for vpc in sorted(account.vpcs):
        offset = int.from_bytes(vpc.encode()[-8:], "big") % _ENDPOINTS.num_addresses
        while (address := _ENDPOINTS[offset]) in taken:
            offset = (offset + 1) % _ENDPOINTS.num_addresses
        taken[address] = vpc
    return {vpc: address for address, vpc in taken.items()}


def _core(account: Account, sources: Mapping[str, IPv4Address]) -> Namespace:
    addresses = {(CONTROL, _within(place.INTERNET_GATEWAY, place.INTERNET)), (AWS, _within(place.AWS[254], place.AWS))}
    routes = {Route(_EVERYWHERE, None)}
    for vpc in account.vpcs.values():
        device = vpc_port(vpc.id)
        addresses.add((device, IPv4Interface(_CORE_SIDE)))
        for address in (*public_addresses(account, vpc), sources[vpc.id]):
            routes.add(Route(IPv4Network(address), device, _ROUTER_SIDE))
    return Namespace(True, frozenset(addresses), frozenset(routes), _ROUTER_SETTINGS)


def _control() -> Namespace:
    address = (HOST_DEVICE, _within(place.CONTROL, place.INTERNET))
    route = Route(_EVERYWHERE, HOST_DEVICE, place.INTERNET_GATEWAY)
    return Namespace(False, frozenset([address]), frozenset([route]), _HOST_SETTINGS)


def _aws() -> Namespace:
    services = (place.API, place.S3, place.DYNAMODB, place.REGISTRY, place.PUBLIC_RESOLVER)
    addresses = frozenset(("lo", IPv4Interface(each)) for each in services)
    route = Route(_EVERYWHERE, HOST_DEVICE, place.AWS[254])
    return Namespace(False, addresses, frozenset([route]), _HOST_SETTINGS)


def _router(account: Account, vpc: Vpc) -> Namespace:
    served = {place.METADATA, place.RESOLVER, place.MIRROR, vpc.resolver}
    addresses = {("lo", IPv4Interface(each)) for each in served} | {(INTERNET_PORT, IPv4Interface(_ROUTER_SIDE))}
    # An address that nobody has must not lead to the internet: nothing answers for it, as on AWS.
    routes = {Route(_EVERYWHERE, INTERNET_PORT, _CORE_SIDE)} | {Route(cidr, None) for cidr in vpc.cidrs}
    for interface in interfaces(account, vpc.id):
        device = place.port(interface.id)
        addresses.add((device, IPv4Interface(gateway(account, interface))))
        routes.add(Route(IPv4Network(interface.address), device))
    marks = set()
    for interface in routing.transits(account, vpc.id):
        mark = routing.transit_mark(interface)
        marks.add(mark)
        routes.add(Route(_EVERYWHERE, place.port(interface.id), interface.address, mark))
    return Namespace(True, frozenset(addresses), frozenset(routes), _ROUTER_SETTINGS, frozenset(marks))


def _host(account: Account, interface: Interface) -> Namespace:
    subnet = account.subnets[interface.subnet].cidr
    address = (HOST_DEVICE, _within(interface.address, subnet))
    route = Route(_EVERYWHERE, HOST_DEVICE, gateway(account, interface))
    return Namespace(False, frozenset([address]), frozenset([route]), _HOST_SETTINGS)


def _within(address: IPv4Address, network: IPv4Network) -> IPv4Interface:
    return IPv4Interface((address, network.prefixlen))
