# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to AWS: one client per service, shared by all threads, at a declared rate; errors of one kind."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils.aws.errors import from_code, translated
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope

try:
    import botocore.config
    import botocore.session
    import jmespath
    from botocore import xform_name
except ImportError:
    HAS_BOTOCORE = False
else:
    HAS_BOTOCORE = True

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 32
GLOBAL = frozenset({"iam", "route53"})
"""Services whose resources are in no region."""


@dataclass(frozen=True)
class Rate:
    """A token bucket: so many at once, then so many a second; of each operation, or shared by all of the service."""

    burst: int
    per_second: float
    shared: bool = False


RATES: Mapping[tuple[str, bool], Rate] = {
    # https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html (per action: reads 100/20, others 50/5)
    ("ec2", False): Rate(100, 20),
    ("ec2", True): Rate(50, 5),
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html (five a second and account)
    ("route53", False): Rate(5, 5, shared=True),
    ("route53", True): Rate(5, 5, shared=True),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
    ("elbv2", False): Rate(40, 10),
    ("elbv2", True): Rate(20, 3),
    ("iam", False): Rate(40, 15),
    ("iam", True): Rate(20, 5),
}
"""(service, mutating) → rate. What is not listed is bounded by the number of workers alone."""


class Bucket:
    """Makes its callers wait so that together they keep to a rate."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._tokens = float(rate.burst)
        self._filled = time.monotonic()

    def take(self) -> None:
        time.sleep(self._reserve(time.monotonic()))

    def _reserve(self, now: float) -> float:
        with self._lock:
            self._tokens = min(self._rate.burst, self._tokens + (now - self._filled) * self._rate.per_second)
            self._filled = now
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate.per_second)


class Session:
    """A connection to one account and region. Thread-safe. All requests pass through ``send``."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._session = botocore.session.get_session()
        self._session.set_config_variable("region", scope.region)
        self._config = botocore.config.Config(
            max_pool_connections=WORKERS,
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 6},
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], Bucket] = {}

    @property
    def global_region(self) -> str:
        """The region of this partition that is asked about what is in none (botocore's endpoints.json)."""
        partition = self._session.get_partition_for_region(self.scope.region)
        return {"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}.get(partition, "us-east-1")

    @property
    def known_regions(self) -> list[str]:
        """The regions that this botocore knows, without asking."""
        partitions = self._session.get_available_partitions()
        return [region for name in partitions for region in self._session.get_available_regions("ec2", name)]

    def client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                region = "us-east-1" if service in GLOBAL and self.scope.partition == "aws" else self.scope.region
                self._clients[service] = self._session.create_client(service, region, config=self._config)
            return self._clients[service]

    def send(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._keep_rate(service, operation)
        with translated(service, operation, self.scope.region):
            answer: dict[str, Any] = getattr(self.client(service), xform_name(operation))(**params)
        if refused := _refused(operation, answer):
            raise from_code(service, operation, self.scope.region, refused)
        return answer

    def _keep_rate(self, service: str, operation: str) -> None:
        rate = RATES.get((service, _mutates(operation)))
        if rate is None:
            return
        with self._lock:
            bucket = self._buckets.setdefault((service, "" if rate.shared else operation), Bucket(rate))
        bucket.take()

    def search(self, path: str, response: Mapping[str, Any]) -> Any:
        return jmespath.search(path, response)

    def call(
        self, service: str, operation: str, params: Mapping[str, Any] | None = None, missing: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        try:
            return self.send(service, operation, params or {})
        except ProviderError as error:
            if error.code in missing:
                return None
            raise

    def pages(
        self,
        service: str,
        operation: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        missing: Sequence[str] = (),
    ) -> list[Any]:
        client, method = self.client(service), xform_name(operation)
        if not client.can_paginate(method):
            return self.search(path, self.call(service, operation, params, missing) or {}) or []
        items: list[Any] = []
        try:
            with translated(service, operation, self.scope.region):
                for page in client.get_paginator(method).paginate(**(params or {})):
                    self._keep_rate(service, operation)
                    items += self.search(path, page) or []
        except ProviderError as error:
            if error.code not in missing:
                raise
        return items

    def wait(self, service: str, waiter: str, params: Mapping[str, Any], deadline: int) -> None:
        """One of botocore's own waiters, polled every second."""
        with translated(service, waiter, self.scope.region):
            options = {"Delay": 1, "MaxAttempts": deadline}
            self.client(service).get_waiter(waiter).wait(**params, WaiterConfig=options)

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        items = list(items)
        if len(items) < 2:
            return [function(item) for item in items]
        with ThreadPoolExecutor(min(len(items), WORKERS), thread_name_prefix="each") as pool:
            return list(pool.map(function, items))


def _refused(operation: str, answer: Mapping[str, Any]) -> dict[str, str]:
    """The first error in an answer of 200: some calls for several things list what they refused."""
    if answer.get("Unsuccessful"):
        error: dict[str, str] = answer["Unsuccessful"][0]["Error"]
        return error
    if operation == "DeleteObjects" and answer.get("Errors"):
        first = answer["Errors"][0]
        return {"Code": first["Code"], "Message": f"{first['Key']}: {first.get('Message', '')}"}
    return {}


def _mutates(operation: str) -> bool:
    return not re.match(r"(Describe|Get|List|Head|BatchGet)", operation)
