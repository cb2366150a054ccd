# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors in the form of each protocol, and the error code read back from an answer."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

_CODE = re.compile(rb"<Code>([^<]+)</Code>")
_TYPE = re.compile(rb'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, headers, body."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def error_code(self) -> str | None:
        """AWS's error code; None for an answer that is not an error."""
        if self.status < 400:
            return None
        for name, value in self.headers:
            if name.lower() == "x-amzn-errortype":
                return value.partition(":")[0]
        found = _CODE.search(self.body) or _TYPE.search(self.body)
        return found[1].decode() if found else str(self.status)

    def with_body(self, body: bytes) -> Answer:
        """The same answer with another body."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        return Answer(self.status, [*headers, ("Content-Length", str(len(body)))], body)


def json_answer(value: object, status: int = 200) -> Answer:
    """`value` as JSON."""
    body = json.dumps(value).encode()
    return Answer(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body)


def error(protocol: str, code: str, message: str, status: int = 400) -> Answer:
    """An error of AWS in the form that `protocol` (see `request.Call.protocol`) asks for."""
    request_id = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request_id)]
    if protocol in ("json", "rest-json"):
        headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)]
        return Answer(status, headers).with_body(json.dumps({"__type": code, "message": message}).encode())
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    bodies = {
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
        "s3": f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>",
    }
    plain = (
        f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    headers.append(("Content-Type", "text/xml"))
    return Answer(status, headers).with_body(bodies.get(protocol, plain).encode())


def header_items(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers without the ones that belong to one connection only (RFC 9110, 7.6.1)."""
    return [(name, value) for name, value in headers if name.lower() not in ("connection", "keep-alive")]
