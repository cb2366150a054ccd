# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the services' tests stand on: a real PostgreSQL, the real server, and answers read as a client reads them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from time import monotonic, sleep
from typing import Any

import psycopg
import trustme
import urllib3
from psycopg.sql import SQL, Identifier, Literal

from service_kit.database import DatabaseSettings

SERVICES = Path(__file__).resolve().parent
SOURCES = [SERVICES / "kit/tests", *sorted(SERVICES.glob("*/src"))]


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 15) -> None:
    """Return when ``holds()`` does; after ``seconds`` an AssertionError says ``what`` did not come."""
    deadline = monotonic() + seconds
    while not holds():
        assert monotonic() < deadline, f"{what}: not within {seconds} s"
        sleep(0.02)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Postgres:
    """A running server that speaks TLS as ``localhost``; ``folder`` also has its socket and its authority."""

    folder: Path
    port: int
    programs: Path
    identity: Mapping[str, Any]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = f"-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1 -c ssl=on -c fsync=off".split()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options],
                cwd=self.folder,
                stderr=log,
                **self.identity,
            )
        wait_until(self._answers, "PostgreSQL")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(15)

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection, in autocommit."""
        return psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True)

    def create(self, password: str = "first word") -> DatabaseSettings:  # noqa: S107 - made up here
        """A new database with an owner of the same name, as the settings of a service that uses it."""
        name = f"d{token_hex(4)}"
        with self.admin() as connection:
            connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(name), Literal(password)))
            connection.execute(SQL("CREATE DATABASE {0} OWNER {0}").format(Identifier(name)))
        secret = self.folder / f"{name}.password"
        secret.write_text(f"{password}\n")
        return DatabaseSettings(
            database_host="localhost",
            database_port=self.port,
            database_name=name,
            database_user=name,
            database_password_file=secret,
            database_ca_file=self.folder / "ca.pem",
            threads=4,
        )

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with suppress(psycopg.OperationalError), self.admin():
            return True
        return False


def _programs() -> Path:
    """Debian keeps the server's programs off the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).parent)
    assert found, "PostgreSQL is not here. Debian and Ubuntu: sudo apt-get install --no-install-recommends postgresql"
    return found[0]


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server with fresh data, run by somebody else where this is root, whom PostgreSQL refuses."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    identity: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    server = Postgres(folder, free_port(), _programs(), identity)
    try:
        folder.chmod(0o755)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        if identity:
            shutil.chown(folder, "nobody", "nogroup")
        options = [
            "--username",
            "postgres",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-sync",
        ]
        initdb = [str(server.programs / "initdb"), "--pgdata", str(folder / "data"), "--no-sync", *options]
        subprocess.run(initdb, cwd=folder, check=True, stdout=subprocess.DEVNULL, **identity)
        certificate = authority.issue_cert("localhost")
        certificate.cert_chain_pems[0].write_to_path(folder / "data/server.crt")
        key = folder / "data/server.key"
        certificate.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        if identity:
            shutil.chown(key, "nobody", "nogroup")
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def environment(settings: DatabaseSettings) -> dict[str, str]:
    """The variables that ``settings`` come from."""
    return {name.upper(): str(value) for name, value in settings.model_dump(exclude_unset=True).items()}


@dataclass
class Server:
    """A running gunicorn."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        with urllib3.PoolManager(retries=False, timeout=10) as pool:
            return pool.request("GET", f"http://127.0.0.1:{self.port}{path}")

    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(urllib3.exceptions.HTTPError):
            return self.get("/health").status == 200
        return False


def command(package: str, port: int, *options: str) -> list[str]:
    """The command line of a service, as hosts and images start it."""
    bind = ["--bind", f"127.0.0.1:{port}"]
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        "python:service_kit.gunicorn",
        *bind,
        *options,
        f"{package}:create_app()",
    ]


def variables(given: Mapping[str, str]) -> dict[str, str]:
    """An environment with ``given`` and what Python needs to find the sources."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), **given}


@contextmanager
def served(package: str, log: Path, given: Mapping[str, str], *options: str) -> Iterator[Server]:
    """``package`` by gunicorn with the variables ``given``."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(command(package, port, *options), env=variables(given), stderr=output)
    server = Server(process, port, log)
    try:
        wait_until(server.answers, f"{package} on port {port}")
        yield server
    finally:
        process.terminate()
        process.wait(15)


def keeps_its_contract(package: str, server: Server) -> None:
    """Send ``server`` what Schemathesis makes of its OpenAPI document, good and bad, alone and in sequences.

    The seed is fixed: a failure comes again. Raises AssertionError with all that was found.
    """
    document = SERVICES / package / "src" / package / "openapi.yaml"
    url = f"http://127.0.0.1:{server.port}"
    options = ["--seed", "5", "--max-examples", "10", "--checks", "all", "--no-color"]
    line = [sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", url, *options]
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [entry for entry in server.lines() if entry["level"] == "ERROR"] == []
