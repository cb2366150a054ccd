# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service behind the gateway: several addresses, one of which answers.

An address that fails is followed by the next one. A request that an address may have received goes on only if it is a
GET: anything else could be done twice.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from time import monotonic

import urllib3
from flask import Response
from prometheus_client import Counter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, TimeoutError

from service_kit import tracing
from service_kit.problems import Problem

ATTEMPTS = Counter("upstream_requests", "Requests to services behind, by how they went", ["upstream", "outcome"])

PASSED = ("Content-Type", "Location", "Retry-After")
"""Headers of an answer that the gateway's own answer has too."""
MAX_BYTES = 8 * 1024 * 1024
"""An answer larger than this is none."""
AVOIDED = 5.0
"""Seconds for which an address that failed comes last."""

logger = logging.getLogger(__name__)


class Failed(Exception):
    """One address gave no answer. ``received``: it may have got the request."""

    def __init__(self, outcome: str, received: bool) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.received = received


class Upstream:
    """``urls`` without a slash at the end; times in seconds, ``timeout`` for all attempts of a request together."""

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        *,
        connect_timeout: float,
        read_timeout: float,
        timeout: float,
        connections: int,
    ) -> None:
        self._name = name
        self._urls = list(urls)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._timeout = timeout
        self._connections = connections
        self._kept = urllib3.PoolManager(maxsize=connections)
        self._failed: dict[str, float] = {}

    def forward(self, method: str, target: str, body: bytes | None = None) -> Response:
        """The service's answer, if it is a good one or the client's error. Raises Problem: 504 late, 502 else."""
        deadline = monotonic() + self._timeout
        outcome = "no address"
        for url in self._order():
            try:
                return self._attempt(url, method, target, body, deadline)
            except Failed as failed:
                outcome = failed.outcome
                self._failed[url] = monotonic()
                logger.warning("%s at %s: %s", self._name, url, outcome)
                if (failed.received and method != "GET") or monotonic() >= deadline:
                    break
        status = 504 if outcome == "timeout" else 502
        raise Problem(status, f"The service {self._name} does not answer as it should: {outcome}.")

    def _order(self) -> list[str]:
        """The addresses in random order, lately failed ones last."""
        recently = monotonic() - AVOIDED
        shuffled = random.sample(self._urls, len(self._urls))
        return sorted(shuffled, key=lambda url: self._failed.get(url, recently) > recently)

    def _attempt(self, url: str, method: str, target: str, body: bytes | None, deadline: float) -> Response:
        try:
            answer = self._ask(url, method, target, body, deadline)
        except Failed as failed:
            ATTEMPTS.labels(self._name, failed.outcome).inc()
            raise
        ATTEMPTS.labels(self._name, "answered").inc()
        return answer

    def _ask(self, url: str, method: str, target: str, body: bytes | None, deadline: float) -> Response:
        left = max(deadline - monotonic(), 0.001)
        timeout = urllib3.Timeout(connect=min(self._connect_timeout, left), read=min(self._read_timeout, left))
        headers = {**tracing.headers(), "Accept": "application/json", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self._pool(method) as pool:
                answer = pool.request(
                    method,
                    url + target,
                    body=body,
                    headers=headers,
                    timeout=timeout,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                return _checked(answer, _read(answer, deadline))
        except NewConnectionError as error:
            raise Failed("no connection", received=False) from error
        except ConnectTimeoutError as error:
            raise Failed("timeout", received=False) from error
        except TimeoutError as error:
            raise Failed("timeout", received=True) from error
        except HTTPError as error:
            raise Failed("connection lost", received=True) from error

    def _pool(self, method: str) -> AbstractContextManager[urllib3.PoolManager]:
        """Kept connections for a GET, a new one for anything else.

        A kept connection may just be closing, and then nobody knows whether the request was received. A GET is sent
        again.
        """
        return nullcontext(self._kept) if method == "GET" else urllib3.PoolManager()


def _read(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The body, within the time and size that an answer may take. Gives the connection back, or closes it."""
    content = b""
    try:
        while part := answer.read1(65_536, decode_content=False):
            content += part
            if monotonic() > deadline:
                raise Failed("timeout", received=True)
            if len(content) > MAX_BYTES:
                raise Failed("answer too large", received=True)
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return content


def _checked(answer: urllib3.BaseHTTPResponse, content: bytes) -> Response:
    """Only what a service of the platform says: success or the client's error, in JSON."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if not (200 <= answer.status < 300 or 400 <= answer.status < 500):
        raise Failed(f"status {answer.status}", received=True)
    if content and media_type not in ("application/json", "application/problem+json"):
        raise Failed("not JSON", received=True)
    passed = {name: answer.headers[name] for name in PASSED if name in answer.headers}
    return Response(content, answer.status, passed)
