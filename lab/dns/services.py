# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public names of AWS's services, as in every account."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from ipaddress import IPv4Address

import botocore.session

from lab import place
from lab.account.model import Record
from lab.dns.zone import Zone
from lab.truststore import NAME as TRUSTSTORE

_TTL = 60
_GLOBAL = ("budgets", "cloudfront", "iam", "importexport", "route53", "savingsplans", "sdb", "sts", "waf", "ec2", "sqs")
_PARTITIONS = {"aws", "aws-us-gov"}
"""Those whose names end with amazonaws.com."""


@functools.cache
def service_zones() -> tuple[Zone, ...]:
    """A zone per region, and one for the services that have no region.

    https://docs.aws.amazon.com/general/latest/gr/rande.html: ``service.region.amazonaws.com``. Any name that has this
    form is taken for a service: the list of those that exist changes every week.
    """
    return (Zone("amazonaws.com", _global()), *(zone for region in _regions() for zone in _regional(region)))


def addresses(domain: str, address: IPv4Address, below: bool = True) -> Iterator[Record]:
    """A record for a domain and, ``below``, one for all names below it."""
    for name in [domain, f"*.{domain}"] if below else [domain]:
        yield Record(f"{name}.", "A", _TTL, (str(address),), None)


def _regional(region: str) -> Iterator[Zone]:
    domain = f"{region}.amazonaws.com"
    yield Zone(domain, [*addresses(domain, place.API), *_special(domain)])
    yield Zone(f"elb.{domain}", [])  # names of load balancers, not of a service


def _special(domain: str) -> Iterator[Record]:
    """Services with addresses of their own.

    https://docs.aws.amazon.com/general/latest/gr/s3.html,
    https://docs.aws.amazon.com/general/latest/gr/ddb.html (``<account>.ddb`` are its account-based endpoints),
    https://docs.aws.amazon.com/general/latest/gr/ecr.html
    """
    yield from addresses(f"s3.{domain}", place.S3)
    yield from addresses(f"s3.dualstack.{domain}", place.S3)
    yield from addresses(f"dynamodb.{domain}", place.DYNAMODB)
    yield from addresses(f"ddb.{domain}", place.DYNAMODB)
    yield from addresses(f"ecr.{domain}", place.API)
    yield from addresses(f"dkr.ecr.{domain}", place.REGISTRY)


def _global() -> Iterator[Record]:
    for name in [*(f"{service}.amazonaws.com" for service in _GLOBAL), TRUSTSTORE]:
        yield from addresses(name, place.API, below=False)
    yield from addresses("s3.amazonaws.com", place.S3)


def _regions() -> list[str]:
    partitions = botocore.session.get_session().get_component("data_loader").load_data("partitions")["partitions"]
    return [region for each in partitions if each["id"] in _PARTITIONS for region in each["regions"]]
