# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto without what it works out anew for every request and every service: half of its time."""

from __future__ import annotations

import functools
from typing import Any

import boto3.session
import botocore.session
import moto.core.responses
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher; the service that a host name stands for is looked up once (moto lists a directory)."""

    @functools.cache  # noqa: B019  # there is one dispatcher a process
    def get_backend_for_host(self, host: str | None) -> object:
        """The name of the service behind a host name; raises NotImplementedError where moto has none."""
        backend = super().get_backend_for_host(host)
        if backend is None and host is not None:
            raise NotImplementedError(f"there is no backend for {host}")
        return backend


def speed_up() -> None:
    """Look the methods of a response class up once (moto inspects the class), and read a service's model once.

    boto3 reads the whole model, which is megabytes for EC2, each time it is asked for a service's regions.
    """
    responses: Any = moto.core.responses
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    session: Any = boto3.session.Session
    session.get_available_regions = _regions


def _regions(_: object, service: str, partition_name: str = "aws", allow_non_regional: bool = False) -> list[str]:
    prefix = get_service_model(service).endpoint_prefix
    regions: list[str] = _resolver().get_available_endpoints(prefix, partition_name, allow_non_regional)
    return regions


@functools.cache
def known_regions() -> frozenset[str]:
    """Every region of AWS that has EC2."""
    partitions = _resolver().get_available_partitions()
    return frozenset(region for partition in partitions for region in _regions(None, "ec2", partition))


@functools.cache
def _resolver() -> Any:
    return botocore.session.get_session()._get_internal_component("endpoint_resolver")
