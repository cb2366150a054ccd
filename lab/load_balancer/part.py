# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancers' part of the reconciler."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Sequence

from lab import namespaces, podman
from lab.account.model import Account, Interface, LoadBalancer, TargetGroup
from lab.image import Ensure
from lab.load_balancer.configuration import Configuration, configuration
from lab.load_balancer.health import DRAINING, NOT_IN_USE, Health, health, together
from lab.load_balancer.node import PART, Node
from lab.load_balancer.pool import OPEN
from lab.load_balancer.target import Unused, backend, groups_of, identity, label, resolve
from lab.place import Place
from lab.reconcile import Pending, Reports
from lab.work import Work

_LOG = logging.getLogger(__name__)
_IMAGE = "haproxy"


class LoadBalancers:
    """One HAProxy for each interface of a load balancer, in that interface's namespace."""

    name = "load balancers"

    def __init__(self, place: Place, reality: Reports, ensure: Ensure) -> None:
        self._place = place
        self._reality = reality
        self._image = functools.partial(ensure, _IMAGE, _LOG.info)
        self._work = Work(4, "load-balancer")
        self._seen: frozenset[str] | None = None
        """The nodes of the last round; None: what stands on the machine has not been looked at yet."""

    def converge(self, account: Account) -> Sequence[Pending]:
        """Bring every node to its configuration and tell the states of load balancers and targets."""
        nodes = {each.id: Node(self._place, each.id) for each in account.interfaces.values() if _of_ours(each)}
        pending = [*self._gone(frozenset(nodes))]
        found: dict[str, list[Health]] = {}
        for load_balancer in account.load_balancers.values():
            try:
                pending += self._load_balancer(load_balancer, nodes, account, found)
            except (KeyError, ValueError) as cause:
                pending.append(Pending(load_balancer.name, f"cannot be configured: {type(cause).__name__}: {cause}"))
        self._tell_targets(account, found)
        self._end_requests(account, nodes)
        return pending

    def close(self) -> None:
        """Ends the part's threads; the nodes go on."""
        self._work.close()

    # ---- nodes

    def _gone(self, wanted: frozenset[str]) -> Iterator[Pending]:
        """Remove the nodes of interfaces that are not there any more."""
        if self._seen == wanted:
            return
        prefix = self._place.container("")
        standing = {name.removeprefix(prefix) for name in podman.standing(self._place, PART)}
        folders = {each.name for each in self._place.part(PART).iterdir() if each.is_dir()}
        for interface in sorted((standing | folders) - wanted):
            yield self._work.do(interface, "is being removed", Node(self._place, interface).remove)
        self._seen = wanted if standing | folders <= wanted else None

    def _load_balancer(
        self, load_balancer: LoadBalancer, nodes: dict[str, Node], account: Account, found: dict[str, list[Health]]
    ) -> list[Pending]:
        """Its nodes to their configurations; adds what they found of their targets to `found`."""
        interfaces = [one for one in account.interfaces.values() if one.owner == ("load_balancer", load_balancer.arn)]
        pending: list[Pending] = []
        notes: set[str] = set()
        for interface in interfaces:
            wanted = configuration(load_balancer, interface, account)
            notes.update(wanted.notes)
            pending += self._node(nodes[interface.id], interface, wanted)
            _collect(nodes[interface.id], found)
        if interfaces and not pending:
            self._reality.report("load_balancer", load_balancer.arn, "active")
        if not interfaces:
            pending.append(Pending(load_balancer.name, "has no network interface yet"))
        return [*pending, *(Pending(load_balancer.name, note) for note in sorted(notes))]

    def _node(self, node: Node, interface: Interface, wanted: Configuration) -> Iterator[Pending]:
        if node.loaded() == wanted.digest and not self._work.busy(interface.id):
            return
        if not namespaces.path(self._place.namespace(interface.id)).exists():
            yield Pending(interface.id, "waits for its network")
            return
        yield self._work.do(
            interface.id, "is being configured", lambda: node.settle(wanted, self._image), wanted.digest
        )

    # ---- targets

    def _tell_targets(self, account: Account, found: dict[str, list[Health]]) -> None:
        users = {group.arn: one for one in account.load_balancers.values() for group in groups_of(one, account)}
        for group in account.target_groups.values():
            for name, state in _states(group, users.get(group.arn), account, found):
                self._reality.report("target", identity(group.arn, name), *state)

    def _end_requests(self, account: Account, nodes: dict[str, Node]) -> None:
        """End requests with targets whose deregistration delay is over; TCP connections last on.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
        """
        http = [group for group in account.target_groups.values() if group.protocol in ("HTTP", "HTTPS")]
        there = {backend(group.arn): {label(one) for one in (*group.targets, *group.draining)} for group in http}
        for node in nodes.values():
            node.cut(lambda group, server: group in there and server.removeprefix(OPEN) not in there[group])


def _of_ours(interface: Interface) -> bool:
    return interface.owner[0] == "load_balancer"


def _collect(node: Node, found: dict[str, list[Health]]) -> None:
    """Add what a node found of its targets to `found`; new ones of known health begin to get requests."""
    rows = node.statistics()
    node.admit(rows)
    for row in rows:
        found.setdefault(f"{row['pxname']} {row['svname']}", []).append(health(row))


def _states(
    group: TargetGroup, user: LoadBalancer | None, account: Account, found: dict[str, list[Health]]
) -> Iterator[tuple[str, Health]]:
    """The label and the health of each target, registered or leaving."""
    yield from ((label(target), DRAINING) for target in group.draining)
    for target in group.targets:
        if user is None:
            yield label(target), NOT_IN_USE
            continue
        where = resolve(target, group, user, account)
        seen = found.get(f"{backend(group.arn)} {label(target)}", [])
        yield label(target), (where.state, where.reason) if isinstance(where, Unused) else together(seen)
