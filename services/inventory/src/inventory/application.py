# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application, put together from the environment."""

from __future__ import annotations

import os

from flask import Flask

from inventory.api import movies
from inventory.store import Store
from service_kit import application, database
from service_kit.database import DatabaseSettings
from service_kit.migrations import AtHead


def create_app(settings: DatabaseSettings | None = None) -> Flask:
    """The WSGI application; by default with the environment's settings. Raises SystemExit where one is wrong."""
    settings = settings or DatabaseSettings.load(os.environ)
    engine = database.engine(settings)
    app = application.create("inventory", "inventory", settings, {"database": AtHead(engine, "inventory")})
    database.register(app, engine)
    app.register_blueprint(movies(Store(engine)))
    return app
