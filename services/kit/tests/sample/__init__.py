# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service made of nothing but the kit."""

from __future__ import annotations

import os
from time import sleep

from flask import Flask, request

from service_kit import application, tracing
from service_kit.health import Check
from service_kit.settings import Settings
from service_kit.validation import Document, Query, body, query


class Thing(Document):
    name: str
    parts: list[int] = []


class ThingQuery(Query):
    limit: int = 10


def create_app(settings: Settings | None = None, checks: dict[str, Check] | None = None) -> Flask:
    app = application.create("sample", "sample", settings or Settings.load(os.environ), checks)

    @app.get("/slow")
    def slow() -> str:
        sleep(request.args.get("seconds", 0.1, float))  # the work that takes its time
        return str(os.getpid())

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("a bug")

    @app.get("/headers")
    def headers() -> dict[str, str]:
        return tracing.headers()

    @app.post("/things")
    def things() -> dict[str, object]:
        return body(Thing).model_dump()

    @app.get("/things")
    def page() -> dict[str, object]:
        return query(ThingQuery).model_dump()

    @app.put("/raw")
    def raw() -> str:
        return str(len(request.get_data()))

    return app
