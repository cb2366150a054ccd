# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's namespaces made as a topology says: read by netlink, changed by ``ip -batch`` and ``nft``."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lab import namespaces
from lab.machine import Failed, run
from lab.network import netlink
from lab.network.filters import TABLE, digest
from lab.network.netlink import NOTHING, Standing
from lab.network.plan import Plan, plan
from lab.network.topology import Link, Namespace, Topology
from lab.place import Place
from lab.reconcile import Pending

_NAMES = Path("/run/netns")
_SETTINGS = Path("/proc/sys/net")


class Machine:
    """One lab's namespaces. Nothing is remembered between two calls of `converge`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._failed: dict[str, str] = {}

    def converge(self, wanted: Topology, rulesets: Mapping[str, str]) -> list[Pending]:
        """Make everything so; what failed is pending, by namespace. A router without its ruleset gets no links."""
        self._failed = {}
        found = self._read()
        self._make([each for each in wanted.namespaces if each not in found])
        for identity, namespace in wanted.namespaces.items():
            standing = found.setdefault(identity, NOTHING)
            with self._subject(identity):
                self._settle(identity, namespace, standing)
                self._load(identity, rulesets.get(identity), standing)
        change = plan(wanted, found, self._place.prefix)
        self._change(change, {link.far[0]: link.near[0] for link in wanted.links})
        self._await([link for link in wanted.links if {link.near[0], link.far[0]} & change.changes.keys()])
        self._remove([each for each in found if each not in wanted.namespaces])
        return [Pending(identity, why) for identity, why in self._failed.items()]

    def _read(self) -> dict[str, Standing]:
        """All that stands; a name that a crash left without a namespace is none, and is taken away."""
        found, broken = {}, []
        for name in _named(self._place):
            try:
                with namespaces.inside(name):
                    found[name.removeprefix(self._place.prefix)] = netlink.standing()
            except OSError:
                broken.append(name)
        _delete(broken)
        return found

    def _make(self, identities: Sequence[str]) -> None:
        if identities:
            with self._subject("namespaces"):
                _batch([f"netns add {self._place.namespace(each)}" for each in identities])

    def _settle(self, identity: str, namespace: Namespace, standing: Standing) -> None:
        """Kernel settings: kept as they are wanted in routers; hosts have them at their beginning only."""
        if not namespace.exact and any(device.peer for device in standing.devices.values()):
            return
        with namespaces.inside(self._place.namespace(identity)):
            for name, value in namespace.settings:
                file = _SETTINGS / name
                if file.read_text().strip() != value:
                    file.write_text(value)

    def _load(self, identity: str, ruleset: str | None, standing: Standing) -> None:
        if ruleset and digest(ruleset).encode() not in standing.filter:
            with namespaces.inside(self._place.namespace(identity)):
                run(["nft", "-f", "-"], text=ruleset)

    def _change(self, change: Plan, nearer: Mapping[str, str]) -> None:
        """``nearer``: the namespace that each one's link begins in; what failed there would fail here again."""
        for identity, lines in change.removals.items():
            # A device goes by itself, a moment later, when the namespace of its other end has gone.
            with contextlib.suppress(Failed):
                self._run(identity, lines)
        for identity, lines in change.changes.items():
            if nearer.get(identity) in self._failed:
                self._failed.setdefault(identity, f"waits for {nearer[identity]}")
            if identity not in self._failed:
                with self._subject(identity):
                    self._run(identity, lines)

    def _await(self, links: Iterable[Link]) -> None:
        for link in links:
            for identity, device in (link.near, link.far):
                if identity not in self._failed:
                    with self._subject(identity), namespaces.inside(self._place.namespace(identity)):
                        netlink.ready(device)

    def _run(self, identity: str, lines: Iterable[str]) -> None:
        with namespaces.inside(self._place.namespace(identity)):
            _batch(lines)

    def _remove(self, identities: Sequence[str]) -> None:
        """Take away what nobody wants, but for namespaces in which processes still run: they are cut off already."""
        if not identities:
            return
        busy = _processes()
        ended = []
        for identity in identities:
            name = self._place.namespace(identity)
            count = busy[namespaces.path(name).stat().st_ino]
            if count:
                self._failed[identity] = f"not wanted any more, but {count} processes still run in it"
            else:
                ended.append(name)
        with self._subject("namespaces"):
            _delete(ended)

    @contextlib.contextmanager
    def _subject(self, identity: str) -> Iterator[None]:
        try:
            yield
        except (Failed, OSError) as cause:
            self._failed.setdefault(identity, str(cause))


def drops(place: Place, router: str) -> dict[str, int]:
    """Packets that a router (a VPC's id, or ``core``) has dropped since its ruleset was last changed, by reason.

    Reasons: ``source_check``, ``no_route``, ``no_public_address``, ``address_moved``, ``from_internet``,
    ``not_served``, ``invalid``, ``network_acl_<in|out>_<id>`` and ``security_group_<in|out>_<interface>``.
    Raises OSError, Failed.
    """
    with namespaces.inside(place.namespace(router)):
        listed = json.loads(run(["nft", "--json", "list", "counters", "table", "inet", TABLE]))
    counters = (each["counter"] for each in listed["nftables"] if "counter" in each)
    return {each["name"]: each["packets"] for each in counters}


def remove_all(place: Place) -> None:
    """Take away every namespace of a lab and with it all links, addresses, routes and filters, by names alone."""
    _delete(_named(place))
    # Where no name is left, not even another program's, the mount that the first one brought goes too, if there is one.
    if _NAMES.is_dir() and not any(_NAMES.iterdir()):
        with contextlib.suppress(Failed):
            run(["umount", str(_NAMES)])


def _named(place: Place) -> list[str]:
    return sorted(each.name for each in _NAMES.glob(f"{place.prefix}*"))


def _delete(names: Sequence[str]) -> None:
    if names:
        _batch([f"netns del {name}" for name in names])


def _batch(lines: Iterable[str]) -> None:
    """Run all lines, also after one that fails."""
    run(["ip", "-force", "-batch", "-"], text="\n".join(lines) + "\n")


def _processes() -> Counter[int]:
    """How many processes there are in each network namespace, by its inode."""
    found: Counter[int] = Counter()
    for process in Path("/proc").glob("[0-9]*/ns/net"):
        with contextlib.suppress(OSError):
            found[process.stat().st_ino] += 1
    return found
