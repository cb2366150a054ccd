# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application: which request goes to which service."""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import quote

from flask import Flask, Response, request
from pydantic import AnyHttpUrl, BeforeValidator, Field

from api_gateway.upstream import Upstream
from service_kit import application
from service_kit.problems import Problem
from service_kit.settings import Seconds, Settings

QUERY = "!$%&'()*+,/:;=?@[]"
"""Characters of a query that go on as they are, beside letters, digits and ``-._~`` (RFC 3986)."""


def _split(text: object) -> object:
    return [part.strip() for part in text.split(",")] if isinstance(text, str) else text


Urls = Annotated[tuple[AnyHttpUrl, ...], BeforeValidator(_split), Field(min_length=1)]
"""Base URLs of one service, separated by commas."""


class GatewaySettings(Settings):
    inventory_urls: Urls
    billing_urls: Urls | None = None
    """Without it orders are answered with 502."""
    upstream_connect_timeout: Seconds = 1
    upstream_read_timeout: Seconds = 5
    """Longest silence of a service that has the request."""
    upstream_timeout: Seconds = 10
    """Longest time for a request altogether, all attempts included; looked at with each part of an answer."""


def _upstream(settings: GatewaySettings, name: str, urls: tuple[AnyHttpUrl, ...] | None) -> Upstream:
    return Upstream(
        name,
        [str(url).rstrip("/") for url in urls or ()],
        connect_timeout=settings.upstream_connect_timeout,
        read_timeout=settings.upstream_read_timeout,
        timeout=settings.upstream_timeout,
        connections=settings.threads,
    )


def create_app(settings: GatewaySettings | None = None) -> Flask:
    """The WSGI application; by default with the environment's settings. Raises SystemExit where one is wrong."""
    settings = settings or GatewaySettings.load(os.environ)
    inventory = _upstream(settings, "inventory", settings.inventory_urls)
    billing = _upstream(settings, "billing", settings.billing_urls)
    app = application.create("api_gateway", "api-gateway", settings)

    @app.get("/api/movies")
    def movies() -> Response:
        query = quote(request.query_string, safe=QUERY)
        return inventory.forward("GET", "/inventory/movies" + (f"?{query}" if query else ""))

    @app.post("/api/orders")
    def orders() -> Response:
        if request.mimetype != "application/json":
            raise Problem(415, "The body has to be application/json.")
        return billing.forward("POST", "/billing/orders", request.get_data())

    return app
