# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that follow the network namespaces they are wanted in: one thread waits for all of them."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab import namespaces

_LOG = logging.getLogger(__name__)

Serve = Callable[[socket.socket], None]
"""Called in the waiting thread when a socket can be read (or accepted from): must not block."""


@dataclass(frozen=True)
class Spot:
    """Where to listen."""

    namespace: str
    address: str
    port: int
    kind: socket.SocketKind = socket.SOCK_STREAM

    def __str__(self) -> str:
        return f"{self.address}:{self.port} in {self.namespace}"


@dataclass(frozen=True)
class _Open:
    socket: socket.socket
    namespace: tuple[int, int]
    """Device and inode of its namespace: one that was removed and made again has the name but is another."""


class Listeners:
    """The sockets of one service."""

    def __init__(self, name: str) -> None:
        """``name`` is the thread's."""
        self._open: dict[Spot, _Open] = {}
        self._changes: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()
        self._wake, woken = socket.socketpair()
        self._wake.setblocking(False)
        self._selector.register(woken, selectors.EVENT_READ, lambda waked: waked.recv(4096))
        self._thread = threading.Thread(target=self._wait, name=name, daemon=True)
        self._thread.start()

    def follow(self, wanted: Mapping[Spot, Serve]) -> dict[Spot, str]:
        """Open what is wanted and not open, close what is open and not wanted; returns what could not be, with why."""
        for spot in [each for each, opened in self._open.items() if each not in wanted or _stale(each, opened)]:
            self._drop(self._open.pop(spot).socket)
        failed = {}
        for spot in [each for each in wanted if each not in self._open]:
            try:
                self._open[spot] = self._listen(spot, wanted[spot])
            except OSError as cause:
                failed[spot] = f"cannot listen on {spot}: {cause.strerror}"
        return failed

    def close(self) -> None:
        """Close all sockets and end the thread."""
        self.follow({})
        self._change(None)
        self._thread.join()

    def _listen(self, spot: Spot, serve: Serve) -> _Open:
        identity = _identity(spot.namespace)
        made = namespaces.listen(spot.namespace, spot.address, spot.port, spot.kind)
        made.setblocking(False)
        self._change(lambda: self._selector.register(made, selectors.EVENT_READ, serve))
        return _Open(made, identity)

    def _drop(self, sock: socket.socket) -> None:
        def drop() -> None:
            self._selector.unregister(sock)
            sock.close()

        self._change(drop)

    def _change(self, change: Callable[[], object] | None) -> None:
        """Have the waiting thread do something: the selector is its own."""
        self._changes.put(change)
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # it is being woken already, or has just ended
            self._wake.send(b".")

    def _wait(self) -> None:
        while True:
            for key, _ in self._selector.select():
                _serve(key.data, key.fileobj)
            while not self._changes.empty():
                change = self._changes.get()
                if change is None:
                    self._selector.close()
                    return
                change()


def _serve(serve: Serve, sock: object) -> None:
    assert isinstance(sock, socket.socket)
    try:
        serve(sock)
    except BlockingIOError:
        pass  # the client has gone again
    except Exception:
        _LOG.exception("a request failed")


def _identity(namespace: str) -> tuple[int, int]:
    found = os.stat(namespaces.path(namespace))
    return found.st_dev, found.st_ino


def _stale(spot: Spot, opened: _Open) -> bool:
    try:
        return _identity(spot.namespace) != opened.namespace
    except FileNotFoundError:
        return True
