# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections carried from one socket to another, whatever network namespaces they belong to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
"""Makes the other half of a connection. Raises OSError: the first half is then closed at once."""

_CHUNK = 256 * 1024


def to_socket(path: Path) -> Connect:
    """Connections to a Unix socket."""
    return lambda: asyncio.open_unix_connection(path, limit=_CHUNK)


def to_host(name: str, port: int) -> Connect:
    """Connections from this process's own network namespace, the name looked up each time."""
    return lambda: asyncio.wait_for(asyncio.open_connection(name, port, limit=_CHUNK), timeout=10)


def unix_listener(path: Path) -> socket.socket:
    """A listening Unix socket that every user may connect to who can enter its folder; one left there is replaced."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(os.fspath(path))
        path.chmod(0o666)
        made.listen(256)
    except BaseException:
        made.close()
        raise
    return made


@dataclass
class _Listener:
    server: asyncio.Server
    connections: set[asyncio.Task[None]] = field(default_factory=set)


class Relay:
    """Accepts on listening sockets and carries each connection on. Has a thread of its own until `close`."""

    def __init__(self) -> None:
        self._listeners: dict[str, _Listener] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()

    def listen(self, key: str, listening: socket.socket, connect: Connect) -> None:
        """Carry what a socket accepts to what `connect` makes, in place of the key's old listener. Owns the socket."""
        self.drop(key)
        self._wait(self._listen(key, listening, connect))

    def drop(self, key: str) -> None:
        """Close a listener and its connections, so that nothing of it holds its namespace. None of that key: fine."""
        self._wait(self._drop(key))

    def close(self) -> None:
        """Drop all listeners and end the thread."""
        for key in list(self._listeners):
            self.drop(key)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self, key: str, listening: socket.socket, connect: Connect) -> None:
        connections: set[asyncio.Task[None]] = set()

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await _carry((reader, writer), connect)
            except asyncio.CancelledError:
                _reset(writer)
            finally:
                connections.discard(task)

        server = await asyncio.start_server(accepted, sock=listening, limit=_CHUNK)
        self._listeners[key] = _Listener(server, connections)

    async def _drop(self, key: str) -> None:
        listener = self._listeners.pop(key, None)
        if listener is None:
            return
        listener.server.close()
        for task in listener.connections:
            task.cancel()
        await asyncio.gather(*listener.connections, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Forget a connection at once. An ordinary end would hold its namespace for as long as the peer does not answer."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _carry(caller: Streams, connect: Connect) -> None:
    """Both directions until the called side has ended: then nobody waits for a caller who has gone silently."""
    with contextlib.suppress(OSError), contextlib.closing(caller[1]):
        called = await connect()
        with contextlib.closing(called[1]):
            asking = asyncio.create_task(_pump(caller[0], called[1]))
            try:
                await _pump(called[0], caller[1])
            finally:
                asking.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
