# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that AWS makes for what an account holds, as stored zones. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from lab import place
from lab.account.model import Account, Endpoint, Interface, Record
from lab.dns.names import private_domain, private_name, public_domain, public_name
from lab.dns.zone import Zone

_TTL = 60
_DATABASE_TTL = 5
_REVERSE = "in-addr.arpa"


def reverse_zone(account: Account, vpc: str | None) -> Zone:
    """Names of addresses: of a VPC's own interfaces (none: only the public ones) and of public addresses."""
    return Zone(_REVERSE, [*_private_reverse(account, vpc), *_public_reverse(account)])


def vpc_zones(account: Account, vpc: str) -> Iterator[Zone]:
    """What only a VPC's own resolver knows: names of private addresses, of interface endpoints and of the mirror.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    domain = private_domain(account.vpcs[vpc].region)
    hosts = [
        _address(private_name(each.address, account.vpcs[vpc].region), [each.address]) for each in _of(account, vpc)
    ]
    yield Zone(domain, [*hosts, _address(f"instance-data.{domain}", [place.METADATA])])
    yield Zone(place.MIRROR_NAME, [_address(place.MIRROR_NAME, [place.MIRROR])])
    for endpoint in account.endpoints.values():
        if endpoint.vpc == vpc and endpoint.kind == "interface" and endpoint.private_dns:
            yield from _endpoint(account, endpoint)


def public_zones(account: Account, vpc: str | None) -> Iterator[Zone]:
    """Names that the internet knows, with the addresses that a VPC (none: the internet) is told for them.

    What has no address yet has no name either.
    """
    yield from _instances(account, vpc)
    yield from _load_balancers(account)
    yield from _databases(account, vpc)


def _private_reverse(account: Account, vpc: str | None) -> Iterator[Record]:
    for interface in _of(account, vpc):
        yield _pointer(interface.address, private_name(interface.address, account.vpcs[interface.vpc].region))


def _public_reverse(account: Account) -> Iterator[Record]:
    for interface in account.interfaces.values():
        if interface.public:
            yield _pointer(interface.public, public_name(interface.public, account.vpcs[interface.vpc].region))


def _endpoint(account: Account, endpoint: Endpoint) -> Iterator[Zone]:
    """``sqs`` has the name sqs.<region>.amazonaws.com, ``ecr.dkr`` dkr.ecr.<region>.amazonaws.com and all below.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-private-dns
    """
    service = ".".join(reversed(endpoint.service.split(".")))
    domain = f"{service}.{account.vpcs[endpoint.vpc].region}.amazonaws.com"
    nodes = [each.address for each in _owned(account, "endpoint", endpoint.id)]
    if nodes:
        yield Zone(domain, [_address(domain, nodes), _address(f"*.{domain}", nodes)])


def _instances(account: Account, vpc: str | None) -> Iterator[Zone]:
    """Public names: inside their VPC they lead to the private address.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html#vpc-dns-hostnames
    """
    found: dict[str, list[Record]] = defaultdict(list)
    for interface in account.interfaces.values():
        if interface.public:
            region = account.vpcs[interface.vpc].region
            name = public_name(interface.public, region)
            found[public_domain(region)].append(_address(name, [_told(interface, vpc)]))
    return (Zone(domain, records) for domain, records in found.items())


def _load_balancers(account: Account) -> Iterator[Zone]:
    """Public addresses of internet-facing ones, private ones of internal ones, whoever asks.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
    """
    for balancer in account.load_balancers.values():
        nodes = _owned(account, "load_balancer", balancer.arn)
        public = balancer.scheme == "internet-facing"
        told = [address for each in nodes if (address := each.public if public else each.address)]
        # The second name is what AWS's console writes into alias records.
        names = [balancer.dns_name, f"dualstack.{balancer.dns_name}"]
        if told:
            yield Zone(balancer.dns_name, [_address(name, told) for name in names])


def _databases(account: Account, vpc: str | None) -> Iterator[Zone]:
    """Private addresses; outside of its VPC the public one where a database has one.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html#USER_VPC.Hiding
    """
    for database in account.databases.values():
        nodes = [each for each in _owned(account, "database", database.id) if each.vpc == database.vpc]
        told = [_told(each, vpc) for each in nodes]
        if told:
            yield Zone(database.endpoint, [_address(database.endpoint, told, _DATABASE_TTL)])


def _told(interface: Interface, vpc: str | None) -> IPv4Address:
    """What a VPC (none: the internet) is told of an interface whose name is public."""
    return interface.public if interface.public and interface.vpc != vpc else interface.address


def _of(account: Account, vpc: str | None) -> Iterator[Interface]:
    return (each for each in account.interfaces.values() if each.vpc == vpc)


def _owned(account: Account, kind: str, identity: str) -> list[Interface]:
    return [each for each in account.interfaces.values() if each.owner == (kind, identity)]


def _address(name: str, addresses: Iterable[IPv4Address], ttl: int = _TTL) -> Record:
    return Record(f"{name}.", "A", ttl, tuple(map(str, addresses)), None)


def _pointer(address: IPv4Address, name: str) -> Record:
    return Record(f"{address.reverse_pointer}.", "PTR", _TTL, (f"{name}.",), None)
