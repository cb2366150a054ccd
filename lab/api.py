# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab's hosts and its operator reach AWS's API: its public addresses, and interface endpoints."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence

from lab import place as places
from lab.account.model import Account
from lab.authority import Authority
from lab.emulator.server import Handler
from lab.listeners import Listeners, Serve, Spot
from lab.place import Place
from lab.reconcile import Pending
from lab.truststore import NAME as TRUSTSTORE
from lab.truststore import Wsgi, with_truststore

_HANDSHAKE = 10.0
_REGISTRY = "ecr.dkr"
"""The service whose endpoints `lab.registry` serves."""
# A wildcard stands for one label: https://docs.aws.amazon.com/general/latest/gr/rande.html, and buckets before S3's.
_NAMES = (
    "*.amazonaws.com", "*.s3.amazonaws.com", "*.{region}.amazonaws.com", "*.s3.{region}.amazonaws.com",
    "s3.dualstack.{region}.amazonaws.com", "*.s3.dualstack.{region}.amazonaws.com", "*.ecr.{region}.amazonaws.com",
    TRUSTSTORE,
)  # fmt: skip


class Api:
    """Serves one application at every address of AWS's in the lab, with and without TLS."""

    name = "api"

    def __init__(self, place: Place, application: Wsgi, authority: Authority) -> None:
        self._place = place
        self._authority = authority
        self._listeners = Listeners("api")
        self._regions: frozenset[str] = frozenset()
        served = with_truststore(application, authority.bundle)
        self._plain = _Server(served, None)
        self._secure = _Server(served, None)

    def converge(self, account: Account) -> Sequence[Pending]:
        self._renew(frozenset({"us-east-1", *(vpc.region for vpc in account.vpcs.values())}))
        aws = self._place.namespace("aws")
        where = [(aws, str(address)) for address in (places.API, places.S3, places.DYNAMODB)]
        where += [
            (self._place.namespace(interface.id), str(interface.address))
            for interface in account.interfaces.values()
            if interface.owner[0] == "endpoint" and account.endpoints[interface.owner[1]].service != _REGISTRY
        ]
        wanted: dict[Spot, Serve] = {}
        for namespace, address in where:
            wanted[Spot(namespace, address, 80)] = self._plain.serve
            wanted[Spot(namespace, address, 443)] = self._secure.serve
        failed = self._listeners.follow(wanted)
        return [Pending(spot.namespace.removeprefix(self._place.prefix), why) for spot, why in failed.items()]

    def close(self) -> None:
        self._listeners.close()

    def _renew(self, regions: frozenset[str]) -> None:
        """A certificate for all regions in use, and a new one before the old expires."""
        names = sorted({name.format(region=region) for region in regions for name in _NAMES})
        pair = self._authority.certificate(names)
        if regions != self._regions or self._secure.certificate != pair.certificate.stat().st_mtime:
            self._secure.ssl_context = self._authority.context(names)
            self._secure.certificate = pair.certificate.stat().st_mtime
            self._regions = regions


class _Server:
    """What werkzeug's handler wants of a server, without a listening socket of its own; a thread a connection."""

    multithread, multiprocess = True, False
    passthrough_errors = False

    def __init__(self, application: Wsgi, context: ssl.SSLContext | None) -> None:
        self.app = application
        self.ssl_context = context
        self.certificate = 0.0
        self.server_address = ("", 0)

    def serve(self, listening: socket.socket) -> None:
        connection, peer = listening.accept()
        connection.setblocking(True)
        threading.Thread(target=self._talk, args=(connection, peer), name="api", daemon=True).start()

    def log(self, kind: str, message: str, *arguments: object) -> None:
        """The call log is the log."""

    def _talk(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self.ssl_context:
                connection.settimeout(_HANDSHAKE)
                connection = stack.enter_context(self.ssl_context.wrap_socket(connection, server_side=True))
                connection.settimeout(None)
            Handler(connection, peer, self)  # type: ignore[arg-type]
