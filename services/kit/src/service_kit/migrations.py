# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations by Alembic, packaged with the service in ``<package>/migrations``.

Two rules let releases roll, and roll back, without a pause:

- Revisions are numbered, ``0001``, ``0002``, …: a release can tell that a schema is *newer* than the one it knows.
- A migration only expands. It adds tables, columns that may be null or have a default, indexes; it never drops or
  renames what the release before still uses. That goes two releases later.
"""

from __future__ import annotations

import logging

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from service_kit.database import reason
from service_kit.health import NotReady

LOCK = 0x51_69_77_61_79
"""Of PostgreSQL's advisory locks: whoever migrates a database holds this one."""

logger = logging.getLogger(__name__)


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def head(package: str) -> str:
    """The newest revision that ``package`` knows."""
    newest = ScriptDirectory.from_config(_config(package)).get_current_head()
    if newest is None:
        raise ValueError(f"{package} has no migrations")
    return newest


def current(connection: Connection) -> str:
    """The revision of the database, empty before the first migration."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def migrate(engine: Engine, package: str) -> tuple[str, str]:
    """Bring the database to the head of ``package``, in one transaction. Returns the revisions before and after.

    Any number may run at once: they take turns, and all but the first find nothing to do. A schema that is newer
    already stays as it is. Raises SQLAlchemyError.
    """
    wanted = head(package)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # A migration waits for the statements of running services no longer than they would wait behind it.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        before = current(connection)
        if before >= wanted:
            return before, before
        config = _config(package)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, current(connection)


def run() -> None:
    """The whole of a package's ``migrations/env.py``."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()


class AtHead:
    """A check of ``/ready``: the database answers and has every migration that ``package`` knows, or more."""

    def __init__(self, engine: Engine, package: str) -> None:
        self._engine = engine
        self._head = head(package)

    def __call__(self) -> None:
        try:
            with self._engine.connect() as connection:
                found = current(connection)
        except SQLAlchemyError as error:
            raise NotReady(reason(error)) from error
        if found < self._head:
            raise NotReady(f"migrations are at {found or 'none'}, not at {self._head}")
