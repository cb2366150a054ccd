# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asked: the request's id and its trace, taken over from the caller, logged, answered, and passed on.

The id is ``X-Request-ID``, the trace W3C's ``traceparent`` and ``tracestate`` (https://www.w3.org/TR/trace-context/),
which go on unchanged: a service is visible in a trace as soon as OpenTelemetry's instrumentation wraps it.
"""

from __future__ import annotations

import re
from uuid import uuid4

from flask import Flask, Response, g, has_request_context, request

REQUEST_ID = re.compile(r"[A-Za-z0-9._=+/-]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def identity() -> dict[str, str]:
    """Fields of a log line: ``request_id``, and ``trace_id`` where the caller gave one. None outside a request."""
    return g.get("identity", {}) if has_request_context() else {}


def headers() -> dict[str, str]:
    """Headers for a request made on behalf of the current one."""
    passed: dict[str, str] = {"X-Request-ID": g.identity["request_id"]}
    if "trace_id" in g.identity:
        passed |= {name: request.headers[name] for name in ("traceparent", "tracestate") if name in request.headers}
    return passed


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.identity = {"request_id": given if REQUEST_ID.fullmatch(given) else uuid4().hex}
    if trace := TRACEPARENT.fullmatch(request.headers.get("traceparent", "")):
        g.identity["trace_id"] = trace["trace"]


def _answer(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.identity["request_id"]
    return response


def register(app: Flask) -> None:
    """Identify every request of ``app``; to be registered before what logs."""
    app.before_request(_begin)
    app.after_request(_answer)
