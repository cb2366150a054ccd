# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real server: it starts or says why not, counts over its processes, and loses no request when it stops."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from services.testing import command, free_port, served, variables, wait_until

CLIENTS = 24
"""More than the threads of the server, so that some requests wait in it, and some in its socket."""
SETTINGS = {"WORKERS": "2", "THREADS": "4", "SERVICE_VERSION": "7"}


def ask(port: int, path: str = "/slow") -> str:
    """``ok``, ``refused`` when nobody listens, ``lost`` when a connection was made and no whole answer came."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connected:
            try:
                client = HTTPConnection("127.0.0.1", port)
                client.sock = connected
                client.request("GET", path)
                answer = client.getresponse()
                answer.read()
            except (HTTPException, OSError):
                return "lost"
            return "ok" if answer.status == 200 else "lost"
    except ConnectionRefusedError:
        return "refused"


def ask_until_refused(port: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    while not outcomes["refused"]:
        outcomes[ask(port)] += 1
    return outcomes


def test_no_request_is_lost_when_it_is_told_to_end(tmp_path: Path) -> None:
    with served("sample", tmp_path / "log", SETTINGS) as server, ThreadPoolExecutor(CLIENTS) as clients:
        asking = [clients.submit(ask_until_refused, server.port) for _ in range(CLIENTS)]
        wait_until(lambda: len([line for line in server.lines() if line.get("path") == "/slow"]) > CLIENTS, "load")
        server.process.send_signal(signal.SIGTERM)
        outcomes = sum((one.result() for one in asking), Counter[str]())
        assert server.process.wait(15) == 0
        answered = [line for line in server.lines() if line.get("path") == "/slow"]
    assert outcomes["lost"] == 0
    assert outcomes["refused"] == CLIENTS
    assert outcomes["ok"] == len(answered)


def test_it_listens_no_more_while_requests_end(tmp_path: Path) -> None:
    with served("sample", tmp_path / "log", SETTINGS) as server, ThreadPoolExecutor(1) as clients:
        asking = clients.submit(ask, server.port, "/slow?seconds=1")
        wait_until(lambda: "http_requests_in_progress 2.0" in server.get("/metrics").data.decode(), "a request")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: ask(server.port, "/health") == "refused", "the end")
        assert not asking.done()
        assert asking.result() == "ok"


def test_any_process_tells_the_metrics_of_all(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with served("sample", tmp_path / "log", {**SETTINGS, "TMPDIR": str(temporary)}) as server:
        answered: list[bytes] = []

        def both_answered() -> bool:
            answered.append(server.get("/slow?seconds=0").data)
            return len(set(answered)) == 2

        wait_until(both_answered, "an answer of each process")
        told = server.get("/metrics").data.decode().splitlines()
        assert f'http_requests_total{{method="GET",route="/slow",status="200"}} {len(answered)}.0' in told
        assert 'service_build_info{service="sample",version="7"} 1.0' in told
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_every_line_of_its_log_is_json(tmp_path: Path) -> None:
    with served("sample", tmp_path / "log", SETTINGS) as server:
        server.get("/broken")
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
            connected.sendall(b"nonsense\r\n\r\n")
            assert connected.recv(100).startswith(b"HTTP/1.1 400 ")
    assert {"gunicorn.error", "access", "service_kit.problems"} <= {line["logger"] for line in server.lines()}
    assert {line["version"] for line in server.lines()} == {"7"}


def test_a_bad_setting_ends_it_with_one_line() -> None:
    for given in ({"THREADS": "none"}, {"REQUEST_MAX_BYTES": "0"}):
        ended = subprocess.run(
            command("sample", free_port()),
            env=variables(given),
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )
        assert ended.returncode == 1
        assert [line.split(":")[0] for line in ended.stderr.splitlines()] == list(given)
