# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's part that serves the instances' metadata in every VPC."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import cast

from lab import files, place
from lab.account.model import Account, Instance, empty
from lab.listeners import Listeners, Spot
from lab.metadata.credentials import Source
from lab.metadata.service import Request, Response, respond
from lab.metadata.tokens import Tokens
from lab.place import Place
from lab.reconcile import Pending

_PORT = 80
_IDLE = 30.0
"""Seconds that a connection may stay open without a request."""
_BODY = 65536


class Metadata:
    """The instance metadata service: whoever connects is known by the VPC and the address that it comes from."""

    name = "metadata"

    def __init__(self, place: Place, credentials: Source) -> None:
        """``credentials``: called whenever an instance asks for its role's."""
        self._place = place
        self._credentials = credentials
        self._tokens = Tokens(_key(place))
        self._known = _Known(empty(""))
        self._listeners = Listeners("metadata")

    def converge(self, account: Account) -> Sequence[Pending]:
        """From now on all answers are of this account."""
        if account != self._known.account:
            self._known = _Known(account)
        wanted = {
            Spot(self._place.namespace(vpc), str(place.METADATA), _PORT): functools.partial(self._accept, vpc)
            for vpc in account.vpcs
        }
        failed = self._listeners.follow(wanted)
        return [Pending(spot.namespace.removeprefix(self._place.prefix), why) for spot, why in failed.items()]

    def close(self) -> None:
        """Nobody is answered any more."""
        self._listeners.close()

    def answer(self, vpc: str, address: str, request: Request) -> tuple[Response, Instance | None]:
        """The response to a request from an address, and whose address it is."""
        known = self._known
        instance = known.instance(vpc, address)
        if instance is None:
            return Response(404), None
        return respond(request, known.account, instance, self._tokens, self._credentials, time.time()), instance

    def _accept(self, vpc: str, sock: socket.socket) -> None:
        accepted, client = sock.accept()
        threading.Thread(target=self._serve, args=(vpc, accepted, client), name="metadata", daemon=True).start()

    def _serve(self, vpc: str, sock: socket.socket, client: tuple[str, int]) -> None:
        with sock, contextlib.suppress(OSError):
            _Handler(self, vpc, sock, client)


class _Known:
    """An account, and which instance each address belongs to."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._owners = {
            (each.vpc, str(each.address)): each.owner[1]
            for each in account.interfaces.values()
            if each.owner[0] == "instance"
        }

    def instance(self, vpc: str, address: str) -> Instance | None:
        """The instance that an address of a VPC belongs to."""
        return self.account.instances.get(self._owners.get((vpc, address), ""))


class _Handler(BaseHTTPRequestHandler):
    """One connection, from its first request to its last."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    disable_nagle_algorithm = True

    def __init__(self, metadata: Metadata, vpc: str, sock: socket.socket, client: tuple[str, int]) -> None:
        self._metadata, self._vpc = metadata, vpc
        super().__init__(sock, client, cast(BaseServer, None))  # there is no server object: the listeners accept

    def do_GET(self) -> None:
        """Read."""
        self._answer()

    def do_HEAD(self) -> None:
        """Read, without the content."""
        self._answer()

    def do_PUT(self) -> None:
        """Begin a session."""
        self._answer()

    def do_POST(self) -> None:
        """Not for this service, which says so."""
        self._answer()

    def do_DELETE(self) -> None:
        """Not for this service, which says so."""
        self._answer()

    def version_string(self) -> str:
        """The name of AWS's own server."""
        return "EC2ws"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "")
        self.rfile.read(min(_BODY, int(length)) if length.isdigit() else 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        response, instance = self._metadata.answer(
            self._vpc, self.client_address[0], Request(self.command, self.path, headers)
        )
        if response.limited and instance:
            # For the rest of the connection: a packet that is sent again must not come further than the first.
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, instance.hop_limit)
        self._send(response)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in {"Content-Type": "text/plain", **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


def _key(place: Place) -> bytes:
    """The key of this lab's tokens, kept so that they outlive the daemon."""
    path = place.part("metadata") / "tokens.key"
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    key = Tokens.new_key()
    files.write(path, key)
    return key
