# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is found to what is wanted: the lines for ``ip -batch``."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from lab.network.netlink import Device, Standing
from lab.network.plan import Plan, plan
from lab.network.topology import Link, Namespace, Route, Topology

MAC = "0a:00:00:00:00:01"
ADDRESS = IPv4Interface("10.0.0.10/24")
GATEWAY = IPv4Interface("10.0.0.1/32")
DEFAULT = IPv4Network("0.0.0.0/0")
HOST = Namespace(
    exact=False,
    addresses=frozenset([("eth0", ADDRESS)]),
    routes=frozenset([Route(DEFAULT, "eth0", IPv4Address("10.0.0.1"))]),
    settings=(),
)
ROUTER = Namespace(
    exact=True,
    addresses=frozenset([("e-1", GATEWAY)]),
    routes=frozenset([Route(IPv4Network("10.0.0.10"), "e-1"), Route(IPv4Network("10.0.0.0/16"), None)]),
    settings=(),
)
WANTED = Topology({"router": ROUTER, "host": HOST}, (Link(("router", "e-1"), ("host", "eth0"), MAC),))
LOOPBACK = Device(1, "00:00:00:00:00:00", up=True, peer=0)
FOUND = {
    "router": Standing(
        {"lo": LOOPBACK, "e-1": Device(2, "0a:ff:00:00:00:01", up=True, peer=3)},
        ROUTER.addresses | {("lo", IPv4Interface("127.0.0.1/8"))}, ROUTER.routes, frozenset(), b"",
    ),
    "host": Standing(
        {"lo": LOOPBACK, "eth0": Device(3, MAC, up=True, peer=2)}, HOST.addresses, HOST.routes, frozenset(), b"",
    ),
}  # fmt: skip


def changed(identity: str, **fields: object) -> dict[str, Standing]:
    return FOUND | {identity: dataclasses.replace(FOUND[identity], **fields)}  # type: ignore[arg-type]


def test_nothing_is_done_when_all_is_there() -> None:
    assert plan(WANTED, FOUND, "lab-") == Plan({}, {})


def test_all_is_made_when_nothing_is_there() -> None:
    assert plan(WANTED, {}, "lab-") == Plan(
        {},
        {
            "router": [
                f"link add e-1 type veth peer name eth0 address {MAC} netns lab-host",
                "ntable change name arp_cache dev e-1 proxy_delay 0",
                "link set e-1 up",
                "ntable change name arp_cache dev lo proxy_delay 0",
                "link set lo up",
                "address add 10.0.0.1/32 dev e-1",
                "route replace blackhole 10.0.0.0/16",
                "route replace 10.0.0.10/32 dev e-1",
            ],
            "host": [
                "ntable change name arp_cache dev eth0 proxy_delay 0",
                "link set eth0 up",
                "ntable change name arp_cache dev lo proxy_delay 0",
                "link set lo up",
                "address add 10.0.0.10/24 dev eth0",
                "route replace 0.0.0.0/0 via 10.0.0.1 dev eth0 onlink",
            ],
        },
    )


def test_a_link_that_leads_elsewhere_is_made_anew_with_all_that_hung_on_it() -> None:
    found = changed("host", devices={"lo": LOOPBACK, "eth0": Device(3, MAC, up=True, peer=9)})
    result = plan(WANTED, found, "lab-")
    assert result.removals == {"router": ["link del e-1"], "host": ["link del eth0"]}
    assert "address add 10.0.0.10/24 dev eth0" in result.changes["host"]
    assert "route replace 10.0.0.10/32 dev e-1" in result.changes["router"]


def test_a_link_with_another_hardware_address_is_made_anew() -> None:
    found = changed("host", devices={"lo": LOOPBACK, "eth0": Device(3, "0a:00:00:00:00:99", up=True, peer=2)})
    assert plan(WANTED, found, "lab-").removals == {"router": ["link del e-1"], "host": ["link del eth0"]}


def test_a_router_has_nothing_else() -> None:
    found = changed(
        "router",
        devices={
            **FOUND["router"].devices,
            "e-9": Device(9, MAC, up=True, peer=1),
            "sit0": Device(8, "", up=False, peer=0),
        },
        addresses=FOUND["router"].addresses | {("e-1", IPv4Interface("10.9.9.1/32")), ("e-9", GATEWAY)},
        routes=ROUTER.routes | {Route(IPv4Network("10.9.9.0/24"), "e-1"), Route(IPv4Network("10.9.8.0/24"), "e-9")},
        marks=frozenset([7]),
    )
    assert plan(WANTED, found, "lab-") == Plan(
        {"router": ["link del e-9"]},
        {
            "router": [
                "address del 10.9.9.1/32 dev e-1",
                "rule del fwmark 0x7 lookup 7",
                "route del 10.9.9.0/24 dev e-1",
            ]
        },
    )


def test_a_host_keeps_what_it_made_itself() -> None:
    found = changed(
        "host",
        devices={**FOUND["host"].devices, "cni0": Device(9, MAC, up=True, peer=4)},
        addresses=HOST.addresses | {("cni0", IPv4Interface("10.42.0.1/24"))},
        routes=HOST.routes | {Route(IPv4Network("10.42.0.0/16"), "cni0")},
    )
    assert plan(WANTED, found, "lab-") == Plan({}, {})


def test_a_route_that_changes_its_way_is_replaced() -> None:
    found = changed(
        "router", routes=frozenset([Route(IPv4Network("10.0.0.10"), None), Route(IPv4Network("10.0.0.0/16"), None)])
    )
    assert plan(WANTED, found, "lab-") == Plan({}, {"router": ["route replace 10.0.0.10/32 dev e-1"]})


def test_a_mark_has_a_rule_and_a_table() -> None:
    route = Route(DEFAULT, "e-1", IPv4Address("10.0.0.10"), 300)
    router = dataclasses.replace(ROUTER, marks=frozenset([300]), routes=ROUTER.routes | {route})
    wanted = dataclasses.replace(WANTED, namespaces={"router": router, "host": HOST})
    assert plan(wanted, FOUND, "lab-").changes == {
        "router": ["rule add fwmark 0x12c lookup 300", "route replace 0.0.0.0/0 via 10.0.0.10 dev e-1 onlink table 300"]
    }
