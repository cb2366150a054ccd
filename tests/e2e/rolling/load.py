# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load on one URL until SIGTERM: some clients, each asking again once it was answered. Nothing is asked twice: each
request is a line of the log, ``SECONDS OUTCOME MILLISECONDS BODY``, where the outcome of an answer is its status and of
none the error.

Each request has a connection of its own. The lab's load balancer closes idle connections whenever its targets change,
as AWS's does not, and a request may cross that on its way.

    python -m tests.e2e.rolling.load URL CLIENTS LOG
"""

from __future__ import annotations

import http.client
import signal
import sys
import threading
import time
from typing import TextIO
from urllib.parse import urlsplit

_SECONDS = 15.0
"""How long an answer may take."""


def ask(place: str, path: str) -> tuple[str, str]:
    """The outcome of one request, and what came with it."""
    connection = http.client.HTTPConnection(place, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return str(answer.status), answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, str(error)
    finally:
        connection.close()


def client(url: str, log: TextIO, stop: threading.Event) -> None:
    """Ask until told to stop."""
    parts = urlsplit(url)
    while not stop.is_set():
        begun = time.time()
        outcome, body = ask(parts.netloc, parts.path)
        took = (time.time() - begun) * 1000
        log.write(f"{begun:.3f} {outcome} {took:.0f} {' '.join(body.split())}\n")
        stop.wait(0.05)


def main() -> None:
    url, clients, path = sys.argv[1:]
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    with open(path, "w", buffering=1) as log:
        threads = [threading.Thread(target=client, args=(url, log, stop)) for _ in range(int(clients))]
        for thread in threads:
            thread.start()
        signal.sigwait([signal.SIGTERM])
        stop.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
