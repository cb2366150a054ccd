# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HAProxy in one interface of a load balancer: its folder, its container, and what it says of itself.

The folder holds one folder for each configuration, named by its digest, and the link `current` to one of them.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lab import files, podman
from lab.load_balancer import control
from lab.load_balancer.configuration import FOLDER, NAME, STATES, WORKER, Configuration
from lab.load_balancer.health import decided, state_file
from lab.machine import Failed
from lab.place import Place

PART = "load_balancer"
_MASTER = "master.sock"
_LOG = "log"
_CURRENT = "current"
_SECONDS = 15.0
"""How long HAProxy may take to serve a configuration."""


class Node:
    """The node that stands in ``interface``. Nothing is kept here that is not on the machine."""

    def __init__(self, place: Place, interface: str) -> None:
        self._place = place
        self._interface = interface
        self.container = place.container(interface)
        self._folder = place.folder / PART / interface

    @property
    def _worker(self) -> Path:
        return self._folder / WORKER

    def loaded(self) -> str:
        """The digest of the configuration that is served; the empty string: nothing is."""
        with contextlib.suppress(OSError):
            return control.loaded(self._worker)
        return ""

    def statistics(self) -> list[Mapping[str, str]]:
        """A row of each server; none while nothing is served."""
        with contextlib.suppress(OSError):
            return [*control.statistics(self._worker)]
        return []

    def admit(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Let requests come to the new targets whose health is known now."""
        with contextlib.suppress(OSError):
            for row in rows:
                if decided(row):
                    control.ask(self._worker, f"set server {row['pxname']}/{row['svname']} weight 1")

    def settle(self, wanted: Configuration, image: Callable[[], str]) -> None:
        """Serve a configuration. New connections come to it at once, earlier ones end where they are.

        ``image`` gives the tag of HAProxy's image and may take its time. Raises `Failed` where HAProxy refuses the
        configuration or does not begin to serve it.
        """
        self._write(wanted)
        container = self._wanted(image())
        standing = podman.standing(self._place, PART).get(self.container)
        if standing and standing.state == "running" and standing.digest == container.digest:
            self._check(wanted.digest)
            self._switch(wanted)
            control.ask(self._folder / _MASTER, "reload")
        else:
            podman.remove([self.container])
            self._switch(wanted)
            podman.start(self._place, container)
        self._await(wanted.digest)
        self._forget(wanted.digest)

    def cut(self, gone: Callable[[str, str], bool]) -> None:
        """End the requests that earlier processes still have with servers that are `gone` (backend, server).

        Their clients get 502, as from AWS.
        """
        master = self._folder / _MASTER
        with contextlib.suppress(OSError):
            for process in control.retired(master):
                for session, backend, server in control.sessions(master, process):
                    if gone(backend, server):
                        control.end(master, process, session)

    def remove(self) -> None:
        """Remove the container and the folder."""
        podman.remove([self.container])
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wanted(self, image: str) -> podman.Container:
        command = ("haproxy", "-W", "-S", f"{FOLDER}/{_MASTER}", "-C", f"{FOLDER}/{_CURRENT}", "-f", NAME)
        return podman.Container(
            name=self.container,
            part=PART,
            image=image,
            namespace=self._place.namespace(self._interface),
            hostname=self._interface,
            command=command,
            mounts=((str(self._folder), FOLDER, "rw"),),
            log=str(self._folder / _LOG),
        )

    def _write(self, wanted: Configuration) -> None:
        folder = self._place.part(PART, self._interface, wanted.digest)
        for name, content in wanted.files:
            files.write(folder / name, content)

    def _check(self, digest: str) -> None:
        podman.execute(self.container, ["haproxy", "-c", "-q", "-C", f"{FOLDER}/{digest}", "-f", NAME])

    def _switch(self, wanted: Configuration) -> None:
        known: Mapping[tuple[str, str], Mapping[str, str]] = {}
        with contextlib.suppress(OSError):
            known = control.states(self._worker)
        files.write(self._folder / STATES, state_file(wanted.checked, known))
        link = self._folder / f"{_CURRENT}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(wanted.digest)
        link.replace(self._folder / _CURRENT)

    def _await(self, digest: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while self.loaded() != digest:
            if time.monotonic() > deadline:
                said = podman.logs(self.container, 5)
                raise Failed(f"HAProxy does not serve its configuration after {_SECONDS:g} s: {said.strip()}")
            time.sleep(0.05)

    def _forget(self, digest: str) -> None:
        for entry in self._folder.iterdir():
            if entry.is_dir() and not entry.is_symlink() and entry.name != digest:
                shutil.rmtree(entry, ignore_errors=True)
