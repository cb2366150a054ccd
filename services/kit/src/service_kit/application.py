# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Flask application that every service starts from."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from flask import Flask, Response

from service_kit import health, logs, metrics, problems, tracing
from service_kit.settings import Settings


def create(package: str, service: str, settings: Settings, checks: Mapping[str, health.Check] | None = None) -> Flask:
    """An application with logs, metrics, problem documents, ``/health``, ``/ready`` and ``/openapi.yaml``.

    ``package`` is the Python package, which holds ``openapi.yaml``; ``service`` the name in logs and metrics.
    """
    logs.configure(settings, service)
    app = Flask(package, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.request_max_bytes
    tracing.register(app)
    metrics.register(app, service, settings.service_version)
    problems.register(app)
    health.register(app, service, settings.service_version, checks or {})
    description = resources.files(package).joinpath("openapi.yaml").read_bytes()
    app.add_url_rule(
        "/openapi.yaml",
        endpoint="openapi",
        view_func=lambda: Response(description, mimetype="application/yaml"),
        methods=["GET"],
    )
    return app
