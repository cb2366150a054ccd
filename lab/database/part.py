# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's part that keeps databases and their snapshots as the account says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from lab import files, namespaces, podman
from lab.account.model import Account, Database, Interface, Snapshot
from lab.authority import Authority
from lab.database import store
from lab.database.server import PART, Server, container_name
from lab.database.settings import MAJOR, major
from lab.image import Ensure
from lab.place import Place
from lab.reconcile import Pending, Reports
from lab.work import Expected, Work

_LOG = logging.getLogger(__name__)
_IMAGE = "postgresql"
_THREADS = 4


class Databases:
    """A server per RDS instance for PostgreSQL, in its interface's namespace; the folder of a snapshot per DB snapshot.

    Not as on AWS: the version is Debian's, storage is not limited, every class is one size, Multi-AZ is one server;
    there are neither replicas nor restores to a point in time.
    """

    name = "databases"

    def __init__(self, place: Place, reality: Reports, authority: Authority, ensure: Ensure) -> None:
        self._place = place
        self._reality = reality
        self._authority = authority
        self._ensure = ensure
        self._image = ""
        self._work = Work(_THREADS, "database")
        self._notes: dict[str, tuple[str, tuple[str, ...]]] = {}

    def converge(self, account: Account) -> Sequence[Pending]:
        """One round; what takes long goes on in threads."""
        standing = podman.standing(self._place, PART)
        pending: list[Pending] = []
        for identity, database in account.databases.items():
            pending += _guarded(identity, partial(self._database, account, database, standing))
        for identity, snapshot in account.database_snapshots.items():
            pending += _guarded(identity, partial(self._snapshot, account, snapshot, standing))
        pending += [
            self._remove(identity) for identity in store.kept(self._place, "instances") - set(account.databases)
        ]
        unused = store.kept(self._place, "snapshots") - self._needed(account)
        pending += [self._forget(identity) for identity in unused]
        self._notes = {identity: said for identity, said in self._notes.items() if identity in account.databases}
        return [_named(account, each) for each in pending]

    def notes(self) -> list[Pending]:
        """In what databases are otherwise than the account says, and stay so."""
        return [Pending(name, each) for name, said in self._notes.values() for each in said]

    def close(self) -> None:
        """Wait for the work under way; the servers go on."""
        self._work.close()

    def _database(
        self, account: Account, database: Database, standing: Mapping[str, podman.Standing]
    ) -> Iterator[Pending]:
        held = standing.get(container_name(self._place, database.id))
        if database.status == "deleting" and not _untaken(account, database.id, self._place):
            yield self._remove(database.id)
        elif database.status in ("stopping", "stopped"):
            yield from self._stop(database, held)
        elif database.engine not in ("postgres", "aurora-postgresql"):
            raise Expected(f"the lab has no server for the engine {database.engine}: only PostgreSQL")
        else:
            yield from self._serve(account, database, held)

    def _serve(self, account: Account, database: Database, held: podman.Standing | None) -> Iterator[Pending]:
        server = self._server(account, database)
        if server is None:
            yield self._work.do(f"image {_IMAGE}", "it is being made", self._make_image)
            return
        self._note(server)
        if server.as_wanted(held) and not self._work.busy(database.id):
            self._reality.report("database", database.id, "available")
            return
        if server.applied.get("reboots", database.reboots) != database.reboots:
            self._reality.report("database", database.id, "rebooting")
        snapshot = self._origin(server)
        work = partial(server.converge, self._work.ended, snapshot)
        yield self._work.do(database.id, "its server is being made ready", work, about=(database, server.interface))

    def _server(self, account: Account, database: Database) -> Server | None:
        """A database's server; None while there is no image."""
        interface = _interface(account, database)
        if not namespaces.path(self._place.namespace(interface.id)).exists():
            raise Expected(f"the namespace of its interface {interface.id} is not there yet")
        if not self._image:
            return None
        return Server(self._place, database, interface, self._image, self._authority)

    def _origin(self, server: Server) -> Path | None:
        """The snapshot that a new database begins with. Raises `Expected` while it is not there."""
        identity = server.database.snapshot
        if not identity or store.data(self._place, server.database.id).exists():
            return None
        folder = store.folder(self._place, "snapshots", identity)
        if not folder.exists():
            raise Expected(f"the snapshot {identity} that it is restored from has not been taken")
        return folder

    def _stop(self, database: Database, held: podman.Standing | None) -> Iterator[Pending]:
        running = held is not None and held.running
        if running or self._work.busy(database.id):
            work = partial(podman.stop, container_name(self._place, database.id), 60)
            yield self._work.do(database.id, "its server is being stopped", work, about=database)
        else:
            self._reality.report("database", database.id, "stopped")

    def _remove(self, identity: str) -> Pending:
        def work() -> None:
            podman.remove([container_name(self._place, identity)])
            files.remove(store.folder(self._place, "instances", identity))
            self._reality.report("database", identity, "deleted")

        return self._work.do(identity, "its server is being removed", work)

    def _snapshot(
        self, account: Account, snapshot: Snapshot, standing: Mapping[str, podman.Standing]
    ) -> Iterator[Pending]:
        target = store.folder(self._place, "snapshots", snapshot.id)
        subject = f"snapshot {snapshot.id}"
        if target.exists():
            self._reality.report("snapshot", snapshot.id, "available")
            return
        database = account.databases.get(snapshot.database)
        if database is None:
            raise Expected(f"it cannot be taken: there is no database {snapshot.database}")
        held = standing.get(container_name(self._place, database.id))
        if database.status == "stopped" and not (held and held.running):
            work = partial(store.copy, store.data(self._place, database.id), target)
        else:
            work = partial(self._serving(account, database, held).back_up, target)
        yield self._work.do(subject, "it is being taken", work)

    def _serving(self, account: Account, database: Database, held: podman.Standing | None) -> Server:
        server = self._server(account, database)
        if server is None or not server.as_wanted(held):
            raise Expected(f"it is taken when the database {database.name} serves")
        return server

    def _needed(self, account: Account) -> set[str]:
        """The snapshots that are in the account, or are still to be restored from."""
        fresh = [each for each in account.databases.values() if not store.data(self._place, each.id).exists()]
        return set(account.database_snapshots) | {each.snapshot for each in fresh if each.snapshot}

    def _forget(self, identity: str) -> Pending:
        path = store.folder(self._place, "snapshots", identity)
        return self._work.do(f"snapshot {identity}", "it is being removed", partial(files.remove, path))

    def _make_image(self) -> None:
        self._image = self._ensure(_IMAGE, _LOG.info)

    def _note(self, server: Server) -> None:
        database = server.database
        said = server.settings.ignored
        if major(database) != MAJOR:
            said += (f"PostgreSQL {database.version} is asked for, {MAJOR} runs",)
        if (database.name, said) != self._notes.get(database.id):
            for each in said:
                _LOG.warning("%s: %s", database.name, each)
        self._notes[database.id] = database.name, said


def _named(account: Account, pending: Pending) -> Pending:
    """A person knows a database by its name."""
    database = account.databases.get(pending.subject)
    return Pending(database.name, pending.why) if database else pending


def _guarded(subject: str, steps: Callable[[], Iterator[Pending]]) -> list[Pending]:
    """What the steps for one subject left; what it still lacks is no failure of the round."""
    try:
        return list(steps())
    except Expected as lack:
        return [Pending(subject, str(lack))]


def _interface(account: Account, database: Database) -> Interface:
    for interface in account.interfaces.values():
        if interface.owner == ("database", database.id):
            return interface
    raise Expected("it has no interface")


def _untaken(account: Account, identity: str, place: Place) -> bool:
    """Whether a final snapshot is still to be taken, of a database that has data."""
    taken = store.kept(place, "snapshots")
    return store.data(place, identity).exists() and any(
        each.database == identity and each.id not in taken for each in account.database_snapshots.values()
    )
