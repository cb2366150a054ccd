# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests without end and without retries, each on a connection of its own, with a log of every one.

``python -m tests.e2e.load ADDRESS NAME AUTHORITY LOG``: asks ADDRESS under NAME, whose certificate AUTHORITY has
signed, until standard input ends. A line of LOG: time, method, path, status (0: no answer) and what went wrong.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.platform import Platform
from tests.lab.waiting import eventually

THREADS = 4
PAUSE = 0.02
"""Seconds between two requests of a thread: a load, but not all of a small machine."""
REQUESTS = (("GET", "/api/movies?limit=5"), ("GET", "/inventory/movies?limit=5"), ("POST", "/inventory/movies"))
EXPECTED = {"GET": 200, "POST": 201}


class Load:
    """Load on the platform while the context lasts; afterwards `failed` and `count`."""

    def __init__(self, platform: Platform, log: Path) -> None:
        self._platform = platform
        self._log = log
        self.failed: list[str] = []
        self.count: Counter[str] = Counter()

    def __enter__(self) -> Self:
        where = [self._platform.address, self._platform.domain, str(self._platform.authority), str(self._log)]
        command = [sys.executable, "-m", "tests.e2e.load", *where]
        self._running = self._platform.start("exec", "--", *command, stdin=subprocess.PIPE)
        eventually(lambda: self._log.exists() and self._log.stat().st_size, bool)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._running.stdin is not None
        self._running.stdin.close()
        self._running.wait(60)
        lines = self._log.read_text().splitlines()
        for line in lines:
            _moment, method, path, status, *_why = line.split(" ", 4)
            self.count[f"{method} {path.partition('?')[0]}"] += 1
            if int(status) != EXPECTED[method]:
                self.failed.append(line)


def ask(address: str, name: str, context: ssl.SSLContext, method: str, path: str) -> tuple[int, str]:
    """One request: its status, or 0 and what went wrong."""
    body = json.dumps({"title": f"Load {time.time_ns()}", "director": "Nobody"}) if method == "POST" else None
    try:
        with context.wrap_socket(socket.create_connection((address, 443), 10), server_hostname=name) as connection:
            request = http.client.HTTPConnection(name, timeout=20)
            request.sock = connection
            request.request(method, path, body, {"Content-Type": "application/json", "Connection": "close"})
            answer = request.getresponse()
            text = answer.read().decode(errors="replace")
            return answer.status, "" if answer.status == EXPECTED[method] else " ".join(text.split())
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)


def main() -> None:
    address, name, authority, log = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    over = threading.Event()
    with Path(log).open("w", buffering=1) as lines:

        def work(number: int) -> None:
            while not over.wait(PAUSE):
                number += 1
                method, path = REQUESTS[number % len(REQUESTS)]
                status, why = ask(address, name, context, method, path)
                lines.write(f"{time.time():.3f} {method} {path} {status} {why}\n")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        over.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
