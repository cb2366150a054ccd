# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC with a database and a client, each in its namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab import image, podman
from lab.authority import Authority
from lab.database.part import Databases
from lab.database.server import container_name
from lab.emulator.reality import Reality
from lab.network.part import Network
from lab.place import Place
from lab.reconcile import Pending
from tests.lab.accounts import Accounts, rule
from tests.lab.waiting import eventually
from tests.unit.lab.database.databases import database

DEADLINE = 180.0
ADDRESS = "10.0.1.5"


class World:
    """An account with databases, the parts that follow it, and a client in the same VPC."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.accounts = Accounts()
        vpc = self.accounts.vpc()
        self._subnet = self.accounts.subnet(vpc, "10.0.1.0/24", self.accounts.table(vpc))
        self._group = self.accounts.group(vpc)
        self.accounts.change("security_groups", self._group, ingress=(rule("tcp", 5432, self._group),))
        self.client = self.accounts.interface(self._subnet, "10.0.1.200", self._group)
        self.authority = Authority(place.part("authority"))
        self.reality = Reality()
        self.network = Network(place)
        self.databases = self.new_part()
        self._next = 5

    def new_part(self) -> Databases:
        """What a daemon that starts anew would have."""
        return Databases(self.place, self.reality, self.authority, image.ensure)

    def add(self, identity: str, **fields: Any) -> str:
        """A database with an interface; returns its address."""
        address = f"10.0.1.{self._next}"
        self._next += 1
        self.accounts.interface(self._subnet, address, self._group, owner=("database", identity))
        arn = f"arn:aws:rds:us-east-1:123456789012:db:{identity}"
        made = database(
            id=identity,
            name=f"{identity}-name",
            arn=arn,
            endpoint=f"{identity}.abc.us-east-1.rds.amazonaws.com",
            **fields,
        )
        self.accounts.put("databases", identity, made)
        return address

    def round(self) -> list[Pending]:
        account = self.accounts.account
        return [*self.network.converge(account), *self.databases.converge(account)]

    def settle(self, until: Callable[[list[Pending]], bool] = lambda left: not left) -> list[Pending]:
        """Rounds until one leaves nothing to do, or what `until` says."""
        return eventually(self.round, until, DEADLINE)

    def start_client(self) -> None:
        """A container with psql, which trusts the lab's authority."""
        podman.start(
            self.place,
            podman.Container(
                name=self.place.container("client"),
                part="client",
                image=image.tag("postgresql"),
                namespace=self.place.namespace(self.client),
                hostname="client",
                command=("sleep", "infinity"),
                mounts=((str(self.authority.bundle), "/authority.pem", "ro"),),
            ),
        )

    def sql(self, text: str, address: str = ADDRESS, identity: str = "shop", **parts: str) -> str:
        """Run SQL from the client, over TLS with the server's name verified unless told otherwise. Raises `Failed`."""
        values = {
            "hostaddr": address, "host": f"{identity}.abc.us-east-1.rds.amazonaws.com", "user": "slipway",
            "password": "first-Secret-1", "dbname": "platform", "sslmode": "verify-full",
            "sslrootcert": "/authority.pem", "connect_timeout": "2", **parts,
        }  # fmt: skip
        line = " ".join(f"{name}={value}" for name, value in values.items())
        command = ["/usr/lib/postgresql/15/bin/psql", line, "--no-psqlrc", "--tuples-only", "--no-align", "--quiet"]
        return podman.execute(self.place.container("client"), [*command, f"--command={text}"]).strip()

    def container(self, identity: str = "shop") -> podman.Standing:
        """The container of a database."""
        return podman.standing(self.place, "database")[container_name(self.place, identity)]


@pytest.fixture(scope="module")
def world(shared_place: Place) -> Iterator[World]:
    """One for the tests of a file: a database called shop serves, and the client runs."""
    made = World(shared_place)
    try:
        made.add("shop")
        made.settle()
        made.start_client()
        yield made
    finally:
        made.databases.close()
