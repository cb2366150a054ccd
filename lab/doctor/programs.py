# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root, Python and the programs."""

from __future__ import annotations

import functools
import json
import re

from lab.doctor.check import Check, Finding, good
from lab.doctor.system import System

_PROGRAMS = (
    ("podman", ("podman",), "hosts and managed services are its containers"),
    ("runc", ("runc",), "it runs podman's containers; the lab is made for no other runtime"),
    ("nft", ("nftables",), "security groups, network ACLs and NAT are its rules"),
    ("ip", ("iproute2",), "hosts and routers are network namespaces with links between them"),
    ("mmdebstrap", ("mmdebstrap",), "images of hosts begin with what it makes"),
    ("losetup", ("util-linux",), "volumes are loop devices"),
    ("mkfs.ext4", ("e2fsprogs",), "volumes hold file systems"),
)  # fmt: skip
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PODMAN = 4
_PYTHON = (3, 11)


def _python(system: System) -> Finding:
    version = ".".join(map(str, system.python()))
    if system.python() >= _PYTHON:
        return good(version)
    return Finding(False, version, "PYTHON=python3.11 make venv")


def _program(name: str, packages: tuple[str, ...], system: System) -> Finding:
    path = system.program(name)
    if path:
        return good(path)
    return Finding(False, "is not installed", packages=packages)


def _keys(system: System) -> Finding:
    if system.there(_KEYS):
        return good(_KEYS)
    return Finding(False, f"there is no {_KEYS}", packages=("debian-archive-keyring",))


def _podman_version(system: System) -> Finding:
    said = system.run(["podman", "--version"]).strip()
    found = re.search(r"\d+(\.\d+)+", said)
    if found and int(found[0].partition(".")[0]) >= _PODMAN:
        return good(found[0])
    return Finding(False, said, f"install podman {_PODMAN} or newer: Debian 12 and Ubuntu 24.04 have it")


def _overlay(system: System) -> Finding:
    store = json.loads(system.run(["podman", "info", "--format=json"]))["store"]
    if store["graphDriverName"] == "overlay":
        return good(store["graphRoot"])
    remedy = f"put {store['graphRoot']} on ext4 or XFS, then: podman system reset --force"
    return Finding(False, f"podman keeps images by {store['graphDriverName']}", remedy)


CHECKS = (
    Check("python", "the lab is written for it", _python),
    *(Check(name, why, functools.partial(_program, name, packages)) for name, packages, why in _PROGRAMS),
    Check("Debian's keys", "images of hosts are Debian, also on Ubuntu", _keys),
    Check("podman version", "older ones lack options that the lab uses", _podman_version, ("podman",)),
    Check("overlay", "otherwise each host would be a whole copy of its image", _overlay, ("podman",)),
)
