# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The face of the registry: TLS, tokens and repositories as on ECR; what it lets through goes to a Unix socket."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from lab.account.model import Account, empty
from lab.authority import Authority
from lab.registry.body import body
from lab.registry.rules import HOST, Passage, Refusal, judge, moved

_LOG = logging.getLogger(__name__)
_CHUNK = 1 << 20
_NOT_CARRIED = {"connection", "keep-alive", "proxy-connection", "authorization", "upgrade", "expect"}
_SECONDS = 300.0
_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
Header = tuple[str, str]
_JSON: Header = ("Content-Type", "application/json")
_VERSION: Header = ("Docker-Distribution-Api-Version", "registry/2.0")


class Front:
    """Serves on listening sockets until each is dropped; `account` is what it knows, and may be replaced any time."""

    def __init__(self, behind: Path, authority: Authority, password: Callable[[], str]) -> None:
        self.account: Account = empty("")
        self.behind = behind
        self.password = password
        self._authority = authority
        self._servers: dict[str, _Server] = {}

    @property
    def listening(self) -> set[str]:
        """The keys of the sockets it serves on."""
        return set(self._servers)

    def listen(self, key: str, listening: socket.socket) -> None:
        """Serve on a socket, which becomes its own."""
        server = self._servers[key] = _Server(self, listening)
        threading.Thread(target=server.serve_forever, name=f"registry {key}", daemon=True).start()

    def drop(self, key: str) -> None:
        """Serve on a socket no more."""
        server = self._servers.pop(key)
        server.shutdown()
        server.server_close()

    def close(self) -> None:
        """Serve no more."""
        for key in list(self._servers):
            self.drop(key)

    def context(self, name: str | None = None) -> ssl.SSLContext:
        """The certificate for the name that a client asks for, if it is one of a registry."""
        known = (
            name if name and HOST.fullmatch(name) else f"{self.account.id or '0' * 12}.dkr.ecr.us-east-1.amazonaws.com"
        )
        return self._authority.context([known])


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, front: Front, listening: socket.socket) -> None:
        self.front = front
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust the certificate, is its own affair."""
        _LOG.debug("%s: the connection failed", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    server: _Server

    def setup(self) -> None:
        """TLS, in the connection's own thread; the server's name decides the certificate."""
        front = self.server.front
        context = front.context()

        def named(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = front.context(name)

        context.sni_callback = named
        self.request.settimeout(_SECONDS)
        self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def serve(self) -> None:
        """One request of any method."""
        verdict = judge(
            self.server.front.account, self.server.front.password(), self.command, self.headers.get("Host", ""),
            self.path, self.headers.get("Authorization", ""),
        )  # fmt: skip
        if isinstance(verdict, Refusal):
            self._refuse(verdict)
        elif not verdict.target:
            self._answer(200, [_JSON], b"{}")
        else:
            self._carry(verdict)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815  # their names in http.server

    def log_message(self, format: str, *args: Any) -> None:
        _LOG.debug(format, *args)

    def _carry(self, passage: Passage) -> None:
        upstream = _Upstream(self.server.front.behind)
        try:
            pieces = body(self.rfile, self.headers)
            if passage.tag:
                manifest = b"".join(pieces)
                if self._moves(passage, manifest):
                    self._refuse(moved(passage))
                    return
                pieces = iter([manifest])
            self._hand_back(self._ask(upstream, passage, pieces), passage)
        except (OSError, http.client.HTTPException) as cause:
            _LOG.warning("%s %s: %s", self.command, passage.target, cause)
            self._refuse(Refusal(503, "UNAVAILABLE", "The registry is not ready"))
        finally:
            upstream.close()

    def _ask(self, upstream: _Upstream, passage: Passage, pieces: Iterator[bytes]) -> http.client.HTTPResponse:
        upstream.putrequest(self.command, passage.target, skip_host=True, skip_accept_encoding=True)
        for name, value in _carried(self.headers.items()):  # one of Accept's may be there several times
            upstream.putheader(name, value)
        upstream.endheaders(pieces, encode_chunked="chunked" in self.headers.get("Transfer-Encoding", "").lower())
        return upstream.getresponse()

    def _hand_back(self, answer: http.client.HTTPResponse, passage: Passage) -> None:
        headers = [
            (name, value.replace(f"{passage.prefix}/", "/v2/", 1) if name == "Location" else value)
            for name, value in _carried(answer.getheaders())
        ]
        if answer.getheader("Content-Length") is None:  # a short one
            kept = [each for each in headers if each[0] != "Transfer-Encoding"]
            self._answer(answer.status, kept, answer.read())
            return
        self._head(answer.status, headers)
        while piece := answer.read(_CHUNK):  # of the answer to HEAD there is none
            self.wfile.write(piece)

    def _moves(self, passage: Passage, manifest: bytes) -> bool:
        """Whether the tag already names another manifest."""
        upstream = _Upstream(self.server.front.behind)
        try:
            upstream.request("HEAD", passage.target, headers={"Accept": ", ".join(_MANIFESTS)})
            answer = upstream.getresponse()
            digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
            return answer.status == 200 and answer.getheader("Docker-Content-Digest") != digest
        finally:
            upstream.close()

    def _refuse(self, refusal: Refusal) -> None:
        self.close_connection = True  # what the client still sends is not read
        headers = [_JSON]
        if refusal.status == 401:
            realm = f'Basic realm="https://{self.headers.get("Host")}/",service="ecr.amazonaws.com"'
            headers.append(("WWW-Authenticate", realm))
        error = {"code": refusal.code, "message": refusal.message}
        self._answer(refusal.status, headers, json.dumps({"errors": [error]}).encode())

    def _answer(self, status: int, headers: list[Header], content: bytes) -> None:
        self._head(status, [*headers, ("Content-Length", str(len(content)))])
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: int, headers: list[Header]) -> None:
        self.send_response_only(status)
        for name, value in dict.fromkeys([_VERSION, *headers]):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()


def _carried(headers: Iterable[Header]) -> list[Header]:
    """The headers that concern more than one connection."""
    return [(name, value) for name, value in headers if name.lower() not in _NOT_CARRIED]


class _Upstream(http.client.HTTPConnection):
    """A connection to the registry behind."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))
