# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror's server: its container, and whether it answers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab import files, podman
from lab.machine import run
from lab.mirror import configuration
from lab.mirror.upstreams import Upstreams
from lab.place import MIRROR_NAME, Place


@dataclass(frozen=True)
class Server:
    """What is to run. ``cache`` and ``artefacts`` are folders of the machine; ``size`` of the cache in MiB."""

    place: Place
    image: str
    upstreams: Upstreams
    cache: Path
    artefacts: Path
    size: int

    @cached_property
    def identity(self) -> str:
        """Changes with whatever only a new container can change."""
        text = f"{self}{configuration.configuration(self.upstreams, '', self.size)}"
        return hashlib.sha256(text.encode() + self.upstreams.authorities.read_bytes()).hexdigest()[:12]

    def running(self) -> bool:
        """Whether this very server answers now. Looks at the server itself, so it costs no call of podman."""
        return _health(sockets(self.place) / "http") == self.identity

    def start(self) -> None:
        """Put this server in the place of whatever serves this lab or uses its cache. Raises `lab.machine.Failed`."""
        self._clear()
        podman.start(self.place, self._container())

    def _clear(self) -> None:
        # Who uses the cache without its lock has lost the daemon that held it.
        users = run(["podman", "ps", "--all", "--format={{.Names}}", f"--filter=volume={self.cache}"]).split()
        podman.remove([*users, *podman.standing(self.place, "mirror")])
        (sockets(self.place) / "http").unlink(missing_ok=True)  # a killed nginx leaves it, and cannot listen then

    def _container(self) -> podman.Container:
        return podman.Container(
            name=self.place.container("mirror"),
            part="mirror",
            image=self.image,
            # Any: nothing listens in it, and the way out is by the upstreams' sockets.
            namespace=self.place.namespace("aws"),
            hostname="mirror",
            command=("nginx", "-c", "/etc/mirror/nginx.conf", "-g", "daemon off;"),
            mounts=(
                (str(self._configured()), "/etc/mirror/nginx.conf", "ro"),
                (str(self.upstreams.authorities.resolve()), configuration.AUTHORITIES, "ro"),
                (str(sockets(self.place)), configuration.FOLDER, "rw"),
                (str(self.cache), configuration.CACHE, "rw"),
                (str(self.artefacts), configuration.ARTEFACTS, "ro"),
            ),
        )

    def _configured(self) -> Path:
        path = self.place.part("mirror") / "nginx.conf"
        files.write(path, configuration.configuration(self.upstreams, self.identity, self.size))
        return path


def sockets(place: Place) -> Path:
    """The folder that the server and the daemon share; nobody else can reach it by its parent folders."""
    folder = place.part("mirror", "run")
    folder.chmod(0o755)  # nginx's workers are no root
    return folder


def _health(path: Path) -> str | None:
    with socket.socket(socket.AF_UNIX) as made, contextlib.suppress(OSError):
        made.settimeout(1)
        made.connect(os.fspath(path))
        made.sendall(f"GET /health HTTP/1.0\r\nHost: {MIRROR_NAME}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: made.recv(4096), b""))
        return answer.partition(b"\r\n\r\n")[2].decode(errors="replace")
    return None
