# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics for Prometheus at ``/metrics``: requests by route and status, their durations, those in progress.

Under gunicorn each worker writes to files in ``$PROMETHEUS_MULTIPROC_DIR``, and any of them answers for all.
"""

from __future__ import annotations

import logging
import os
from time import monotonic

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("http_requests", "Requests answered", ["method", "route", "status"])
DURATION = Histogram("http_request_duration_seconds", "Time from a request's start to its answer", ["method", "route"])
IN_PROGRESS = Gauge("http_requests_in_progress", "Requests not yet answered", multiprocess_mode="livesum")
BUILD = Gauge("service_build_info", "1, for the version that runs", ["service", "version"], multiprocess_mode="max")

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
QUIET = frozenset({"/health", "/metrics", "/ready"})
"""Asked every few seconds: logged on level DEBUG only."""

logger = logging.getLogger("access")


def _begin() -> None:
    g.started = monotonic()
    IN_PROGRESS.inc()


def _answer(response: Response) -> Response:
    """Count and log. Labels are bounded: any path that no route knows is one route, any odd method one method."""
    seconds = monotonic() - g.started
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route, response.status_code).inc()
    DURATION.labels(method, route).observe(seconds)
    logger.log(
        logging.DEBUG if route in QUIET else logging.INFO,
        "request",
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
            "client": request.remote_addr,
        },
    )
    return response


def _end(_error: BaseException | None) -> None:
    IN_PROGRESS.dec()


def _expose() -> Response:
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def register(app: Flask, service: str, version: str) -> None:
    """Measure every request of ``app``."""
    BUILD.labels(service, version).set(1)
    app.before_request(_begin)
    app.after_request(_answer)
    app.teardown_request(_end)
    app.add_url_rule("/metrics", view_func=_expose, methods=["GET"])
