# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One VPC of an account, as its router's filter needs it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from lab import place
from lab.account.model import Account, Interface, NatGateway, NetworkAcl, RouteTable, SecurityGroup, Subnet, Vpc
from lab.network.topology import INTERNET_PORT, endpoint_sources, interfaces

IGW = f'"{INTERNET_PORT}"'
"""The router's device towards the internet, in a ruleset's notation."""


@dataclass(frozen=True)
class Router:
    """All of an account that concerns one VPC."""

    account: Account
    itself: Vpc
    interfaces: Sequence[Interface]
    subnets: Sequence[Subnet]
    tables: Sequence[RouteTable]
    acls: Sequence[NetworkAcl]
    groups: Sequence[SecurityGroup]
    nats: Sequence[NatGateway]
    public: Sequence[tuple[IPv4Address, IPv4Address]]
    """Public and private address of what the internet can reach."""
    service_source: IPv4Address

    def of(self, subnet: str) -> list[Interface]:
        """The interfaces in a subnet."""
        return [each for each in self.interfaces if each.subnet == subnet]


def router(account: Account, vpc_id: str) -> Router:
    """Raises KeyError when the account does not hold it."""
    vpc = account.vpcs[vpc_id]
    held = interfaces(account, vpc.id)
    reachable = [(each.public, each.address) for each in held if each.public and vpc.internet_gateway]
    return Router(
        account,
        vpc,
        interfaces=held,
        subnets=[each for each in account.subnets.values() if each.vpc == vpc.id],
        tables=[each for each in account.route_tables.values() if each.vpc == vpc.id],
        acls=[each for each in account.network_acls.values() if each.vpc == vpc.id],
        groups=[each for each in account.security_groups.values() if each.vpc == vpc.id],
        nats=[each for each in account.nat_gateways.values() if each.vpc == vpc.id],
        public=reachable,
        service_source=endpoint_sources(account)[vpc.id],
    )


def port(each: Interface) -> str:
    """The router's device towards an interface, in a ruleset's notation."""
    return f'"{place.port(each.id)}"'
