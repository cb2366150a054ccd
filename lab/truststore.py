# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where AWS publishes the authorities that sign RDS's certificates: in a lab it is the lab's own one.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html#UsingWithRDS.SSL.CertificatesAllRegions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Response

NAME = "truststore.pki.rds.amazonaws.com"
_BUNDLE = re.compile(r"/([a-z0-9-]+)/\1-bundle\.pem")
"""``/global/global-bundle.pem``, and one for each region."""

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_truststore(application: Wsgi, bundle: Path) -> Wsgi:
    """An application that answers for `NAME` with the file ``bundle``, and otherwise as ``application`` does."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").partition(":")[0].lower() != NAME:
            return application(environ, start_response)
        response = _file(bundle) if _BUNDLE.fullmatch(environ["PATH_INFO"]) else Response("no such file\n", 404)
        return response.make_conditional(environ)(environ, start_response)

    return answer


def _file(bundle: Path) -> Response:
    """A client that has it and asks whether it changed gets no second copy."""
    response = Response(bundle.read_bytes(), mimetype="application/x-x509-ca-cert")
    response.last_modified = datetime.fromtimestamp(bundle.stat().st_mtime, UTC)
    return response
