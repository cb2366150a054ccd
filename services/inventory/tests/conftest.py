# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inventory import create_app
from service_kit import database, migrations
from service_kit.database import DatabaseSettings
from services.testing import Postgres


@pytest.fixture(scope="session")
def at_head(postgres: Postgres) -> DatabaseSettings:
    """Of a database at head."""
    made = postgres.create()
    engine = database.engine(made)
    migrations.migrate(engine, "inventory")
    engine.dispose()
    return made


@pytest.fixture(scope="session")
def app(at_head: DatabaseSettings) -> Iterator[Flask]:
    made = create_app(at_head)
    yield made
    made.extensions["database"].dispose()


@pytest.fixture
def client(app: Flask, at_head: DatabaseSettings, postgres: Postgres) -> Iterator[FlaskClient]:
    """With no movies."""
    yield app.test_client()
    with postgres.admin(at_head.database_name) as admin:
        admin.execute("TRUNCATE movies")
