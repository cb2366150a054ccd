# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror as a host sees it, with the real registries behind it, then with these out of reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import image, podman
from lab.machine import run
from lab.mirror import part, relay
from lab.mirror.upstreams import of_machine
from lab.place import MIRROR, MIRROR_NAME
from tests.lab.mirror import support

_WHEEL = "six-1.17.0-py2.py3-none-any.whl"
_INSTALL = f"""
set -e
echo {MIRROR} {MIRROR_NAME} > /etc/hosts
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo deb http://{MIRROR_NAME}/debian bookworm main > /etc/apt/sources.list
echo deb http://{MIRROR_NAME}/debian-security bookworm-security main >> /etc/apt/sources.list
apt-get update --error-on=any
apt-get install --yes --no-install-recommends hello
hello
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[support.Machine]:
    with support.machine(tmp_path_factory.mktemp("mirror")) as made:
        yield made


def _install(machine: support.Machine) -> str:
    """Install a package in a new container that has the host's network."""
    name = machine.place.container("apt")
    tag = image.ensure("mirror", print)
    namespace = machine.place.namespace("host")
    podman.start(machine.place, podman.Container(name, "test", tag, namespace, "apt", command=("sleep", "infinity")))
    try:
        return podman.execute(name, ["sh", "-c", _INSTALL], seconds=120)
    finally:
        podman.remove([name])


def _download(machine: support.Machine, folder: Path) -> list[str]:
    """Download a package by pip with nothing of the machine's own configuration."""
    index = ["--index-url", f"http://{MIRROR}/pypi/simple", "--trusted-host", str(MIRROR)]
    pip = [sys.executable, "-m", "pip", "--isolated", "download", "--no-deps", "--no-cache-dir", *index]
    environment = [f"PIP_CONFIG_FILE={os.devnull}", "PIP_FIND_LINKS="]
    entered = ["ip", "netns", "exec", machine.host, "env", *environment]
    run([*entered, *pip, "--dest", str(folder), "six==1.17.0"], seconds=120)
    return sorted(each.name for each in folder.iterdir())


def test_packages_of_debian_and_python_are_had_through_the_mirror_and_again_without_the_registries(
    machine: support.Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        with support.mirror(machine, of_machine):
            assert "Hello, world!" in _install(machine)
            assert _download(machine, folder) == [_WHEEL]
            never = machine.get("/debian/dists/bookworm/never-asked-for")[0]
            assert never == (404 if folder == folders[0] else 502)
        # The one way out of the mirror leads nowhere from now on.
        monkeypatch.setattr(part, "to_host", lambda _name, _port: relay.to_host("127.0.0.1", 1))
    assert len({(folder / _WHEEL).read_bytes() for folder in folders}) == 1


def test_it_is_no_proxy(machine: support.Machine) -> None:
    with support.mirror(machine, of_machine):
        foreign = {
            f"GET http://{host}/debian/dists/bookworm/InRelease HTTP/1.1\nHost: {host}\nConnection: close\n\n": b"403"
            for host in ("example.com", "deb.debian.org", "pypi.org")
        }
        for request, status in {
            **foreign,
            "CONNECT pypi.org:443 HTTP/1.1\nHost: pypi.org:443\nConnection: close\n\n": b"400",
            "GET / HTTP/1.0\nHost: other.internal\n\n": b"403",
            f"GET / HTTP/1.0\nHost: {MIRROR_NAME}\n\n": b"404",
            f"GET /debian/../etc/passwd HTTP/1.0\nHost: {MIRROR_NAME}\n\n": b"404",
            f"GET /artefacts/%2e%2e/%2e%2e/etc/passwd HTTP/1.0\nHost: {MIRROR_NAME}\n\n": b"400",
        }.items():
            answer = machine.ask(request)
            assert answer.split()[1:2] == [status], (request, answer[:200])
