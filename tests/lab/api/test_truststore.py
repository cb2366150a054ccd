# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authorities of RDS's certificates, fetched by a host from where AWS publishes them."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import dns.message
import dns.query
import pytest

from lab import namespaces
from lab.api import Api
from lab.authority import Authority
from lab.dns.part import Names
from lab.network.part import Network
from lab.place import RESOLVER, Place
from lab.reconcile import Part
from lab.truststore import NAME
from tests.lab.accounts import Accounts

BUNDLE = "/global/global-bundle.pem"


def api(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """What stands for all other names."""
    start_response("200 OK", [("Content-Length", "3")])
    return [b"api"]


class World:
    """A VPC with a host that has a public address."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.authority = Authority(place.part("authority"))
        build = Accounts()
        vpc = build.vpc()
        subnet = build.subnet(vpc, "10.0.1.0/24", build.table(vpc, ("0.0.0.0/0", "internet")))
        self.host = build.interface(subnet, "10.0.1.5", build.group(vpc), public="198.19.0.5")
        self.parts: list[Part] = [Network(place), Api(place, api, self.authority), Names(place)]
        for part in self.parts:
            assert not part.converge(build.account)

    def resolve(self, name: str) -> str:
        """The first address that the host's resolver tells."""
        with namespaces.inside(self.place.namespace(self.host)):
            response = dns.query.udp(dns.message.make_query(name, "A"), str(RESOLVER), timeout=10)
        return str(response.answer[0][0])

    def ask(self, path: str, name: str = NAME, method: str = "GET", **headers: str) -> tuple[int, bytes, str | None]:
        """Status, body, and when it was changed last; over TLS that trusts the lab's authority alone."""
        context = ssl.create_default_context(cafile=str(self.authority.bundle))
        connection = http.client.HTTPSConnection(self.resolve(name), timeout=10, context=context)
        with namespaces.inside(self.place.namespace(self.host)):
            connection.sock = _connected(connection, context, name)
        connection.request(method, path, headers={"Host": name} | headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body, response.getheader("Last-Modified")


def _connected(connection: http.client.HTTPSConnection, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    http.client.HTTPConnection.connect(connection)
    return context.wrap_socket(connection.sock, server_hostname=name)


@pytest.fixture(scope="module")
def world(shared_place: Place) -> Iterator[World]:
    made = World(shared_place)
    yield made
    for part in made.parts:
        part.close()


@pytest.mark.parametrize("path", [BUNDLE, "/eu-west-1/eu-west-1-bundle.pem"])
def test_a_bundle_is_the_lab_s_authority(world: World, path: str) -> None:
    assert world.ask(path)[:2] == (200, world.authority.bundle.read_bytes())


def test_who_has_it_gets_no_second_copy(world: World) -> None:
    *_, changed = world.ask(BUNDLE, method="HEAD")
    assert changed
    assert world.ask(BUNDLE, **{"If-Modified-Since": changed})[:2] == (304, b"")
    assert world.ask(BUNDLE, **{"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"})[0] == 200


@pytest.mark.parametrize("path", ["/", "/global/eu-west-1-bundle.pem", "/../authority.key"])
def test_there_is_nothing_else(world: World, path: str) -> None:
    assert world.ask(path)[0] == 404


def test_other_names_are_the_api_s(world: World) -> None:
    assert world.ask(BUNDLE, "rds.us-east-1.amazonaws.com")[:2] == (200, b"api")
