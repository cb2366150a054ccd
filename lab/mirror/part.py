# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror as a part of the machine: one server a lab, and a listener in each VPC's router."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import namespaces, podman
from lab.account.model import Account
from lab.image import Ensure
from lab.machine import Failed
from lab.mirror import slot
from lab.mirror.relay import Relay, to_host, to_socket, unix_listener
from lab.mirror.server import Server, sockets
from lab.mirror.upstreams import Upstreams, of_machine
from lab.place import MIRROR, Place
from lab.reconcile import Pending
from lab.work import Work

_LOG = logging.getLogger(__name__)

CACHE = Path("/var/lib/slipway/cache")
"""Shared by the labs of a machine; stays when they go."""
_PORT = 80
_SIZE = 20 * 1024
_READY = 20.0
"""Seconds that a server may take to answer."""


class Mirror:
    """``cache``: the folder with the mirror's cache and the ``artefacts``; ``size``: the cache's bound in MiB."""

    name = "mirror"

    def __init__(
        self,
        place: Place,
        ensure: Ensure,
        cache: Path = CACHE,
        size: int = _SIZE,
        upstreams: Callable[[], Upstreams] = of_machine,
    ) -> None:
        self._place = place
        self._ensure = ensure
        self._cache = cache
        self._size = size
        self._upstreams = upstreams
        self._relay = Relay()
        self._listening: dict[str, int] = {}
        self._slot: slot.Slot | None = None
        self._work = Work(1, "mirror")
        self._server: Server | None = None

    def converge(self, account: Account) -> Sequence[Pending]:
        """See `lab.reconcile.Part`."""
        return [*self._serve(), *self._listen(sorted(account.vpcs))]

    def close(self) -> None:
        """See `lab.reconcile.Part`. The server stays, but nobody can reach it."""
        self._work.close()
        self._relay.close()
        if self._slot:
            self._slot.release()

    def _serve(self) -> list[Pending]:
        """Keep the server running."""
        if self._server is None:
            return [self._work.do(self.name, "its server is being prepared", self._prepare)]
        if self._server.running() and not self._work.busy(self.name):
            return []
        return [self._work.do(self.name, "its server is being started", functools.partial(self._start, self._server))]

    def _prepare(self) -> None:
        image, upstreams = self._ensure("mirror", _LOG.info), self._upstreams()
        self._slot = self._slot or slot.claim(self._cache / "mirror")
        for name, upstream in upstreams.named().items():
            listening = unix_listener(sockets(self._place) / name)
            self._relay.listen(name, listening, to_host(upstream.host, upstream.port))
        artefacts = self._cache / "artefacts"
        artefacts.mkdir(parents=True, exist_ok=True)
        self._server = Server(self._place, image, upstreams, self._slot.folder, artefacts, self._size)

    def _start(self, server: Server) -> None:
        server.start()
        if not self._work.until(server.running, _READY):
            said = podman.logs(self._place.container("mirror"), 5).strip()
            raise Failed(f"it does not answer: {said or 'its log is empty'}")

    def _listen(self, vpcs: Sequence[str]) -> list[Pending]:
        for gone in self._listening.keys() - set(vpcs):
            self._close(gone)
        return [Pending(vpc, f"no mirror: {why}") for vpc in vpcs if (why := self._listen_in(vpc))]

    def _listen_in(self, vpc: str) -> str:
        namespace = self._place.namespace(vpc)
        try:
            # A namespace that was made anew has another inode; the socket would keep the old one alive.
            inode = namespaces.path(namespace).stat().st_ino
            if self._listening.get(vpc) == inode:
                return ""
            self._close(vpc)
            listening = namespaces.listen(namespace, str(MIRROR), _PORT)
        except OSError as cause:
            self._close(vpc)
            return str(cause)
        self._relay.listen(vpc, listening, to_socket(sockets(self._place) / "http"))
        self._listening[vpc] = inode
        return ""

    def _close(self, vpc: str) -> None:
        self._relay.drop(vpc)
        self._listening.pop(vpc, None)


def remove_all(place: Place) -> None:
    """Remove the lab's server. The cache stays: it belongs to the machine."""
    podman.remove(list(podman.standing(place, "mirror")))
