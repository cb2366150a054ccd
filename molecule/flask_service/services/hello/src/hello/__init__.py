# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that greets, and takes its time for it: a request in flight is one that a careless restart would lose."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

READY = True
"""False in a version that never becomes ready."""

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def token() -> str:
    """The service's secret, which it is given as a file."""
    return Path(os.environ["TOKEN_FILE"]).read_text()


def create_app() -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """The WSGI application."""
    version = os.environ["SERVICE_VERSION"]
    token()

    def answer(environment: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environment["PATH_INFO"]
        status, body = "200 OK", {"version": version, "host": os.uname().nodename, "greeting": os.environ["GREETING"]}
        if path == "/ready" and not READY:
            status, body = "503 Service Unavailable", {"detail": "dependency: it is not there"}
        elif path.startswith("/hello"):
            time.sleep(0.2)
        elif path not in ("/ready", "/health"):
            status, body = "404 Not Found", {"detail": path}
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    return answer
