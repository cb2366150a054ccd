# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS names that EC2 derives from addresses.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-naming.html
"""

from __future__ import annotations

from ipaddress import IPv4Address

_FIRST = "us-east-1"
"""Older than the names of regions, so its names lack it."""


def private_domain(region: str) -> str:
    """What the private names of a region end with, without a dot at either end."""
    return "ec2.internal" if region == _FIRST else f"{region}.compute.internal"


def private_name(address: IPv4Address, region: str) -> str:
    """``ip-10-0-1-5.ec2.internal``."""
    return f"ip-{_dashes(address)}.{private_domain(region)}"


def public_domain(region: str) -> str:
    """What the public names of a region end with, without a dot at either end."""
    return "compute-1.amazonaws.com" if region == _FIRST else f"{region}.compute.amazonaws.com"


def public_name(address: IPv4Address, region: str) -> str:
    """``ec2-198-19-0-1.compute-1.amazonaws.com``."""
    return f"ec2-{_dashes(address)}.{public_domain(region)}"


def _dashes(address: IPv4Address) -> str:
    return str(address).replace(".", "-")
