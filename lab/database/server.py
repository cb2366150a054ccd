# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database's server: its files, its container and what it must be told, made as the account says."""

from __future__ import annotations

import functools
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import files, namespaces, podman
from lab.account.model import Database, Interface
from lab.authority import Authority
from lab.database import sql, store
from lab.database.password import verifier
from lab.database.settings import FOLDER, Settings, settings
from lab.machine import Failed
from lab.place import Place
from lab.work import Expected

PART = "database"
MEMORY = 1024
"""MiB that every server is set up for: those of db.t3.micro, since the account's model does not tell the class."""
_PROGRAMS = "/usr/lib/postgresql/15/bin"
_HOME = "/var/lib/postgresql"
_READY = 120.0
_PAUSE = 0.1
# https://www.postgresql.org/docs/15/protocol-message-formats.html: SSLRequest
_ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True)
class Server:
    """A database and what it needs to run: its interface and the image's tag."""

    place: Place
    database: Database
    interface: Interface
    image: str
    authority: Authority

    @property
    def folder(self) -> Path:
        """All that the lab keeps of it. Raises `Expected` for what is no identifier."""
        return store.folder(self.place, "instances", self.database.id)

    @property
    def name(self) -> str:
        """Its container's."""
        return container_name(self.place, self.database.id)

    @functools.cached_property
    def settings(self) -> Settings:
        return settings(self.database, MEMORY)

    @functools.cached_property
    def container(self) -> podman.Container:
        """Another port or interface is another container, with the same data."""
        return podman.Container(
            name=self.name,
            part=PART,
            image=self.image,
            namespace=self.place.namespace(self.interface.id),
            hostname=self.database.name,
            command=("/usr/local/bin/serve", str(self.database.port)),
            mounts=((str(self.folder / "settings"), FOLDER, "ro"), (str(self.folder / "home"), _HOME, "rw")),
        )

    @functools.cached_property
    def files(self) -> Mapping[str, bytes]:
        """What is mounted as its settings."""
        pair = self.authority.certificate([self.database.endpoint])
        texts = {name: text.encode() for name, text in self.settings.files.items()}
        return texts | {"server.crt": pair.certificate.read_bytes(), "server.key": pair.key.read_bytes()}

    @functools.cached_property
    def wanted(self) -> dict[str, Any]:
        """All that `converge` brings about: what it has brought about is kept in the folder."""
        content = hashlib.sha256(json.dumps([*map(repr, sorted(self.files.items()))]).encode())
        return {
            "container": self.container.digest,
            "files": content.hexdigest(),
            "password": verifier(self.database.password, self.database.arn),
            "reboots": self.database.reboots,
        }

    @property
    def applied(self) -> dict[str, Any]:
        """What the last `converge` that ended well brought about; nothing before the first."""
        with suppress(FileNotFoundError, ValueError):
            held = json.loads((self.folder / "applied.json").read_text())
            return held if isinstance(held, dict) else {}
        return {}

    def as_wanted(self, standing: podman.Standing | None) -> bool:
        """Whether there is nothing to do. Cheap: asks neither podman nor the server."""
        # Another first process is another server, which has to be waited for.
        return _stands(standing, self.container) and self.applied == self.wanted | {"pid": _pid(standing)}

    def converge(self, ended: threading.Event, snapshot: Path | None) -> None:
        """Make it as the account says; returns when it serves. Takes seconds. A new one begins with ``snapshot``.

        Raises `Failed` and `Expected`.
        """
        applied = self.applied
        files.private(files.private(self.folder) / "home", store.USER)
        data = store.data(self.place, self.database.id)
        if snapshot and not data.exists():
            store.copy(snapshot, data)
        if applied.get("files") != self.wanted["files"]:
            folder = files.private(self.folder / "settings", store.USER)
            for name, content in self.files.items():
                files.write(folder / name, content, owner=store.USER)
        started = self._start(reboot=applied.get("reboots", self.database.reboots) != self.database.reboots)
        pid = self._wait(ended)
        self._tell(applied, reload=not started)
        files.write(self.folder / "applied.json", json.dumps(self.wanted | {"pid": pid}))

    def ask(self, text: str) -> str:
        """Run SQL as the superuser, over the container's own socket; what it prints has neither head nor frame."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
        return podman.execute(
            self.name, [f"{_PROGRAMS}/psql", *self._connection, "--dbname=postgres", *options], text=text
        )

    def back_up(self, target: Path) -> None:
        """A consistent copy of the data in a folder of the lab, which comes to be at once. The server goes on."""
        new = self.folder / "home" / f"snapshot-{target.name}"
        files.remove(new)
        inside = f"--pgdata={_HOME}/{new.name}"
        options = ["--checkpoint=fast", "--wal-method=stream", inside]
        podman.execute(self.name, [f"{_PROGRAMS}/pg_basebackup", *self._connection, *options], seconds=600)
        store.give(new)
        new.rename(target)

    @property
    def _connection(self) -> tuple[str, ...]:
        return ("--host=/run/postgresql", f"--port={self.database.port}", f"--username={sql.SUPERUSER}")

    def _start(self, reboot: bool) -> bool:
        """Have the right container run; returns whether it began now."""
        standing = podman.standing(self.place, PART).get(self.name)
        if _stands(standing, self.container) and not reboot:
            return False
        if standing and standing.running:
            podman.stop(self.name, seconds=60)
        if standing and standing.digest == self.container.digest:
            podman.restart(self.name)
        else:
            podman.remove([self.name])
            podman.start(self.place, self.container)
        return True

    def _wait(self, ended: threading.Event) -> int:
        """Until it answers where clients ask, and to us; returns its number on the machine.

        A server that ends meanwhile says why in its log.
        """
        deadline = time.monotonic() + _READY
        while True:
            standing = podman.standing(self.place, PART).get(self.name)
            if standing is None or not standing.running or time.monotonic() > deadline:
                raise Failed(f"PostgreSQL does not serve: {podman.logs(self.name, 5).strip() or 'its log is empty'}")
            if self._serves():
                return standing.pid
            if ended.wait(_PAUSE):
                raise Expected("the lab ends")

    def _serves(self) -> bool:
        if not answers(self.place.namespace(self.interface.id), str(self.interface.address), self.database.port):
            return False
        with suppress(Failed):  # it is starting up
            return self.ask("SELECT 1;\n").strip() == "1"
        return False

    def _tell(self, applied: Mapping[str, Any], reload: bool) -> None:
        if reload and applied.get("files") != self.wanted["files"]:
            self.ask(sql.RELOAD)
        secret = self.wanted["password"]
        if not applied:
            self.ask(sql.initialise(self.database.username, secret, self.database.database))
        if applied.get("password") != secret and self.database.password:
            self.ask(sql.change_password(self.database.username, secret))


def container_name(place: Place, identity: str) -> str:
    """The container of a database, by its id."""
    return place.container(f"rds-{identity}")


def answers(namespace: str, address: str, port: int, seconds: float = 1.0) -> bool:
    """Whether a PostgreSQL server takes connections with TLS there."""
    with suppress(OSError):
        with namespaces.inside(namespace):
            client = socket.socket()
        with client:
            client.settimeout(seconds)
            client.connect((address, port))
            client.sendall(_ASK_FOR_TLS)
            return client.recv(1) == b"S"
    return False


def _pid(standing: podman.Standing | None) -> int:
    return standing.pid if standing else 0


def _stands(standing: podman.Standing | None, wanted: podman.Container) -> bool:
    return standing is not None and standing.running and standing.digest == wanted.digest
