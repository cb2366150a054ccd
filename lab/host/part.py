# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's part for instances: hosts boot, stop, reboot and go as the account says."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from lab import namespaces, podman
from lab.account.model import Account, Instance
from lab.authority import Authority
from lab.host import loops
from lab.host.amis import image_of
from lab.host.console import LENGTH, console
from lab.host.machine import PART, Machine
from lab.host.step import Step, report, step
from lab.host.watch import Watch
from lab.image import Ensure
from lab.place import Place
from lab.podman import Standing
from lab.reconcile import Pending, Reports
from lab.work import Work

_LOG = logging.getLogger(__name__)
_LOOK = 10.0
"""Seconds after which podman is asked again although nothing is known to have changed."""
_DOING: dict[Step, str] = {
    "create": "is booting", "start": "is booting", "stop": "is shutting down", "reboot": "is rebooting",
    "remove": "is being removed",
}  # fmt: skip


class Hosts:
    """``notice``: the reconciler's; a host has ended, or a task for one."""

    name = "hosts"

    def __init__(
        self, place: Place, reality: Reports, authority: Authority, ensure: Ensure, notice: Callable[[], None]
    ) -> None:
        self._place = place
        self._reality = reality
        self._ensure = ensure
        self._machine = Machine(place, authority.bundle)
        self._notice = notice
        self._changed = threading.Event()
        self._work = Work(2 * (os.cpu_count() or 1) + 2, "host", self._something_changed)
        self._watch = Watch(self._something_changed)
        self._consoles: dict[str, tuple[int, float]] = {}
        self._seen: tuple[object, ...] = ()
        self._next_look = 0.0

    def converge(self, account: Account) -> Sequence[Pending]:
        """One step for every host that is not as it should be; see `Part`."""
        for identity in account.instances:
            self._tell_console(identity)
        seen = (account.instances, account.volumes, account.interfaces)
        if seen == self._seen and not self._changed.is_set() and time.monotonic() < self._next_look:
            return []
        self._changed.clear()
        pending = self._look(account)
        self._seen = () if pending else seen
        self._next_look = time.monotonic() + _LOOK
        return pending

    def close(self) -> None:
        """Stop the part's own threads; hosts stay."""
        self._work.close()
        self._watch.close()

    def _something_changed(self) -> None:
        self._changed.set()
        self._notice()

    def _look(self, account: Account) -> list[Pending]:
        standing = self._standing()
        pending: list[Pending] = []
        for identity in {**account.instances, **standing}:
            pending += self._one(account, account.instances.get(identity), identity, standing.get(identity))
        self._machine.volumes.remove_others(account.volumes)
        return list(dict.fromkeys([*pending, *self._work.under_way()]))

    def _standing(self) -> Mapping[str, Standing]:
        """Containers by instance."""
        return {
            name.removeprefix(self._place.prefix): each for name, each in podman.standing(self._place, PART).items()
        }

    def _one(self, account: Account, instance: Instance | None, identity: str, host: Standing | None) -> list[Pending]:
        if instance and (state := report(instance, host)):
            self._reality.report("instance", identity, state)
        if host and host.running and not self._watch.add(host.pid):
            threading.Timer(0.2, self._something_changed).start()  # it has ended, and podman does not know yet
            return [Pending(identity, "has ended")]
        wanted = step(instance, host, self._machine.rebooted(identity))
        if wanted is None and instance and host and host.running and instance.state == "running":
            return self._volumes(account, instance)
        if wanted is None:
            return []
        return self._begin(account, wanted, instance, identity)

    def _volumes(self, account: Account, instance: Instance) -> list[Pending]:
        if self._machine.volumes.is_done(instance, account):
            return []
        task = functools.partial(self._machine.volumes.apply, instance, account)
        return [self._work.do(instance.id, "gets or loses volumes", task)]

    def _begin(self, account: Account, wanted: Step, instance: Instance | None, identity: str) -> list[Pending]:
        if instance and wanted in ("create", "start"):
            interface = account.interfaces.get(instance.interface)
            if not interface or not namespaces.path(self._place.namespace(interface.id)).exists():
                return [Pending(identity, "waits for its network interface")]
            self._reality.report("instance", identity, "pending")
        task = functools.partial(self._do, account, wanted, instance, identity)
        return [self._work.do(identity, _DOING[wanted], task)]

    def _do(self, account: Account, wanted: Step, instance: Instance | None, identity: str) -> None:
        _LOG.info("%s: %s", identity, wanted)
        if wanted == "remove":
            self._machine.remove(identity)
        elif wanted == "stop":
            self._machine.stop(identity)
        elif instance and wanted == "create":
            made = self._ensure(image_of(instance.image, instance.region), _LOG.info)
            self._machine.create(instance, account, made)
        elif instance and wanted == "start":
            self._machine.start(instance, account)
        elif instance:
            self._machine.reboot(instance)

    def _tell_console(self, identity: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            file = self._machine.console_file(identity)
            status = file.stat()
            now = (status.st_size, status.st_mtime)
            if self._consoles.get(identity) != now:
                with open(file, "rb") as log:
                    log.seek(max(0, status.st_size - 2 * LENGTH))
                    self._reality.report("console", identity, console(log.read().decode(errors="replace")))
                self._consoles[identity] = now


def remove_all(place: Place) -> None:
    """Remove every host of a lab with its disk and its volumes, by what is found on the machine alone."""
    podman.remove(list(podman.standing(place, PART)))
    loops.release(place)
    for name in ("hosts", "volumes"):
        shutil.rmtree(place.folder / name, ignore_errors=True)
