# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands to a running HAProxy by its sockets.

https://docs.haproxy.org/2.6/management.html#9.3
"""

from __future__ import annotations

import csv
import io
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 2.0


def ask(file: Path, command: str) -> str:
    """The answer to a command. Raises OSError where nobody listens or answers within 2 s."""
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(_SECONDS)
            line.connect(f"/proc/self/fd/{folder}/{file.name}")  # a socket's path has at most 107 characters
            line.sendall(f"{command}\n".encode())
            line.shutdown(socket.SHUT_WR)  # the master would wait for more
            return b"".join(iter(lambda: line.recv(65536), b"")).decode()
    finally:
        os.close(folder)


def loaded(worker: Path) -> str:
    """The digest of the configuration that a worker runs with. Raises OSError."""
    found = re.search(r"^description: (\S+)$", ask(worker, "show info"), re.MULTILINE)
    return found[1] if found else ""


def statistics(worker: Path) -> list[dict[str, str]]:
    """A row of each server, by HAProxy's names of the columns. Raises OSError.

    https://docs.haproxy.org/2.6/management.html#9.1
    """
    return _rows(ask(worker, "show stat -1 4 -1"), ",")


def states(worker: Path) -> Mapping[tuple[str, str], dict[str, str]]:
    """The state of each server by backend and name, in the terms of the state file. Raises OSError."""
    _version, _newline, table = ask(worker, "show servers state").partition("\n")
    return {(row["be_name"], row["srv_name"]): row for row in _rows(table, " ")}


def retired(master: Path) -> list[str]:
    """The processes of earlier configurations that still have connections, by their number. Raises OSError."""
    _current, _heading, old = ask(master, "show proc").partition("# old workers")
    return re.findall(r"^(\d+)\s+worker\b", old, re.MULTILINE)


def sessions(master: Path, process: str) -> list[tuple[str, str, str]]:
    """What a retired process still does: the session's name, the backend and the server. Raises OSError."""
    listed = ask(master, f"@!{process} show sess")
    return re.findall(r"^(0x\w+): .* be=(\S+) srv=(\S+) ", listed, re.MULTILINE)


def end(master: Path, process: str, session: str) -> None:
    """End a session of a retired process. Raises OSError."""
    ask(master, f"@!{process} shutdown session {session}")


def _rows(table: str, delimiter: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.removeprefix("# ")), delimiter=delimiter))
