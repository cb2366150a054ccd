# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab's place on the machine: its folder, the names of all it makes, and the addresses it uses."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

INTERNET = IPv4Network("203.0.113.0/24")
"""The network of `CONTROL`: documentation addresses, RFC 5737."""
CONTROL = IPv4Address("203.0.113.10")
"""Where commands of ``lab exec`` run: the operator's own machine, somewhere on the internet."""
INTERNET_GATEWAY = IPv4Address("203.0.113.1")
PUBLIC = IPv4Network("198.19.0.0/16")
"""Elastic IPs and automatically assigned public addresses: half of the benchmarking range, RFC 2544."""
AWS = IPv4Network("198.18.1.0/24")
"""AWS's public endpoints."""
API = IPv4Address("198.18.1.1")
S3 = IPv4Address("198.18.1.2")
DYNAMODB = IPv4Address("198.18.1.3")
REGISTRY = IPv4Address("198.18.1.4")
PUBLIC_RESOLVER = IPv4Address("198.18.1.53")

METADATA = IPv4Address("169.254.169.254")
RESOLVER = IPv4Address("169.254.169.253")
"""Answers beside each VPC's own resolver address."""
MIRROR = IPv4Address("169.254.169.250")
MIRROR_NAME = "mirror.slipway.internal"

_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")


@dataclass(frozen=True)
class Place:
    """``name`` tells labs on one machine apart; ``folder`` holds all that one lab keeps."""

    name: str
    folder: Path

    @property
    def prefix(self) -> str:
        """Begins the name of every namespace, container and so on of this lab."""
        return f"slipway-{self.name}-"

    def namespace(self, identity: str) -> str:
        """The network namespace of ``core``, ``control``, ``aws``, a VPC (its router) or an interface."""
        return f"{self.prefix}{identity}"

    def container(self, identity: str) -> str:
        """The container of an instance, a database, a load balancer's node, ``registry`` and so on."""
        return f"{self.prefix}{identity}"

    def part(self, *names: str) -> Path:
        """A folder below the lab's, made when it is not there; only its owner can enter it."""
        path = self.folder.joinpath(*names)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


def port(interface: str) -> str:
    """The router's side of an interface's link: a device name has at most 15 characters."""
    return f"e-{interface.removeprefix('eni-')[-12:]}"


def place(name: str | None = None) -> Place:
    """The lab called ``name``, else ``$SLIPWAY_LAB``, else ``default``. Raises ValueError for a name that is none."""
    name = name or os.environ.get("SLIPWAY_LAB") or "default"
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a lab: give up to 12 lower-case letters and digits, a letter first")
    root = Path(os.environ.get("SLIPWAY_LAB_ROOT", "/var/lib/slipway/lab"))
    return Place(name, root / name)
