# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From whatever is there to what the account says, and back to nothing."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from lab import namespaces
from lab.machine import run
from lab.network import machine, netlink
from lab.network.machine import remove_all
from lab.network.part import Network
from lab.network.topology import topology, vpc_port
from lab.place import Place, port
from tests.lab.accounts import ANYWHERE, Accounts, rule
from tests.lab.network.traffic import Servers, ask


class Small:
    """One VPC with two hosts of one subnet; port 80 is open everywhere."""

    def __init__(self) -> None:
        self.build = Accounts()
        self.vpc = self.build.vpc("10.77.0.0/16")
        group = self.build.group(self.vpc, [rule("tcp", 80)])
        table = self.build.table(self.vpc, (ANYWHERE, "internet"))
        subnet = self.build.subnet(self.vpc, "10.77.0.0/24", table)
        self.one = self.build.interface(subnet, "10.77.0.10", group, public="198.19.0.10")
        self.two = self.build.interface(subnet, "10.77.0.11", group)


@pytest.fixture
def small(place: Place) -> Small:
    """Standing on the machine."""
    made = Small()
    assert not Network(place).converge(made.build.account)
    return made


def names(place: Place) -> set[str]:
    return {each.name.removeprefix(place.prefix) for each in Path("/run/netns").glob(f"{place.prefix}*")}


def works(place: Place, small: Small) -> bool:
    """Whether both hosts are reached, one from outside."""
    servers = Servers(place)
    try:
        servers.listen(small.one, 80)
        servers.listen(small.two, 80)
        seen = ask(place, "control", "198.19.0.10", 80), ask(place, small.one, "10.77.0.11", 80)
    finally:
        servers.close()
    return seen == ("203.0.113.10", "10.77.0.10")


