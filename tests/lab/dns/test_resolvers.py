# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolvers in real namespaces, asked from hosts and from the internet."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from lab import namespaces
from lab import place as addresses
from lab.account.model import Record, Zone
from lab.dns.part import Names
from lab.network.part import Network
from lab.place import Place
from tests.lab.accounts import Accounts

VPC_RESOLVER = "10.0.0.2"
MANY = tuple(f"192.0.2.{number}" for number in range(1, 101))


class World:
    """Two VPCs of one range, a host with the same address in each, and a private zone in the first."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.build = Accounts()
        self.network, self.names = Network(place), Names(place)
        self.vpc, self.other = self.build.vpc(), self.build.vpc()
        self.host, self.stranger = (self._host(vpc, last) for vpc, last in ((self.vpc, 5), (self.other, 6)))
        self.zone("app.example.com.", "10.0.1.5")

    def _host(self, vpc: str, last: int) -> str:
        subnet = self.build.subnet(vpc, "10.0.1.0/24", self.build.table(vpc))
        # A group without rules: the resolver is reached all the same.
        return self.build.interface(subnet, f"10.0.1.{last}", self.build.group(vpc, egress=()))

    def zone(self, name: str, *values: str) -> None:
        """Make the private zone of the first VPC hold this name."""
        many = Record("many.example.com.", "A", 60, MANY, None)
        zone = Zone("Z1", "example.com.", (self.vpc,), (Record(name, "A", 60, values, None), many))
        self.build.put("zones", "Z1", zone)

    def converge(self) -> None:
        """Bring the machine to the account as it is now."""
        assert not self.network.converge(self.build.account)
        assert not self.names.converge(self.build.account)

    def ask(self, where: str, server: str, name: str, *, tcp: bool = False, timeout: float = 10) -> list[str] | str:
        """The values of the answer, or the name of the code."""
        query = dns.message.make_query(name, "A")
        with namespaces.inside(self.place.namespace(where)):
            response = (dns.query.tcp if tcp else dns.query.udp)(query, server, timeout=timeout)
        if response.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(response.rcode())
        return [str(each) for rrset in response.answer for each in rrset]


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    made = World(place)
    made.converge()
    yield made
    made.names.close()


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("server", [VPC_RESOLVER, str(addresses.RESOLVER)])
def test_a_host_is_answered_by_its_own_vpc(world: World, server: str, tcp: bool) -> None:
    assert world.ask(world.host, server, "ip-10-0-1-5.ec2.internal", tcp=tcp) == ["10.0.1.5"]
    assert world.ask(world.host, server, "app.example.com", tcp=tcp) == ["10.0.1.5"]
    assert world.ask(world.stranger, server, "ip-10-0-1-5.ec2.internal", tcp=tcp) == "NXDOMAIN"
    assert world.ask(world.stranger, server, "ip-10-0-1-6.ec2.internal", tcp=tcp) == ["10.0.1.6"]
    assert world.ask(world.stranger, server, "app.example.com", tcp=tcp) == "NXDOMAIN"


def test_the_internet_has_a_resolver_of_its_own(world: World) -> None:
    server = str(addresses.PUBLIC_RESOLVER)
    assert world.ask("control", server, "ec2.us-east-1.amazonaws.com") == [str(addresses.API)]
    assert world.ask("control", server, "app.example.com") == "NXDOMAIN"


def test_a_long_answer_comes_by_tcp(world: World) -> None:
    query = dns.message.make_query("many.example.com", "A")
    with namespaces.inside(world.place.namespace(world.host)):
        response, by_tcp = dns.query.udp_with_fallback(query, VPC_RESOLVER, timeout=10)
    assert by_tcp
    assert len(response.answer[0]) == len(MANY)


def test_several_questions_use_one_connection(world: World) -> None:
    with namespaces.inside(world.place.namespace(world.host)):
        connection = socket.create_connection((VPC_RESOLVER, 53), timeout=10)
    with connection:
        for name in ("app.example.com", "gone.example.com", "many.example.com"):
            dns.query.send_tcp(connection, dns.message.make_query(name, "A"))
            response, _ = dns.query.receive_tcp(connection)
            assert response.question[0].name.to_text() == f"{name}."


def test_the_machines_own_programs_understand_it(world: World, tmp_path: Path) -> None:
    """The C library's resolver asks for A and AAAA at once, and follows the search list."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {VPC_RESOLVER}\nsearch ec2.internal\noptions timeout:5 attempts:2\n")
    hosts = tmp_path / "nsswitch.conf"
    hosts.write_text("hosts: dns\n")
    inside = (
        f"mount --bind {resolv} /etc/resolv.conf && mount --bind {hosts} /etc/nsswitch.conf"
        " && getent ahosts ip-10-0-1-5 && getent hosts 10.0.1.5"
    )
    namespace = world.place.namespace(world.host)
    done = subprocess.run(
        ["nsenter", f"--net=/run/netns/{namespace}", "unshare", "--mount", "sh", "-c", inside],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {line[0] for line in lines} == {"10.0.1.5"}
    assert lines[-1] == ["10.0.1.5", "ip-10-0-1-5.ec2.internal"]


def test_a_new_account_is_answered_from_at_once(world: World) -> None:
    world.zone("app.example.com.", "10.0.1.99")
    world.converge()
    assert world.ask(world.host, VPC_RESOLVER, "app.example.com") == ["10.0.1.99"]


def test_without_dns_support_there_is_no_resolver(world: World) -> None:
    world.build.change("vpcs", world.vpc, dns=False)
    world.converge()
    with pytest.raises(dns.exception.Timeout):
        world.ask(world.host, VPC_RESOLVER, "app.example.com", timeout=0.4)
    with pytest.raises(ConnectionRefusedError):  # not even beside the filter
        world.ask(world.vpc, VPC_RESOLVER, "app.example.com", tcp=True)
    world.build.change("vpcs", world.vpc, dns=True)
    world.converge()
    assert world.ask(world.host, VPC_RESOLVER, "app.example.com") == ["10.0.1.5"]


def test_a_network_that_was_made_again_is_listened_in_again(world: World) -> None:
    kept = world.build.account
    bare = Accounts().account
    assert not world.network.converge(bare)
    assert not world.network.converge(kept)
    assert not world.names.converge(kept)
    assert world.ask(world.host, VPC_RESOLVER, "app.example.com") == ["10.0.1.5"]


def test_what_has_no_network_yet_is_pending_and_the_rest_answers(world: World) -> None:
    new = world.build.vpc("10.9.0.0/16")
    pending = world.names.converge(world.build.account)
    assert {each.subject for each in pending} == {new}
    assert world.ask(world.host, VPC_RESOLVER, "app.example.com") == ["10.0.1.5"]
    world.converge()


def test_closing_frees_the_addresses(world: World) -> None:
    world.names.close()
    world.names = Names(world.place)
    account = dataclasses.replace(world.build.account)
    assert not world.names.converge(account)
    assert world.ask(world.host, VPC_RESOLVER, "app.example.com") == ["10.0.1.5"]
