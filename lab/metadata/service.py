# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the metadata service and its responses. Does nothing but say what to answer.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from lab.account.model import Account, Instance
from lab.metadata.credentials import Source
from lab.metadata.tokens import LONGEST, Tokens
from lab.metadata.tree import VERSIONS, find, tree

SESSION = "x-aws-ec2-metadata-token"
LIFETIME = "x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN_PATH = ["latest", "api", "token"]


@dataclass(frozen=True)
class Request:
    """``target`` as in the request line; the names of ``headers`` in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """``limited``: its packets may go no further than the instance's hop limit says."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    limited: bool = False


def respond(
    request: Request, account: Account, instance: Instance, tokens: Tokens, credentials: Source, now: float
) -> Response:
    """Answer what an instance asks; ``now`` in seconds since the epoch."""
    path = [part for part in unquote(urlsplit(request.target).path).split("/") if part]
    if request.method == "PUT":
        return _token(request, path, instance, tokens, now)
    if request.method not in ("GET", "HEAD"):
        return Response(405)
    given = request.headers.get(SESSION)
    left = None if given is None else tokens.left(given, instance.id, now)
    if left is None and (given is not None or instance.tokens_required):
        return Response(401)
    headers = {} if left is None else {LIFETIME: str(left)}
    body = _content(path, account, instance, credentials)
    return Response(404, headers=headers) if body is None else Response(200, body, headers)


def _token(request: Request, path: list[str], instance: Instance, tokens: Tokens, now: float) -> Response:
    """A session's token: never through a proxy, for 1 to 21600 seconds."""
    if path != _TOKEN_PATH:
        return Response(405)
    if "x-forwarded-for" in request.headers:
        return Response(403)
    lifetime = request.headers.get(LIFETIME, "")
    if not (lifetime.isascii() and lifetime.isdigit() and 1 <= int(lifetime) <= LONGEST):
        return Response(400)
    token = tokens.issue(instance.id, int(lifetime), now)
    return Response(200, token.encode(), {LIFETIME: lifetime}, limited=True)


def _content(path: list[str], account: Account, instance: Instance, credentials: Source) -> bytes | None:
    if not path:
        return "\n".join(VERSIONS).encode()
    return find(tree(account, instance, credentials), path[1:]) if path[0] in VERSIONS else None