def test_there_is_nothing_more_to_do_after_a_round(place: Place, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(command: list[str], **options: object) -> str:
        raise AssertionError(f"{command}: {options}")

    monkeypatch.setattr(machine, "run", refuse)
    assert not Network(place).converge(small.build.account)
    with pytest.raises(AssertionError, match="netns del"):
        remove_all(place)


def test_a_host_looks_as_on_aws(place: Place, small: Small) -> None:
    with namespaces.inside(place.namespace(small.two)):
        found = netlink.standing()
        settings = {name: Path(f"/proc/sys/net/{name}").read_text().strip() for name in (
            "ipv4/ip_forward", "ipv6/conf/eth0/disable_ipv6", "ipv6/conf/lo/disable_ipv6")}  # fmt: skip
    assert set(found.devices) >= {"lo", "eth0"}
    assert found.devices["eth0"].mac == small.build.account.interfaces[small.two].mac
    assert ("eth0", "10.77.0.11/24") in {(device, str(address)) for device, address in found.addresses}
    assert [(str(each.destination), str(each.via)) for each in found.routes] == [("0.0.0.0/0", "10.77.0.1")]
    assert list(settings.values()) == ["0", "1", "0"]


def test_what_the_account_has_no_more_goes(place: Place, small: Small) -> None:
    small.build.remove("interfaces", small.two)
    assert not Network(place).converge(small.build.account)
    assert names(place) == {"core", "control", "aws", small.vpc, small.one}
    with namespaces.inside(place.namespace(small.vpc)):
        assert port(small.two) not in netlink.standing().devices
    small.build.remove("interfaces", small.one)
    small.build.remove("vpcs", small.vpc)
    assert not Network(place).converge(small.build.account)
    assert names(place) == {"core", "control", "aws"}
    with namespaces.inside(place.namespace("core")):
        assert vpc_port(small.vpc) not in netlink.standing().devices


def test_a_namespace_with_processes_stays_but_is_cut_off(place: Place, small: Small) -> None:
    command = ["ip", "netns", "exec", place.namespace(small.two), "cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"it runs\n")
        process.stdin.flush()
        process.stdout.readline()
        small.build.remove("interfaces", small.two)
        (pending,) = Network(place).converge(small.build.account)
        assert (pending.subject, "1 process" in pending.why) == (small.two, True)
        assert small.two in names(place)
        with namespaces.inside(place.namespace(small.two)):
            assert "eth0" not in netlink.standing().devices
        process.stdin.close()
        process.wait(10)
    assert not Network(place).converge(small.build.account)
    assert small.two not in names(place)


def test_an_address_may_go_to_a_new_interface_at_once(place: Place, small: Small) -> None:
    old = small.build.account.interfaces[small.two]
    small.build.remove("interfaces", small.two)
    small.two = small.build.interface(old.subnet, str(old.address), *old.groups)
    assert not Network(place).converge(small.build.account)
    assert works(place, small)


def test_a_public_address_moves_between_vpcs(place: Place, small: Small) -> None:
    vpc = small.build.vpc("10.77.0.0/16")
    table = small.build.table(vpc, (ANYWHERE, "internet"))
    subnet = small.build.subnet(vpc, "10.77.0.0/24", table)
    host = small.build.interface(subnet, "10.77.0.10", small.build.group(vpc, [rule("tcp", 80)]))
    assert not Network(place).converge(small.build.account)
    small.build.change("interfaces", small.one, public=None)
    small.build.change("interfaces", host, public=IPv4Address("198.19.0.10"))
    assert not Network(place).converge(small.build.account)
    servers = Servers(place)
    try:
        servers.listen(host, 80)
        assert ask(place, "control", "198.19.0.10", 80) == "203.0.113.10"
    finally:
        servers.close()


BREAKAGES = {
    "a host's namespace is gone": ["ip netns del {two}"],
    "the router is gone": ["ip netns del {vpc}"],
    "core is gone": ["ip netns del core"],
    "everything is gone": ["ip netns del core", "ip netns del {vpc}", "ip netns del {one}", "ip netns del aws"],
    "a link is gone": ["ip -n {vpc} link del {port}"],
    "a link is down": ["ip -n {vpc} link set {port} down"],
    "a link leads elsewhere": ["ip -n {two} link del eth0", "ip -n {two} link add eth0 type veth peer name other"],
    "a host has no address": ["ip -n {two} address flush dev eth0"],
    "a host has no route": ["ip -n {two} route del default"],
    "the router lacks a route": ["ip -n {vpc} route del 10.77.0.11"],
    "the router has a wrong route": ["ip -n {vpc} route replace blackhole 10.77.0.11"],
    "the router's filter is gone": ["ip netns exec {vpc} nft flush ruleset"],
    "the router forwards no more": ["ip netns exec {vpc} sysctl -qw net.ipv4.ip_forward=0"],
    "a name without a namespace": ["ip netns del {two}", "touch /run/netns/{two}"],
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_next_round_mends(place: Place, small: Small, breakage: str) -> None:
    words = {"vpc": place.namespace(small.vpc), "one": place.namespace(small.one), "two": place.namespace(small.two)}
    for command in BREAKAGES[breakage]:
        text = command.format(**words, port=port(small.two))
        for name in ("core", "aws"):
            text = text.replace(f"netns del {name}", f"netns del {place.namespace(name)}")
        run(text.split())
    assert not Network(place).converge(small.build.account)
    assert works(place, small)
    assert not Network(place).converge(small.build.account)


class Killed(BaseException):
    """The daemon's end."""


@pytest.mark.parametrize("moment", range(9))
def test_a_round_that_was_killed_is_finished_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Killed within each of the programs that a first round runs, when half of its lines are done."""
    calls = iter(range(100))

    def kill(command: list[str], text: str = "") -> str:
        if next(calls) < moment:
            return run(command, text=text)
        if command[0] == "ip":  # nft does all or nothing
            lines = text.splitlines()
            run(command, text="\n".join(lines[: (len(lines) + 1) // 2]) + "\n")
        raise Killed

    small = Small()
    monkeypatch.setattr(machine, "run", kill)
    with pytest.raises(Killed):
        Network(place).converge(small.build.account)
    monkeypatch.undo()
    assert not Network(place).converge(small.build.account)
    assert works(place, small)


def test_without_its_filter_a_router_has_no_links(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Small()
    monkeypatch.setattr("lab.network.part.ruleset", lambda account, vpc: 'table inet broken { comment "no"; nonsense')
    pending = {each.subject for each in Network(place).converge(small.build.account)}
    assert pending == {small.vpc, small.one, small.two}
    with namespaces.inside(place.namespace(small.vpc)):
        assert [name for name, each in netlink.standing().devices.items() if each.peer] == ["igw"]
    monkeypatch.undo()
    assert not Network(place).converge(small.build.account)
    assert works(place, small)


def test_all_goes_by_names_alone(place: Place, small: Small) -> None:
    (Path("/run/netns") / place.namespace("half-made")).touch()
    assert len(names(place)) == len(topology(small.build.account).namespaces) + 1
    remove_all(place)
    assert names(place) == set()
    remove_all(place)
