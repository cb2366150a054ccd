# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network is real: what the account allows is answered, all else meets silence."""

from __future__ import annotations

import re
import socket
import struct
from ipaddress import IPv4Address

import pytest

from lab import namespaces
from lab.account.model import AclEntry
from lab.machine import run
from lab.network.topology import endpoint_sources, vpc_port
from lab.place import API, CONTROL, METADATA, S3
from tests.lab.accounts import ALLOW_ALL, ANYWHERE, entry, rule
from tests.lab.network import traffic
from tests.lab.network.conftest import World

SEEN = [
    # asks, address, port, what the server sees (None: silence)
    ("control", "198.19.0.10", 22, str(CONTROL)),
    ("control", "198.19.0.10", 80, None),
    ("control", "198.19.0.11", 80, str(CONTROL)),
    ("control", "198.19.0.11", 22, None),
    ("control", "198.19.0.5", 80, None),  # the NAT gateway
    ("control", "10.77.1.10", 8080, None),
    ("control", "10.77.0.10", 22, None),
    ("bastion", "10.77.0.11", 22, "10.77.0.10"),
    ("app", "10.77.0.11", 22, None),
    ("web", "10.77.1.10", 8080, "10.77.0.11"),
    ("web", "10.77.1.11", 8080, "10.77.0.11"),
    ("web", "10.77.1.10", 5432, None),
    ("bastion", "10.77.1.10", 8080, None),
    ("app", "10.77.2.10", 5432, "10.77.1.10"),
    ("web", "10.77.2.10", 5432, None),
    ("app", "10.77.1.11", 8080, None),  # the same subnet, the same group, no rule
    ("app", str(CONTROL), 80, "198.19.0.5"),
    ("app", str(CONTROL), 443, None),  # its group lets out 80 only
    ("web", str(CONTROL), 80, "198.19.0.11"),
    ("db", str(CONTROL), 80, None),
    ("web", "198.19.0.11", 80, "198.19.0.11"),  # itself, by way of the internet
    ("bastion", "198.19.0.11", 80, "198.19.0.10"),
    ("bastion", "198.19.0.11", 22, None),  # a group's members are known by their private addresses
    ("app", "198.19.0.11", 80, "198.19.0.5"),
    ("other", "10.77.0.10", 22, None),
    ("other", "10.77.2.10", 5432, None),
    ("other", "198.19.0.11", 80, "198.19.0.20"),
    ("control", "198.19.0.20", 8080, str(CONTROL)),
    ("web", str(API), 443, "198.19.0.11"),
    ("db", str(API), 443, None),
]  # fmt: skip


def test_only_what_rules_and_routes_allow_is_answered(world: World) -> None:
    questions = [
        (getattr(world, who, who), address, port, traffic.PATIENCE if seen else traffic.SILENCE)
        for who, address, port, seen in SEEN
    ]
    answers = traffic.ask_all(world.place, questions)
    assert [(*asked[:3], seen) for asked, seen in zip(SEEN, answers, strict=True)] == SEEN


def test_a_vpc_with_the_same_addresses_is_another_network(world: World) -> None:
    # main's app and other's host are both 10.77.1.10: each VPC reaches its own.
    world.servers.listen(world.other, 9000)
    world.build.change("security_groups", world.of_app, ingress=(rule("all"),))
    world.converge()
    with pytest.raises(ConnectionRefusedError):
        world.ask(world.web, "10.77.1.10", 9000)


def test_ping_needs_a_rule_of_its_own(world: World) -> None:
    assert traffic.ping(world.place, world.web, "10.77.1.10")
    assert not traffic.ping(world.place, world.app, "10.77.1.11", traffic.SILENCE)
    assert not traffic.ping(world.place, world.app, "10.77.0.10", traffic.SILENCE)


def test_a_rule_taken_away_closes_the_port_for_new_connections_only(world: World) -> None:
    before = world.build.account.security_groups[world.of_app].ingress
    with traffic.connected(world.place, (world.web, "10.77.1.10", 8080)) as old:
        assert traffic.exchange(old) == "10.77.0.11"
        world.build.change("security_groups", world.of_app, ingress=())
        world.converge()
        assert traffic.exchange(old) == "10.77.0.11"
        assert world.silent(world.web, "10.77.1.10", 8080)
        assert world.drops(f"security_group_in_{world.app}") > 0
    world.build.change("security_groups", world.of_app, ingress=before)
    world.converge()
    assert world.ask(world.web, "10.77.1.10", 8080) == "10.77.0.11"


