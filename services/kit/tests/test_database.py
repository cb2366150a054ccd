# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to a real PostgreSQL: proven, limited in time, and made anew when server or password change."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sample
import trustme
from flask.testing import FlaskClient
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from service_kit import database
from service_kit.database import DatabaseSettings
from services.testing import Postgres


@pytest.fixture
def settings(postgres: Postgres) -> DatabaseSettings:
    return postgres.create()


@pytest.fixture
def engine(settings: DatabaseSettings) -> Iterator[Engine]:
    made = database.engine(settings)
    yield made
    made.dispose()


def ask(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar()


def test_connections_are_encrypted(engine: Engine) -> None:
    assert ask(engine, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True


@pytest.mark.parametrize(
    ("change", "said"),
    [("other authority", "certificate verify failed"), ("other name", 'server certificate for "localhost"')],
)
def test_a_server_that_is_not_the_one_is_refused(
    settings: DatabaseSettings, tmp_path: Path, change: str, said: str
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    changes: dict[str, dict[str, object]] = {
        "other authority": {"database_ca_file": tmp_path / "other.pem"},
        "other name": {"database_host": "127.0.0.1"},
    }
    with pytest.raises(OperationalError, match=said):
        ask(database.engine(settings.model_copy(update=changes[change])), "SELECT 1")


def test_a_rotated_password_needs_no_restart(engine: Engine, settings: DatabaseSettings, postgres: Postgres) -> None:
    assert ask(engine, "SELECT 1") == 1
    with postgres.admin() as admin:
        name = settings.database_user
        admin.execute(SQL("ALTER ROLE {} PASSWORD 'second word'").format(Identifier(name)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name])
    with pytest.raises(OperationalError, match="password authentication failed"):
        ask(engine, "SELECT 1")
    settings.database_password_file.write_text("second word")
    assert ask(engine, "SELECT 1") == 1


def test_a_missing_password_file_is_an_error_of_the_database(engine: Engine, settings: DatabaseSettings) -> None:
    settings.database_password_file.unlink()
    with pytest.raises(OperationalError, match="DATABASE_PASSWORD_FILE cannot be read: No such file"):
        ask(engine, "SELECT 1")


def test_every_thread_has_a_connection(engine: Engine, settings: DatabaseSettings) -> None:
    with ThreadPoolExecutor(settings.threads) as threads:
        asked = [
            threads.submit(ask, engine, "SELECT pg_backend_pid() FROM pg_sleep(0.3)") for _ in range(settings.threads)
        ]
        assert len({one.result() for one in asked}) == settings.threads


def service(engine: Engine) -> FlaskClient:
    """A service that asks the database what a client says."""
    app = sample.create_app()
    database.register(app, engine)
    app.add_url_rule("/ask/<query>", view_func=lambda query: str(ask(engine, query)))
    return app.test_client()


def test_a_slow_statement_is_ended(settings: DatabaseSettings) -> None:
    engine = database.engine(settings.model_copy(update={"database_statement_timeout": 0.2}))
    client = service(engine)
    answer = client.get("/ask/SELECT pg_sleep(10)")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"
    assert client.get("/ask/SELECT 1").text == "1"
    engine.dispose()


def test_a_server_that_comes_back_is_used_again(engine: Engine, postgres: Postgres) -> None:
    client = service(engine)
    assert client.get("/ask/SELECT 1").text == "1"
    postgres.stop()
    assert client.get("/ask/SELECT 1").status_code == 503
    postgres.start()
    assert client.get("/ask/SELECT 1").text == "1"
