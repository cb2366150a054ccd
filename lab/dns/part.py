# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's part that answers DNS in every VPC and on the internet."""

from __future__ import annotations

import contextlib
import functools
import itertools
import socket
import threading
from collections.abc import Mapping, Sequence

from lab import place
from lab.account.model import Account, empty
from lab.dns.answer import View
from lab.dns.wire import respond
from lab.listeners import Listeners, Serve, Spot
from lab.place import Place
from lab.reconcile import Pending

_PORT = 53
_IDLE = 5.0
"""Seconds that a connection may stay open without a question."""


class Names:
    """Resolvers: in each VPC with DNS support at its second address and the common one, and AWS's public one."""

    name = "dns"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._listeners = Listeners("dns")
        self._turns = itertools.count()
        self._views = _Views(empty(""))

    def converge(self, account: Account) -> Sequence[Pending]:
        """From now on all answers are of this account."""
        if account != self._views.account:
            self._views = _Views(account)
        failed = self._listeners.follow(dict(self._wanted(account)))
        return [Pending(spot.namespace.removeprefix(self._place.prefix), why) for spot, why in failed.items()]

    def close(self) -> None:
        """No resolver answers any more."""
        self._listeners.close()

    def _wanted(self, account: Account) -> Mapping[Spot, Serve]:
        spots = {(vpc.id, address): vpc.id for vpc in account.vpcs.values() if vpc.dns
                 for address in (vpc.resolver, place.RESOLVER)}  # fmt: skip
        wanted: dict[Spot, Serve] = {}
        for (identity, address), vpc in {**spots, ("aws", place.PUBLIC_RESOLVER): None}.items():
            namespace = self._place.namespace(identity)
            wanted[Spot(namespace, str(address), _PORT, socket.SOCK_DGRAM)] = functools.partial(self._datagram, vpc)
            wanted[Spot(namespace, str(address), _PORT)] = functools.partial(self._connection, vpc)
        return wanted

    def _datagram(self, vpc: str | None, sock: socket.socket) -> None:
        query, client = sock.recvfrom(65535)
        response = self._respond(vpc, query, datagram=True)
        if response is not None:
            sock.sendto(response, client)

    def _connection(self, vpc: str | None, sock: socket.socket) -> None:
        accepted, _ = sock.accept()
        threading.Thread(target=self._converse, args=(vpc, accepted), name="dns connection", daemon=True).start()

    def _converse(self, vpc: str | None, sock: socket.socket) -> None:
        """Answer the questions of one connection: each message has its length before it (RFC 1035, 4.2.2)."""
        sock.settimeout(_IDLE)
        with sock, contextlib.suppress(OSError), sock.makefile("rb") as stream:
            while len(prefix := stream.read(2)) == 2:
                response = self._respond(vpc, stream.read(int.from_bytes(prefix)), datagram=False)
                if response is None:
                    return
                sock.sendall(len(response).to_bytes(2) + response)

    def _respond(self, vpc: str | None, query: bytes, *, datagram: bool) -> bytes | None:
        view = self._views.of(vpc)
        return respond(view, query, next(self._turns), datagram=datagram) if view else None


class _Views:
    """An account's views, each made when it is first asked."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._made: dict[str | None, View] = {}

    def of(self, vpc: str | None) -> View | None:
        """The view of a VPC, or the internet's. None where the VPC has just gone."""
        if vpc not in self._made and (vpc is None or vpc in self.account.vpcs):
            self._made[vpc] = View(self.account, vpc)
        return self._made.get(vpc)
