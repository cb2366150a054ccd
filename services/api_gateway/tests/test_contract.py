# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway does what its OpenAPI document says, in front of the real inventory and a billing of this test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

from flask import Flask
from pydantic import BeforeValidator, Field
from werkzeug.serving import make_server

from service_kit import database, migrations, problems, tracing
from service_kit.validation import Document, body
from services.testing import Postgres, environment, keeps_its_contract, served


def _whole(value: object) -> object:
    """To JSON Schema 5.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Id = Annotated[int, BeforeValidator(_whole), Field(ge=1, lt=10**18)]


class Order(Document):
    user_id: Id
    movie_id: Id
    price: Annotated[str, Field(pattern=r"^[0-9]{1,8}\.[0-9]{2}$")]


@contextmanager
def billing() -> Iterator[str]:
    """Its URL."""
    app = Flask("billing")
    tracing.register(app)
    problems.register(app)

    @app.post("/billing/orders")
    def orders() -> tuple[dict[str, Any], int]:
        body(Order)
        return {"id": 1, "status": "pending"}, 202

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_contract_is_kept(postgres: Postgres, tmp_path: Path) -> None:
    settings = postgres.create()
    engine = database.engine(settings)
    migrations.migrate(engine, "inventory")
    engine.dispose()
    with billing() as billing_url, served("inventory", tmp_path / "inventory", environment(settings)) as inventory:
        given = {"INVENTORY_URLS": f"http://127.0.0.1:{inventory.port}", "BILLING_URLS": billing_url}
        with served("api_gateway", tmp_path / "gateway", given) as gateway:
            keeps_its_contract("api_gateway", gateway)
