# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that say whom they see, and clients that ask them, each in a network namespace of its own."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from lab import namespaces
from lab.place import Place

PATIENCE = 5.0
"""Seconds for an answer that must come; on a quiet machine it takes a thousandth of one."""
SILENCE = 0.4
"""Seconds without an answer that count as none."""

Question = tuple[str, str, int]
"""Namespace that asks, address, port."""


class Servers:
    """One thread behind any number of listening sockets: each connection, each datagram is told its own source."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._selector = selectors.DefaultSelector()
        self._open: list[socket.socket] = []
        self._wake, self._stop = socket.socketpair()
        self._selector.register(self._stop, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def listen(self, identity: str, *ports: int, address: str = "", udp: bool = False) -> None:
        """Answer on these ports in a namespace, on all of its addresses unless one is named."""
        kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
        for port in ports:
            made = namespaces.listen(self._place.namespace(identity), address, port, kind)
            self._open.append(made)
            self._selector.register(made, selectors.EVENT_READ, "datagram" if udp else "listener")

    def close(self) -> None:
        """Close all sockets."""
        self._wake.send(b"x")
        self._thread.join()
        for each in (*self._open, self._wake, self._stop):
            each.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._stop:
                    return
                made = key.fileobj
                assert isinstance(made, socket.socket)
                with contextlib.suppress(OSError):
                    self._answer(made, key.data)

    def _answer(self, made: socket.socket, what: str) -> None:
        if what == "datagram":
            _, peer = made.recvfrom(100)
            made.sendto(peer[0].encode(), peer)
        elif what == "listener":
            connection, _ = made.accept()
            self._open.append(connection)
            self._selector.register(connection, selectors.EVENT_READ, "connection")
        elif made.recv(100):
            made.sendall(made.getpeername()[0].encode())
        else:
            self._selector.unregister(made)


@contextlib.contextmanager
def connected(
    place: Place, question: Question, source: str = "", udp: bool = False, seconds: float = PATIENCE
) -> Iterator[socket.socket]:
    """A client's socket. Raises OSError, TimeoutError among them."""
    identity, address, port = question
    with namespaces.inside(place.namespace(identity)):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    with made:
        made.settimeout(seconds)
        if source:
            made.bind((source, 0))
        made.connect((address, port))
        yield made


def exchange(connection: socket.socket, seconds: float = PATIENCE) -> str | None:
    """Ask on a connection who one is; None: no answer came in time."""
    connection.settimeout(seconds)
    try:
        connection.sendall(b"?")
        return connection.recv(100).decode() or None
    except OSError:
        return None


def ask(
    place: Place, identity: str, address: str, port: int,
    source: str = "", udp: bool = False, seconds: float = PATIENCE,
) -> str | None:  # fmt: skip
    """Connect and ask who one is: the address that the server sees; None: silence. A refusal is an error."""
    try:
        with connected(place, (identity, address, port), source, udp, seconds) as connection:
            return exchange(connection, seconds)
    except (TimeoutError, ConnectionResetError):
        return None


def ask_all(place: Place, questions: Iterable[tuple[str, str, int, float]]) -> list[str | None]:
    """Ask many at once, each with its own patience: silence takes its time."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda each: ask(place, each[0], each[1], each[2], seconds=each[3]), questions))


def ping(place: Place, identity: str, address: str, seconds: float = PATIENCE) -> bool:
    """Whether an ICMP echo request is answered."""
    with namespaces.inside(place.namespace(identity)):
        made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with made:
        made.settimeout(seconds)
        body = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        checksum = ~sum(struct.unpack("!4H", body)) & 0xFFFF
        made.sendto(struct.pack("!BBHHH", 8, 0, checksum, 1, 1), (address, 0))
        try:
            return made.recv(100)[20] == 0
        except TimeoutError:
            return False
