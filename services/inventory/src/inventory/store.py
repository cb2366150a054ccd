# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies in PostgreSQL, table ``movies``: made by ``migrations/versions``, described here for queries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Identity,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

MOVIES = Table(
    "movies",
    MetaData(),
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("title", Text, nullable=False),
    Column("director", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
MAX_ID = 10**18 - 1
"""The largest number of 18 digits: PostgreSQL's ``bigint`` holds it, and no movie will ever have it."""

Movie = Row[tuple[object, ...]]
"""Columns by name: id, title, director, created_at."""


class Store:
    """Each method is one transaction of one statement. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, limit: int, before: int) -> Sequence[Movie]:
        """At most ``limit`` movies with an id below ``before``, the newest first."""
        query = select(MOVIES).where(MOVIES.c.id < before).order_by(MOVIES.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def get(self, movie: int) -> Movie | None:
        with self._engine.connect() as connection:
            return connection.execute(select(MOVIES).where(MOVIES.c.id == movie)).one_or_none()

    def add(self, title: str, director: str) -> Movie:
        with self._engine.begin() as connection:
            return connection.execute(insert(MOVIES).values(title=title, director=director).returning(MOVIES)).one()

    def replace(self, movie: int, title: str, director: str) -> Movie | None:
        change = update(MOVIES).where(MOVIES.c.id == movie).values(title=title, director=director).returning(MOVIES)
        with self._engine.begin() as connection:
            return connection.execute(change).one_or_none()

    def remove(self, movie: int) -> bool:
        """Whether there was one."""
        with self._engine.begin() as connection:
            return connection.execute(delete(MOVIES).where(MOVIES.c.id == movie)).rowcount > 0
