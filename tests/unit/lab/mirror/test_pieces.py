# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mirror's part is made of: cache folders and connections carried on."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.mirror import slot
from lab.mirror.relay import Relay, to_host, to_socket, unix_listener


def test_a_cache_folder_has_one_owner_who_may_die(tmp_path: Path) -> None:
    first, second = slot.claim(tmp_path), slot.claim(tmp_path)
    assert (first.folder.name, second.folder.name) == ("0", "1")
    first.release()
    again = slot.claim(tmp_path)
    assert again.folder == first.folder
    again.release()
    program = f"from lab.mirror import slot; from pathlib import Path; print(slot.claim(Path({str(tmp_path)!r})))"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert str(first.folder) in done.stdout
    second.release()


@pytest.fixture
def relay() -> Iterator[Relay]:
    made = Relay()
    yield made
    made.close()


@pytest.fixture
def called(tmp_path: Path) -> Iterator[socket.socket]:
    with unix_listener(tmp_path / "called") as made:
        made.settimeout(5)
        yield made


def _listening(relay: Relay, called: socket.socket) -> tuple[str, int]:
    listening = socket.create_server(("127.0.0.1", 0))
    address: tuple[str, int] = listening.getsockname()
    relay.listen("a", listening, to_socket(Path(called.getsockname())))
    return address


def _all(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    return b"".join(iter(lambda: connection.recv(65536), b""))


def _send(connection: socket.socket, content: bytes) -> None:
    connection.sendall(content)
    connection.shutdown(socket.SHUT_WR)


def test_bytes_go_both_ways_and_so_do_ends(relay: Relay, called: socket.socket) -> None:
    much = bytes(range(256)) * 4096 * 8  # more than every buffer between
    with socket.create_connection(_listening(relay, called), 5) as caller:
        server, _ = called.accept()
        with server, ThreadPoolExecutor(2) as pool:
            sent = pool.submit(_send, caller, much)
            assert _all(server) == much
            sent.result()
            back = pool.submit(_send, server, much[::-1])
            assert _all(caller) == much[::-1]
            back.result()


def test_a_caller_of_nobody_is_let_go(relay: Relay, tmp_path: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()
    relay.listen("a", listening, to_socket(tmp_path / "nobody"))
    with socket.create_connection(address, 5) as caller:
        assert _all(caller) == b""
    relay.listen("a", socket.create_server(("127.0.0.1", 0)), to_host("127.0.0.1", 1))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)


def test_dropping_ends_connections_also_those_nobody_reads(relay: Relay, called: socket.socket) -> None:
    address = _listening(relay, called)
    with socket.create_connection(address, 5) as caller:
        server, _ = called.accept()
        with server:
            server.settimeout(0.3)
            with pytest.raises(TimeoutError):  # every buffer between is full
                server.sendall(bytes(64 << 20))
            relay.drop("a")
            with pytest.raises(BrokenPipeError):
                server.sendall(bytes(64 << 20))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
        with pytest.raises(ConnectionResetError):
            _all(caller)


def test_a_socket_left_by_a_dead_daemon_is_replaced(tmp_path: Path) -> None:
    unix_listener(tmp_path / "s").close()
    with unix_listener(tmp_path / "s") as made, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(made.getsockname())
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o666