def test_translated_connections_outlive_a_change_of_rules(world: World) -> None:
    control = ("control", "198.19.0.11", 80)
    private = (world.app, str(CONTROL), 80)
    with traffic.connected(world.place, control) as inward, traffic.connected(world.place, private) as outward:
        assert [traffic.exchange(inward), traffic.exchange(outward)] == [str(CONTROL), "198.19.0.5"]
        world.build.change("security_groups", world.of_db, ingress=())
        world.converge()
        assert [traffic.exchange(inward), traffic.exchange(outward)] == [str(CONTROL), "198.19.0.5"]


def test_a_group_may_name_itself(world: World) -> None:
    world.build.change("security_groups", world.of_app, ingress=(rule("tcp", 8080, world.of_app),))
    world.converge()
    assert world.ask(world.app, "10.77.1.11", 8080) == "10.77.1.10"
    assert world.silent(world.web, "10.77.1.11", 8080)


def test_a_new_member_of_a_group_is_let_in(world: World) -> None:
    world.build.change("interfaces", world.bastion, groups=(world.of_bastion, world.of_web))
    world.converge()
    assert world.ask(world.bastion, "10.77.1.10", 8080) == "10.77.0.10"


def test_what_no_rule_lets_out_stays_in(world: World) -> None:
    world.build.change("security_groups", world.of_web, egress=(rule("tcp", 8080, world.of_app),))
    world.converge()
    assert world.ask(world.web, "10.77.1.10", 8080) == "10.77.0.11"
    assert world.silent(world.web, "198.19.0.10", 22)
    assert world.drops(f"security_group_out_{world.web}") > 0


def test_a_network_acl_denies_what_a_group_allows(world: World) -> None:
    denied = [entry(50, allow=False, ports=8080, peer="10.77.0.0/24"), entry(100), entry(100, egress=True)]
    with traffic.connected(world.place, (world.web, "10.77.1.10", 8080)) as old:
        world.build.change("network_acls", world.private_acl, entries=tuple(denied))
        world.converge()
        assert world.silent(world.web, "10.77.1.10", 8080)
        assert traffic.exchange(old, traffic.SILENCE) is None  # it knows no connections
        assert world.drops(f"network_acl_in_{world.private_acl}") > 0


def test_the_first_entry_of_a_network_acl_decides(world: World) -> None:
    entries = (entry(50), entry(60, allow=False, ports=8080), entry(100, egress=True))
    world.build.change("network_acls", world.private_acl, entries=entries)
    world.converge()
    assert world.ask(world.web, "10.77.1.10", 8080) == "10.77.0.11"


def test_a_network_acl_must_let_answers_out_too(world: World) -> None:
    world.build.change("network_acls", world.private_acl, entries=(entry(100),))
    world.converge()
    assert world.silent(world.web, "10.77.1.10", 8080)
    assert world.drops(f"network_acl_out_{world.private_acl}") > 0


def test_a_network_acl_has_no_say_within_its_subnet(world: World) -> None:
    world.build.change("network_acls", world.private_acl, entries=())
    world.build.change("security_groups", world.of_app, ingress=(rule("all"),))
    world.converge()
    assert world.ask(world.app, "10.77.1.11", 8080) == "10.77.1.10"
    assert world.silent(world.web, "10.77.1.11", 8080)


@pytest.mark.parametrize(
    "denied",
    [
        pytest.param(entry(50, allow=False, peer="10.77.1.0/24"), id="in from the private subnet"),
        pytest.param(entry(50, allow=False, egress=True, peer="203.0.113.0/24"), id="out to the internet"),
        pytest.param(entry(50, allow=False, peer="203.0.113.0/24"), id="in from the internet"),
        pytest.param(entry(50, allow=False, egress=True, peer="10.77.1.0/24"), id="out to the private subnet"),
    ],
)
def test_the_acl_of_a_nat_gateways_subnet_judges_what_passes_it(world: World, denied: AclEntry) -> None:
    world.build.change("network_acls", world.public_acl, entries=(denied, *ALLOW_ALL))
    world.converge()
    assert world.silent(world.app, str(CONTROL), 80)


def test_a_public_address_needs_a_route_to_the_internet_gateway(world: World) -> None:
    world.build.change("subnets", world.public, route_table=world.build.table(world.vpc))
    world.converge()
    assert world.silent("control", "198.19.0.11", 80)
    assert world.silent(world.app, str(CONTROL), 80)  # nor does the NAT gateway there
    assert world.drops("no_route") > 0


def test_a_route_to_the_internet_gateway_needs_a_public_address(world: World) -> None:
    world.build.change("subnets", world.private, route_table=world.public_table)
    world.converge()
    assert world.silent(world.app, str(CONTROL), 80)
    assert world.drops("no_public_address") > 0


def test_a_black_hole_swallows(world: World) -> None:
    table = world.build.account.route_tables[world.private_table]
    local, default = table.routes
    dead = type(default)(default.destination, default.target, active=False)
    world.build.change("route_tables", world.private_table, routes=(local, dead))
    world.converge()
    assert world.silent(world.app, str(CONTROL), 80)


