# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: small HTTP servers of this process in the namespaces of instances."""

from __future__ import annotations

import http.server
import ssl
import threading

from lab import namespaces


class _Quiet(http.server.ThreadingHTTPServer):
    """HAProxy resets the connection of a check once it knows the answer: nothing to be told."""

    daemon_threads = True

    def handle_error(self, _request: object, _client: object) -> None:
        """Nothing is printed."""


class Server:
    """Answers each request with its name and what it was asked. ``/slow`` waits to be released."""

    def __init__(self, name: str, namespace: str, address: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.health = 200
        self.checks: list[dict[str, str]] = []
        self.entered = threading.Event()
        self.release = threading.Event()
        self._server = _Quiet((address, port), self._handler(), bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = namespaces.listen(namespace, address, port)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and end what waits."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        """Status and body for a request."""
        if path == "/health":
            self.checks.append(headers)
            return self.health, ""
        if path == "/slow":
            self.entered.set()
            self.release.wait(30)
        lines = [self.name, path, *(f"{name.lower()}: {value}" for name, value in headers.items())]
        return 200, "\n".join(lines)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer is one write: who asks for a status alone goes before its body
            timeout = 30

            def do_GET(self) -> None:
                status, body = server.answer(self.path, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_arguments: object) -> None:
                """Nothing is printed."""

        return Handler
