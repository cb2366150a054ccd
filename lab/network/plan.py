# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must change for the namespaces to be as the topology says: lines for ``ip -batch``. Pure.

Two rounds, because a link has two ends: first all `removals`, then all `changes`, nearest to core first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.network.netlink import NOTHING, Device, Standing
from lab.network.topology import MAIN, Link, Namespace, Route, Topology

LOOPBACK = "lo"
_NO_DEVICE = Device(0, "", up=False, peer=0)


@dataclass(frozen=True)
class Plan:
    """Lines by namespace; namespaces that are as they should be are not in it."""

    removals: Mapping[str, Sequence[str]]
    changes: Mapping[str, Sequence[str]]


def plan(wanted: Topology, found: Mapping[str, Standing], prefix: str) -> Plan:
    """Compare; a namespace that ``found`` lacks counts as new. ``prefix``: of namespaces' names on this machine."""
    needed, made = defaultdict(set), defaultdict(list)
    unusable = set()
    for link in wanted.links:
        for identity, device in (link.near, link.far):
            needed[identity].add(device)
        if not _joined(link, found):
            unusable |= {link.near, link.far}
            made[link.near[0]].append(_made(link, prefix))
    removals, changes = {}, {}
    for identity, namespace in wanted.namespaces.items():
        standing = found.get(identity, NOTHING)
        gone = set(_unwanted(identity, namespace, standing, needed[identity], unusable))
        kept = _without(standing, gone)
        removals[identity] = [f"link del {device}" for device in sorted(gone)]
        changes[identity] = [*made[identity], *_up({LOOPBACK, *needed[identity]}, kept), *_configured(namespace, kept)]
    return Plan(_filled(removals), _filled(changes))


def _filled(lines: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {identity: each for identity, each in lines.items() if each}


def _joined(link: Link, found: Mapping[str, Standing]) -> bool:
    near, far = (found.get(name, NOTHING).devices.get(device, _NO_DEVICE) for name, device in (link.near, link.far))
    joined = near.index and near.peer == far.index and far.peer == near.index
    return bool(joined) and link.mac in (None, far.mac)


def _unwanted(
    identity: str, namespace: Namespace, standing: Standing, needed: set[str], unusable: set[tuple[str, str]]
) -> Iterator[str]:
    for name, device in standing.devices.items():
        extra = namespace.exact and name not in needed and device.peer
        if extra or (identity, name) in unusable:
            yield name


def _without(standing: Standing, devices: set[str]) -> Standing:
    """What the kernel leaves of a namespace when devices go."""
    return Standing(
        {name: each for name, each in standing.devices.items() if name not in devices},
        frozenset(each for each in standing.addresses if each[0] not in devices),
        frozenset(each for each in standing.routes if each.device not in devices),
        standing.marks,
        standing.filter,
    )


def _made(link: Link, prefix: str) -> str:
    mac = f" address {link.mac}" if link.mac else ""
    return f"link add {link.near[1]} type veth peer name {link.far[1]}{mac} netns {prefix}{link.far[0]}"


def _up(devices: set[str], standing: Standing) -> Iterator[str]:
    for device in sorted(devices):
        if not standing.devices.get(device, _NO_DEVICE).up:
            # Answer for others at once. Before it is up, so that a device that is up has had this too.
            yield f"ntable change name arp_cache dev {device} proxy_delay 0"
            yield f"link set {device} up"


def _configured(namespace: Namespace, standing: Standing) -> Iterator[str]:
    if namespace.exact:
        yield from _superfluous(namespace, standing)
    for device, address in sorted(namespace.addresses - standing.addresses):
        yield f"address add {address} dev {device}"
    for mark in sorted(namespace.marks - standing.marks):
        yield f"rule add fwmark {mark:#x} lookup {mark}"
    for route in sorted(namespace.routes - standing.routes, key=str):
        yield f"route replace {_text(route)}"


def _superfluous(namespace: Namespace, standing: Standing) -> Iterator[str]:
    own = {(LOOPBACK, each) for name, each in standing.addresses if name == LOOPBACK and each.is_loopback}
    for device, address in sorted(standing.addresses - namespace.addresses - own):
        yield f"address del {address} dev {device}"
    for mark in sorted(standing.marks - namespace.marks):
        yield f"rule del fwmark {mark:#x} lookup {mark}"
    replaced = {(each.destination, each.table) for each in namespace.routes}
    for route in sorted(standing.routes, key=str):
        if (route.destination, route.table) not in replaced:
            yield f"route del {_text(route)}"


def _text(route: Route) -> str:
    table = "" if route.table == MAIN else f" table {route.table}"
    if route.device is None:
        return f"blackhole {route.destination}{table}"
    # The next hop is on the link though no address of the link says so.
    via = f" via {route.via}" if route.via else ""
    return f"{route.destination}{via} dev {route.device}{' onlink' if via else ''}{table}"