@pytest.mark.parametrize("gone", [True, False])
def test_another_nat_gateway_knows_nothing_of_the_connections_of_the_first(world: World, gone: bool) -> None:
    with traffic.connected(world.place, (world.app, str(CONTROL), 80)) as old:
        other = world.build.nat(world.public, "10.77.0.6", "198.19.0.6")
        if gone:
            world.build.remove("nat_gateways", world.gateway)
        world.build.change("subnets", world.private, route_table=world.build.table(world.vpc, (ANYWHERE, other)))
        world.converge()
        assert traffic.exchange(old, traffic.SILENCE) is None
        assert world.ask(world.app, str(CONTROL), 80) == "198.19.0.6"


def test_a_public_address_that_moves_takes_no_flow_with_it(world: World) -> None:
    for group in (world.of_bastion, world.of_web):
        world.build.change("security_groups", group, ingress=(rule("all"),))
    world.converge()
    for host in (world.bastion, "control"):
        world.servers.listen(host, 5000, udp=True)
    into, out = ("control", "198.19.0.10", 5000), (world.bastion, str(CONTROL), 5000)
    with (
        traffic.connected(world.place, into, udp=True) as inward,
        traffic.connected(world.place, out, udp=True) as outward,
    ):
        assert [traffic.exchange(inward), traffic.exchange(outward)] == [str(CONTROL), "198.19.0.10"]
        world.build.change("interfaces", world.bastion, public=IPv4Address("198.19.0.30"))
        world.build.change("interfaces", world.web, public=IPv4Address("198.19.0.10"))
        world.converge()
        assert traffic.exchange(inward, traffic.SILENCE) is None
        assert traffic.exchange(outward, traffic.SILENCE) is None
        assert world.ask("control", "198.19.0.10", 80) == str(CONTROL)
        assert world.ask(world.bastion, str(CONTROL), 80) == "198.19.0.30"


def test_nobody_answers_for_an_address_that_nobody_has(world: World) -> None:
    """Not even the router, whose default route it would match: what is sent there goes nowhere."""
    with namespaces.inside(world.place.namespace("core")):
        run(["ip", "route", "replace", "10.77.9.9/32", "dev", "control"])
    with namespaces.inside(world.place.namespace("control")):
        run(["ip", "address", "add", "10.77.9.9/32", "dev", "lo"])
    assert world.silent(world.web, "10.77.0.99", 80)
    assert world.silent(world.web, "10.77.9.9", 80)
    with namespaces.inside(world.place.namespace(world.web)):
        assert "lladdr" not in run(["ip", "neighbour", "show", "10.77.0.99"])
    with namespaces.inside(world.place.namespace("control")):
        run(["ip", "address", "del", "10.77.9.9/32", "dev", "lo"])
    world.converge()


def test_a_private_address_is_out_of_reach_even_with_a_route_to_it(world: World) -> None:
    with namespaces.inside(world.place.namespace("core")):
        run(["ip", "route", "replace", "10.77.1.0/24", "via", "169.254.0.2", "dev", vpc_port(world.vpc), "onlink"])
    before = world.drops("from_internet")
    assert world.silent("control", "10.77.1.10", 8080)
    assert world.drops("from_internet") > before
    world.converge()
    with namespaces.inside(world.place.namespace("core")):
        assert "10.77.1.0" not in run(["ip", "route"])


def test_a_foreign_source_address_is_dropped_at_the_first_router(world: World) -> None:
    with namespaces.inside(world.place.namespace(world.web)):
        run(["ip", "address", "add", "10.77.0.10/32", "dev", "lo"])
    before = world.drops("source_check")
    assert world.ask(world.web, "10.77.0.11", 22, source="10.77.0.10") is not None  # not over the network
    assert world.silent(world.web, "10.77.1.10", 8080, source="10.77.0.10")
    assert world.silent(world.web, str(METADATA), 80, source="10.77.0.10")
    assert world.drops("source_check") >= before + 2
    with namespaces.inside(world.place.namespace(world.web)):
        run(["ip", "address", "del", "10.77.0.10/32", "dev", "lo"])


def test_the_internet_drops_a_source_that_its_link_does_not_have(world: World) -> None:
    with namespaces.inside(world.place.namespace("control")):
        run(["ip", "address", "add", "198.19.0.20/32", "dev", "lo"])
    before = world.drops("source_check", "core")
    assert world.silent("control", "198.19.0.11", 80, source="198.19.0.20")
    assert world.drops("source_check", "core") > before
    with namespaces.inside(world.place.namespace("control")):
        run(["ip", "address", "del", "198.19.0.20/32", "dev", "lo"])


