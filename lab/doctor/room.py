# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits, memory and disk: whether there is room for so many hosts. Figures were measured on Debian 12."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Sequence

from lab.doctor.check import Check, Finding, good
from lab.doctor.system import System
from lab.machine import Failed

_OPEN_FILES = 16384
"""A broker wants more than 10,000; a container cannot have more than what starts it."""
_PROCESSES_HOST, _PROCESSES_ELSE = 400, 4000
"""An idle host has 12; the rest is for products' threads."""
_INOTIFY_HOST, _INOTIFY_ELSE = 8, 32
"""An idle host has 6, all counted for the same user."""
_MEMORY_HOST, _MEMORY_ELSE = 350, 1024
"""MiB: a host with broker, database, cache and metrics; the API, the services and room for images' building."""
_IMAGES, _STATE, _BUILD = 8192, 6144, 2048
"""MiB: images and hosts' own files; volumes and the mirror's cache, which shrinks where room does; building."""


def checks(hosts: int) -> Sequence[Check]:
    """Whether this machine has room for so many hosts."""
    for_hosts = f"for {hosts} hosts"
    return [
        Check("open files", "hosts inherit the limit", _open_files),
        Check("processes", for_hosts, functools.partial(_processes, hosts)),
        Check("inotify", f"systemd watches files, {for_hosts}", functools.partial(_inotify, hosts)),
        Check("memory", for_hosts, functools.partial(_memory, hosts)),
        Check("disk", "images, hosts' files, volumes, the mirror's cache", _disk),
        Check("ports", "the lab listens in its own namespaces only", lambda _system: good("none of the machine's")),
    ]


def _open_files(system: System) -> Finding:
    limit = system.open_files()
    if limit == -1 or limit >= _OPEN_FILES:
        return good("unlimited" if limit == -1 else str(limit))
    return Finding(False, f"{limit} of {_OPEN_FILES}", f"ulimit -n {_OPEN_FILES}")


def _processes(hosts: int, system: System) -> Finding:
    needed = hosts * _PROCESSES_HOST + _PROCESSES_ELSE
    return _settings(system, {"kernel.pid_max": needed, "kernel.threads-max": needed})


def _inotify(hosts: int, system: System) -> Finding:
    return _settings(system, {"fs.inotify.max_user_instances": hosts * _INOTIFY_HOST + _INOTIFY_ELSE})


def _settings(system: System, needed: dict[str, int]) -> Finding:
    found = {name: system.setting(name) for name in needed}
    small = {name: value for name, value in needed.items() if found[name] < value}
    seen = ", ".join(f"{name} {value}" for name, value in found.items())
    if not small:
        return good(seen)
    return Finding(False, f"{seen}; needed {', '.join(map(str, small.values()))}", settings=tuple(small.items()))


def _memory(hosts: int, system: System) -> Finding:
    available = system.memory()
    room = max(0, (available - _MEMORY_ELSE) // _MEMORY_HOST)
    seen = f"{available} MiB available: {room} hosts with products"
    if room >= hosts:
        return good(seen)
    needed = hosts * _MEMORY_HOST + _MEMORY_ELSE
    return Finding(False, seen, f"free {needed - available} MiB, or ask for fewer hosts: bin/lab doctor --hosts {room}")


def _disk(system: System) -> Finding:
    """Folders on the same file system share what is free there."""
    needs: dict[int, int] = {}
    places: dict[int, list[str]] = {}
    free: dict[int, int] = {}
    for path, need in ((_store(system), _IMAGES), (_state(), _STATE), ("/var/tmp", _BUILD)):  # noqa: S108
        device, free[device] = system.disk(path)
        needs[device] = needs.get(device, 0) + need
        places.setdefault(device, []).append(path)
    short = [device for device in needs if free[device] < needs[device]]
    seen = "; ".join(
        f"{free[each]} MiB free, {needs[each]} needed: {', '.join(places[each])}" for each in short or needs
    )
    if not short:
        return good(seen)
    return Finding(False, seen, f"make room there (podman image prune --all), or move them: {_moves(places, short)}")


def _moves(places: dict[int, list[str]], short: Sequence[int]) -> str:
    here = {path for device in short for path in places[device]}
    return "SLIPWAY_LAB_ROOT=FOLDER" if _state() in here else "graphroot in /etc/containers/storage.conf"


def _store(system: System) -> str:
    try:
        root: str = json.loads(system.run(["podman", "info", "--format=json"]))["store"]["graphRoot"]
    except Failed:
        return "/var/lib/containers/storage"
    return root


def _state() -> str:
    return os.environ.get("SLIPWAY_LAB_ROOT", "/var/lib/slipway/lab")
