# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/health`` says that the process answers, ``/ready`` that it can do its work.

A check of ``/ready`` looks at what only this service uses, such as its database. It never asks another service: one
that fails would take all those in front of it out of their load balancers too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from flask import Flask

from service_kit.problems import Problem

Check = Callable[[], None]
"""Returns when all is well, else raises NotReady."""

logger = logging.getLogger(__name__)


class NotReady(Exception):
    """Says in one line what is missing."""


def _reason(check: Check) -> str | None:
    try:
        check()
    except NotReady as error:
        return str(error)
    except Exception as error:
        logger.exception("a check of /ready failed")
        return type(error).__name__
    return None


def register(app: Flask, service: str, version: str, checks: Mapping[str, Check]) -> None:
    """Add both routes; ``checks`` by the name that reasons begin with."""

    def health() -> dict[str, str]:
        return {"status": "ok", "service": service, "version": version}

    def ready() -> dict[str, str]:
        reasons = {name: reason for name, check in checks.items() if (reason := _reason(check))}
        if reasons:
            raise Problem(503, "; ".join(f"{name}: {reason}" for name, reason in reasons.items()))
        return {"status": "ready", "service": service, "version": version}

    app.add_url_rule("/health", view_func=health, methods=["GET"])
    app.add_url_rule("/ready", view_func=ready, methods=["GET"])
