# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: one JSON object a line on standard error, with the identity of the request that the line is about."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.config import dictConfig
from typing import Any

from service_kit import tracing
from service_kit.settings import Settings

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
"""Attributes that every record has: any other came by ``extra`` and is a field of the line."""


class JsonFormatter(logging.Formatter):
    """``fields`` are in every line; one about a request has ``request_id`` and, if traced, ``trace_id``."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._fields,
            **tracing.identity(),
            **{key: value for key, value in vars(record).items() if key not in STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configuration(settings: Settings, **fields: str) -> dict[str, Any]:
    """For ``logging.config.dictConfig``. The server's loggers write the same lines; its access log is ours."""
    ours = {"level": settings.log_level, "handlers": ["json"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": JsonFormatter, "fields": {"version": settings.service_version, **fields}},
        },
        "handlers": {"json": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"level": settings.log_level, "handlers": ["json"]},
        "loggers": {
            "alembic.runtime.plugins": {"level": "WARNING"},
            "gunicorn.access": {"handlers": [], "propagate": False},
            "gunicorn.error": ours,
        },
    }


def configure(settings: Settings, service: str) -> None:
    """Send the logs of this process to standard error."""
    dictConfig(configuration(settings, service=service))
