# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as problem details, RFC 9457: ``application/problem+json`` with title, status, detail and the request's id."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from service_kit import tracing

MEDIA_TYPE = "application/problem+json"
KEPT = ("Allow", "Location", "Retry-After")
"""Headers of Flask's own errors that belong to their meaning."""

logger = logging.getLogger(__name__)


class Problem(Exception):
    """Raised anywhere in a request to answer with ``status``; ``members`` are further members of the document."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def answer(problem: Problem) -> Response:
    """The response that ``problem`` asks for."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **tracing.identity(),
        **problem.members,
    }
    return Response(json.dumps(document), problem.status, dict(problem.headers), mimetype=MEDIA_TYPE)


def _http_error(error: HTTPException) -> Response:
    given = error.get_response().headers
    kept = {name: given[name] for name in KEPT if name in given}
    return answer(Problem(error.code or 500, error.description or "", headers=kept))


def _unexpected(error: Exception) -> Response:
    logger.error("unexpected error", exc_info=error)
    return answer(Problem(500, "The error is in the service's log, under the request's id."))


def register(app: Flask) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
