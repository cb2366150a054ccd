# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL by psycopg 3 and SQLAlchemy Core: connections that prove whom they reach, and a time limit on all."""

from __future__ import annotations

import logging
from typing import Annotated

import psycopg
import sqlalchemy
from flask import Flask, Response
from pydantic import Field, FilePath
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from service_kit.problems import Problem, answer
from service_kit.settings import Seconds, Settings

logger = logging.getLogger(__name__)


class DatabaseSettings(Settings):
    """Settings of a service with a database."""

    database_host: str
    database_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    database_name: str
    database_user: str
    database_password_file: FilePath
    """Read for each new connection, so a rotated password needs no restart."""
    database_ca_file: FilePath
    """The authorities of which one must have signed the server's certificate, which must name ``database_host``."""
    database_connect_timeout: Annotated[int, Field(ge=2, le=60)] = 3
    """Seconds; libpq takes no less than 2."""
    database_statement_timeout: Seconds = 5


def connect(settings: DatabaseSettings) -> psycopg.Connection:
    """A new connection. Raises psycopg.OperationalError."""
    try:
        password = settings.database_password_file.read_text().strip()
    except OSError as error:
        raise psycopg.OperationalError(f"DATABASE_PASSWORD_FILE cannot be read: {error.strerror}") from error
    milliseconds = int(settings.database_statement_timeout * 1000)
    return psycopg.connect(
        host=settings.database_host,
        port=settings.database_port,
        dbname=settings.database_name,
        user=settings.database_user,
        password=password,
        sslmode="verify-full",
        sslrootcert=str(settings.database_ca_file),
        connect_timeout=settings.database_connect_timeout,
        # After a failover the name may still lead to the old primary, which then only reads.
        target_session_attrs="read-write",
        # A server that is gone without a word is noticed as soon as one that refuses.
        tcp_user_timeout=milliseconds,
        options=f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={2 * milliseconds} "
        "-c timezone=UTC",
    )


def engine(settings: DatabaseSettings) -> sqlalchemy.Engine:
    """A pool as large as the server has threads: a thread uses one connection at most, so none waits for another's.

    It connects when first used, so the server may fork its workers after this.
    """
    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(settings),
        pool_size=settings.threads,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_use_lifo=True,
    )


def reason(error: BaseException) -> str:
    """The first line of what the driver said."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _unavailable(error: Exception) -> Response:
    logger.error("database: %s", reason(error))
    return answer(Problem(503, "The database does not answer.", headers={"Retry-After": "5"}))


def register(app: Flask, engine: sqlalchemy.Engine) -> None:
    """Answer 503 while the database is away or too slow. ``app.extensions["database"]`` is the engine."""
    app.extensions["database"] = engine
    for error in (InterfaceError, OperationalError, TimeoutError):
        app.register_error_handler(error, _unavailable)
