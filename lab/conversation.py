# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation with the daemon over a socket in the lab's folder: one line of JSON each way."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

from lab.place import Place

_SECONDS = 30.0
Act = Callable[[], Any]


class NotRunning(Exception):
    """Nobody answers at the lab's socket."""


def ask(place: Place, what: str, seconds: float = _SECONDS) -> Any:
    """The daemon's answer. Raises `NotRunning`, and RuntimeError with the daemon's own words when it fails."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(seconds)
        try:
            line.connect(_path(place))
            line.sendall(json.dumps(what).encode() + b"\n")
            answer = line.makefile().readline()
        except OSError as cause:
            raise NotRunning(f"the lab {place.name!r} does not answer: {cause}") from cause
    if not answer:
        raise NotRunning(f"the lab {place.name!r} ended while it was asked")
    told = json.loads(answer)
    if "error" in told:
        raise RuntimeError(told["error"])
    return told["answer"]


class Conversation:
    """Answers; one thread for all who ask, one after the other."""

    def __init__(self, place: Place, acts: Mapping[str, Act]) -> None:
        self._acts = acts
        path = _path(place)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        os.chmod(path, 0o600)
        self._socket.listen()
        threading.Thread(target=self._run, name="conversation", daemon=True).start()

    def _run(self) -> None:
        while True:
            line, _ = self._socket.accept()
            line.settimeout(_SECONDS)
            with contextlib.suppress(OSError, ValueError), line, line.makefile("rw") as text:
                text.write(json.dumps(self._answer(json.loads(text.readline()))) + "\n")
                text.flush()

    def _answer(self, what: str) -> dict[str, Any]:
        act = self._acts.get(what)
        if act is None:
            return {"error": f"{what!r} is none of {', '.join(self._acts)}"}
        try:
            return {"answer": act()}
        except Exception as cause:
            return {"error": f"{what}: {type(cause).__name__}: {cause}"}


def _path(place: Place) -> str:
    return str(place.folder / "daemon.sock")
