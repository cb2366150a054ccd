# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route tables: which destination goes where, and which addresses the topology gives to whom."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Address, IPv4Network

import pytest

from lab import place
from lab.account.model import Route
from lab.network import routing
from lab.network.topology import CORE, MAIN, endpoint_sources, public_addresses, topology
from tests.lab.accounts import ANYWHERE, S3_PREFIXES, Accounts


class Small:
    """One VPC with a NAT gateway, an endpoint and an instance."""

    def __init__(self) -> None:
        self.build = Accounts()
        self.vpc = self.build.vpc()
        self.table = self.build.table(self.vpc)
        self.subnet = self.build.subnet(self.vpc, "10.0.0.0/24", self.table)
        self.nat = self.build.nat(self.subnet, "10.0.0.5", "198.19.0.5")
        self.endpoint = self.build.gateway_endpoint(self.vpc)
        self.instance = self.build.instance(self.subnet, "10.0.0.10", public="198.19.0.10")
        self.interface = self.build.account.instances[self.instance].interface

    def decide(self, destination: str, target: str, active: bool = True) -> int | None:
        """What the table does to packets for a destination, when it has one more route."""
        where = destination if destination.startswith("pl-") else IPv4Network(destination)
        routes = (Route(IPv4Network("10.0.0.0/16"), "local"), Route(where, target, active))
        self.build.change("route_tables", self.table, routes=routes)
        account = self.build.account
        found = dict(routing.decisions(account, account.route_tables[self.table]))
        return found[IPv4Network(place.S3) if destination.startswith("pl-") else IPv4Network(destination)]


@pytest.fixture
def small() -> Small:
    return Small()


def test_each_target_has_its_mark(small: Small) -> None:
    account = small.build.account
    gateway = account.vpcs[small.vpc].internet_gateway
    assert gateway
    assert small.decide(ANYWHERE, "local") == routing.LOCAL
    assert small.decide(ANYWHERE, gateway) == routing.INTERNET
    assert small.decide(ANYWHERE, small.nat) == routing.nat_mark(small.nat)
    assert small.decide(S3_PREFIXES, small.endpoint) == routing.SERVICE


@pytest.mark.parametrize("target", ["igw-0000000000000dead", "nat-0000000000000dead", "tgw-0000000000000dead"])
def test_what_the_account_does_not_hold_is_a_black_hole(small: Small, target: str) -> None:
    assert small.decide(ANYWHERE, target) is None


def test_an_inactive_route_is_a_black_hole(small: Small) -> None:
    assert small.decide(ANYWHERE, small.nat, active=False) is None


def test_only_an_interface_without_source_check_takes_packets_for_others(small: Small) -> None:
    for target in (small.instance, small.interface):
        assert small.decide("192.168.0.0/16", target) is None
        assert routing.transits(small.build.account, small.vpc) == []
    small.build.change("interfaces", small.interface, source_dest_check=False)
    interface = small.build.account.interfaces[small.interface]
    for target in (small.instance, small.interface):
        assert small.decide("192.168.0.0/16", target) == routing.transit_mark(interface)
        assert routing.transits(small.build.account, small.vpc) == [interface]


def test_the_longest_prefix_decides(small: Small) -> None:
    table = small.build.table(
        small.vpc, (ANYWHERE, small.nat), ("10.0.9.0/24", "internet"), (S3_PREFIXES, small.endpoint)
    )
    account = small.build.account
    assert [str(each) for each, _ in routing.decisions(account, account.route_tables[table])] == [
        "198.18.1.2/32", "10.0.9.0/24", "10.0.0.0/16", "0.0.0.0/0",
    ]  # fmt: skip


def test_marks_differ(small: Small) -> None:
    interface = small.build.account.interfaces[small.interface]
    marks = {routing.LOCAL, routing.INTERNET, routing.SERVICE, routing.nat_mark("nat-00000000000000003"),
             routing.nat_mark("nat-00000000000000001"), routing.transit_mark(interface)}  # fmt: skip
    assert len(marks) == 6


def test_public_addresses_lead_to_their_vpc_only_through_an_internet_gateway(small: Small) -> None:
    vpc = small.build.account.vpcs[small.vpc]
    assert public_addresses(small.build.account, vpc) == [IPv4Address("198.19.0.5"), IPv4Address("198.19.0.10")]
    assert public_addresses(small.build.account, dataclasses.replace(vpc, internet_gateway=None)) == []


def test_every_vpc_has_an_address_of_its_own_for_services() -> None:
    build = Accounts()
    vpcs = [build.vpc() for _ in range(3)]
    # Ids that would begin at the same address: only their last eight characters count.
    twin = dataclasses.replace(build.account.vpcs[vpcs[0]], id=f"vpc-1{vpcs[0][5:]}")
    build.put("vpcs", twin.id, twin)
    sources = endpoint_sources(build.account)
    assert set(sources) == {*vpcs, twin.id}
    assert len(set(sources.values())) == 4
    assert all(address in IPv4Network("198.18.128.0/17") for address in sources.values())
    routes = topology(build.account).namespaces[CORE].routes
    assert set(map(IPv4Network, sources.values())) <= {each.destination for each in routes}


def test_a_transit_route_has_a_table_of_its_own(small: Small) -> None:
    small.build.change("interfaces", small.interface, source_dest_check=False)
    small.decide("192.168.0.0/16", small.instance)
    router = topology(small.build.account).namespaces[small.vpc]
    mark = routing.transit_mark(small.build.account.interfaces[small.interface])
    assert router.marks == {mark}
    (route,) = (each for each in router.routes if each.table != MAIN)
    assert (route.table, route.via, route.device) == (mark, IPv4Address("10.0.0.10"), place.port(small.interface))


def test_a_nat_gateway_is_no_host(small: Small) -> None:
    wanted = topology(small.build.account)
    assert set(wanted.namespaces) == {"core", "control", "aws", small.vpc, small.interface}
    assert all(len(device) <= 15 for link in wanted.links for _, device in (link.near, link.far))