def test_a_host_without_source_check_takes_and_sends_for_others(world: World) -> None:
    pods = "192.168.50.0/24"
    with namespaces.inside(world.place.namespace(world.app2)):
        run(["ip", "address", "add", "192.168.50.1/32", "dev", "lo"])
    table = world.build.table(world.vpc, (pods, world.app2), (ANYWHERE, "internet"))
    world.build.change("subnets", world.public, route_table=table)
    world.build.change("security_groups", world.of_app, ingress=(rule("tcp", 8080, "10.77.0.0/16"),))
    world.converge()
    assert world.silent(world.web, "192.168.50.1", 8080)
    world.build.change("interfaces", world.app2, source_dest_check=False)
    world.converge()
    assert world.ask(world.web, "192.168.50.1", 8080) == "10.77.0.11"
    # The metadata service tells hosts by their addresses: none may ask with another's.
    before = world.drops("source_check")
    assert world.silent(world.app2, str(METADATA), 80, source="192.168.50.1")
    assert world.drops("source_check") > before
    world.build.change("interfaces", world.app2, source_dest_check=True)
    world.converge()
    assert world.silent(world.web, "192.168.50.1", 8080)


def test_a_gateway_endpoint_is_a_way_to_its_service_only(world: World) -> None:
    world.build.change("vpcs", world.vpc, internet_gateway=None)
    world.converge()
    source = endpoint_sources(world.build.account)[world.vpc]
    assert world.ask(world.db, str(S3), 443) == str(source)
    assert world.silent(world.web, str(S3), 443)
    world.build.change("security_groups", world.of_db, egress=(rule("all"),))
    world.converge()
    assert world.silent(world.db, str(API), 443)
    assert world.silent(world.db, str(CONTROL), 80)


def test_metadata_is_there_whatever_the_groups_say(world: World) -> None:
    world.build.change("security_groups", world.of_app, ingress=(), egress=())
    world.build.change("network_acls", world.private_acl, entries=())
    world.converge()
    assert world.ask(world.app, str(METADATA), 80) == "10.77.1.10"
    assert world.silent(world.app, str(METADATA), 8080)
    with namespaces.inside(world.place.namespace("core")):
        run(["ip", "route", "replace", str(METADATA), "via", "169.254.0.2", "dev", vpc_port(world.vpc), "onlink"])
    assert world.silent("control", str(METADATA), 80)
    world.converge()


@pytest.mark.parametrize("answers", [True, False])
def test_the_resolver_answers_where_the_vpc_says_so(world: World, answers: bool) -> None:
    if answers:
        for address in ("10.77.0.2", "169.254.169.253"):
            world.servers.listen(world.vpc, 53, address=address, udp=True)
    world.build.change("vpcs", world.vpc, dns=answers)
    world.converge()
    for address in ("10.77.0.2", "169.254.169.253"):
        if answers:
            assert world.ask(world.app, address, 53, udp=True) == "10.77.1.10"
        else:
            assert world.silent(world.app, address, 53, udp=True)


def test_a_packet_of_no_connection_that_begins_none_is_dropped(world: World) -> None:
    """Address translation leaves such packets as they are: a private address would leave."""
    before = world.drops("invalid")
    with namespaces.inside(world.place.namespace(world.web)):
        made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    with made:
        made.sendto(struct.pack("!HHIIBBHHH", 40000, 80, 0, 0, 5 << 4, 0, 0, 0, 0), (str(CONTROL), 0))
    assert world.drops("invalid") == before + 1


def test_nothing_passes_the_machines_own_interfaces(world: World) -> None:
    """A filter in the machine's own namespace watches while every kind of traffic runs, and counts nothing."""
    ranges = "{ 10.77.0.0/16, 198.18.0.0/15, 203.0.113.0/24 }"
    table = f"slipway_watch_{world.place.name}"
    hooks = "".join(
        f"chain {hook} {{ type filter hook {hook} priority raw; "
        # One packet that shows that it counts; it ends here.
        "ip daddr 10.77.0.10 udp dport 9 counter name seen drop; "
        f"ip saddr {ranges} counter name leaked; ip daddr {ranges} counter name leaked; }}\n"
        for hook in ("output", "prerouting", "postrouting")
    )
    run(["nft", "-f", "-"], text=f"table inet {table} {{ counter seen {{ }}\ncounter leaked {{ }}\n{hooks} }}")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as machine, pytest.raises(PermissionError):
            machine.sendto(b"?", ("10.77.0.10", 9))
        test_only_what_rules_and_routes_allow_is_answered(world)
        counters = run(["nft", "list", "counters", "table", "inet", table])
        assert re.findall(r"counter (\w+) {\s+packets (\d+)", counters) == [("seen", "1"), ("leaked", "0")]
    finally:
        run(["nft", "delete", "table", "inet", table])
