# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema: brought to head once, by whoever comes first, and never taken back."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

import inventory
from inventory import create_app
from inventory.store import MOVIES
from service_kit import database, migrations
from service_kit.database import DatabaseSettings
from services.testing import Postgres, environment, variables

VERSIONS = Path(inventory.__file__).parent / "migrations/versions"
EXPANDING = {"add_column", "create_check_constraint", "create_index", "create_table"}
"""What a migration may do. Add to it what cannot break the release before."""


@pytest.fixture
def fresh(postgres: Postgres) -> DatabaseSettings:
    """Of a database that nothing has migrated."""
    return postgres.create()


@pytest.fixture
def engine(fresh: DatabaseSettings) -> Iterator[Engine]:
    made = database.engine(fresh)
    yield made
    made.dispose()


def command(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "inventory", "migrate"]
    return subprocess.run(line, env=variables(given), capture_output=True, text=True, timeout=30, check=False)


def readiness(settings: DatabaseSettings) -> tuple[int, Any]:
    """Status and detail of ``/ready``."""
    app = create_app(settings)
    answer = app.test_client().get("/ready")
    app.extensions["database"].dispose()
    return answer.status_code, (answer.json or {}).get("detail")


def test_a_service_is_ready_once_its_migrations_have_run(fresh: DatabaseSettings) -> None:
    assert readiness(fresh) == (503, "database: migrations are at none, not at 0001")
    first, second = command(environment(fresh)), command(environment(fresh))
    assert (first.returncode, first.stdout) == (0, "migrated: none -> 0001\n")
    assert (second.returncode, second.stdout) == (0, "nothing to migrate: 0001\n")
    assert readiness(fresh) == (200, None)


def test_a_service_is_not_ready_while_its_database_is_away(fresh: DatabaseSettings) -> None:
    status, detail = readiness(fresh.model_copy(update={"database_port": 1}))
    assert status == 503
    assert detail.startswith("database: connection failed")


def test_many_migrate_at_once_and_one_does_it(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(migrations.migrate, engine, "inventory") for _ in range(4)]
        assert sorted(one.result() for one in done) == [("", "0001"), *[("0001", "0001")] * 3]


def test_a_release_works_on_the_schema_of_a_later_one(fresh: DatabaseSettings, engine: Engine) -> None:
    migrations.migrate(engine, "inventory")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    assert migrations.migrate(engine, "inventory") == ("0002", "0002")
    assert readiness(fresh) == (200, None)


def test_a_failed_migration_leaves_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE movies ()"))
    with pytest.raises(ProgrammingError, match="already exists"):
        migrations.migrate(engine, "inventory")
    with engine.connect() as connection:
        assert migrations.current(connection) == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DATABASE_PORT": "1"}, "migrate: connection failed"),
        ({"DATABASE_HOST": ""}, "DATABASE_HOST: is not set"),
    ],
)
def test_what_hinders_a_migration_is_one_line(fresh: DatabaseSettings, given: dict[str, str], said: str) -> None:
    ended = command({**environment(fresh), **given})
    assert ended.returncode == 1
    assert ended.stderr.startswith(said)
    assert len(ended.stderr.splitlines()) == 1


def test_the_schema_is_what_queries_take_it_for(engine: Engine) -> None:
    migrations.migrate(engine, "inventory")
    query = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name = 'movies'"
    with engine.connect() as connection:
        found = {row.column_name: row.is_nullable == "YES" for row in connection.execute(text(query))}
    assert found == {column.name: column.nullable for column in MOVIES.columns}


def test_revisions_are_numbered_and_only_expand() -> None:
    files = sorted(VERSIONS.glob("*.py"))
    assert [file.name[:5] for file in files] == [f"{number:04}_" for number in range(1, len(files) + 1)]
    for file in files:
        calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        used = {call.attr for call in calls if isinstance(call, ast.Attribute) and ast.unparse(call.value) == "op"}
        assert used <= EXPANDING, file.name
