# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with every kind of subnet, standing on the machine, and servers in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.network.machine import drops
from lab.network.part import Network
from lab.place import API, METADATA, S3, Place
from tests.lab.accounts import ANYWHERE, S3_PREFIXES, Accounts, rule
from tests.lab.network import traffic

OWN = "203.0.113.10/32"


class World:
    """Two VPCs with the same addresses. ``main``: a public subnet with bastion and web, a private one with app and
    app2 behind a NAT gateway, one without any way out but S3's endpoint with db. ``other``: one public host."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.build = Accounts()
        self.network = Network(place)
        self.servers = traffic.Servers(place)
        self._main()
        self._other()

    def _main(self) -> None:
        build = self.build
        vpc = self.vpc = build.vpc("10.77.0.0/16")
        self.public_table = build.table(vpc, (ANYWHERE, "internet"))
        self.public_acl, self.private_acl = build.acl(vpc), build.acl(vpc)
        self.public = build.subnet(vpc, "10.77.0.0/24", self.public_table, self.public_acl)
        self.gateway = build.nat(self.public, "10.77.0.5", "198.19.0.5")
        self.private_table = build.table(vpc, (ANYWHERE, self.gateway))
        self.private = build.subnet(vpc, "10.77.1.0/24", self.private_table, self.private_acl)
        endpoint = build.gateway_endpoint(vpc)
        self.isolated = build.subnet(vpc, "10.77.2.0/24", build.table(vpc, (S3_PREFIXES, endpoint)))
        self.of_bastion = build.group(vpc, [rule("tcp", 22, OWN)])
        self.of_web = build.group(vpc, [rule("tcp", 80), rule("tcp", 22, self.of_bastion)])
        self.of_app = build.group(vpc, [rule("tcp", (8000, 8099), self.of_web), rule("icmp", (8, -1), "10.77.0.0/24")])
        build.change("security_groups", self.of_app, egress=(rule("all", None, "10.77.0.0/16"), rule("tcp", 80)))
        self.of_db = build.group(vpc, [rule("tcp", 5432, self.of_app)], [rule("tcp", 443, S3_PREFIXES)])
        self.bastion = build.interface(self.public, "10.77.0.10", self.of_bastion, public="198.19.0.10")
        self.web = build.interface(self.public, "10.77.0.11", self.of_web, public="198.19.0.11")
        self.app = build.interface(self.private, "10.77.1.10", self.of_app)
        self.app2 = build.interface(self.private, "10.77.1.11", self.of_app)
        self.db = build.interface(self.isolated, "10.77.2.10", self.of_db)

    def _other(self) -> None:
        build = self.build
        self.other_vpc = build.vpc("10.77.0.0/16")
        table = build.table(self.other_vpc, (ANYWHERE, "internet"))
        subnet = build.subnet(self.other_vpc, "10.77.1.0/24", table)
        group = build.group(self.other_vpc, [rule("all")])
        self.other = build.interface(subnet, "10.77.1.10", group, public="198.19.0.20")

    def serve(self) -> None:
        """Listen where the tests ask."""
        for host in (self.bastion, self.web, self.app, self.app2, self.db, self.other, "control"):
            self.servers.listen(host, 22, 80, 443, 5432, 8080)
        for address in (S3, API):
            self.servers.listen("aws", 443, address=str(address))
        for vpc in (self.vpc, self.other_vpc):
            self.servers.listen(vpc, 80, 8080, address=str(METADATA))

    def converge(self) -> None:
        """Bring the machine to the account as it is now."""
        assert not self.network.converge(self.build.account)

    def ask(self, identity: str, address: str, port: int, **options: str | bool) -> str | None:
        """`traffic.ask` in this place."""
        return traffic.ask(self.place, identity, address, port, **options)  # type: ignore[arg-type]

    def silent(self, identity: str, address: str, port: int, **options: str | bool) -> bool:
        """Whether nobody answers. Reached and refused is an error."""
        return traffic.ask(self.place, identity, address, port, seconds=traffic.SILENCE, **options) is None  # type: ignore[arg-type]

    def drops(self, reason: str, router: str = "") -> int:
        """Packets dropped for a reason so far."""
        return drops(self.place, router or self.vpc)[reason]


@pytest.fixture(scope="module")
def standing(shared_place: Place) -> Iterator[World]:
    """The world, made once for a file of tests."""
    made = World(shared_place)
    try:
        made.converge()
        made.serve()
        yield made
    finally:
        made.servers.close()


@pytest.fixture
def world(standing: World) -> Iterator[World]:
    """The world; what a test changes of the account is undone after it."""
    before = standing.build.account
    yield standing
    if standing.build.account != before:
        standing.build.reset(before)
        standing.converge()
