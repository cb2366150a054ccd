# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service behind the gateway that answers, or misbehaves, as a test says."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread


@dataclass
class Received:
    line: str
    headers: Message
    body: bytes


@dataclass
class Stub:
    """Answers every request with ``parts``, after each of which it waits ``pause`` seconds, then closes."""

    parts: list[bytes]
    pause: float = 0
    received: list[Received] = field(default_factory=list)
    port: int = 0
    ended: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(status: int, body: object, media_type: str = "application/json", **headers: str) -> bytes:
    """A whole HTTP response."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {media_type}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


@contextmanager
def stub(*parts: bytes, pause: float = 0) -> Iterator[Stub]:
    made = Stub(list(parts), pause)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode().strip()
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            headers = BytesHeaderParser().parsebytes(head)
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            made.received.append(Received(line, headers, body))
            for part in made.parts:
                try:
                    self.wfile.write(part)
                except OSError:
                    return
                made.ended.wait(made.pause)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            made.ended.set()
            server.shutdown()
            thread.join()


def nobody() -> str:
    """The URL of an address that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
