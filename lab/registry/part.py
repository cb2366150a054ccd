# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's part that keeps ECR's registry as the account says."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from lab import files, namespaces, podman
from lab.account.model import Account
from lab.authority import Authority
from lab.image import Ensure
from lab.machine import Failed
from lab.place import REGISTRY, Place
from lab.reconcile import Pending
from lab.registry.front import Front
from lab.work import Work

_LOG = logging.getLogger(__name__)
PART = "registry"
_USER = 5000
"""The number of the registry's account and of its group, in the image."""
_SERVICE = "ecr.dkr"
_PORT = 443
_READY = 20.0
_CONFIGURATION = {
    "version": 0.1,
    "log": {"level": "warn", "accesslog": {"disabled": True}},
    "storage": {"filesystem": {"rootdirectory": "/var/lib/registry"}, "delete": {"enabled": True}},
    "http": {"net": "unix", "addr": "/run/registry/socket", "relativeurls": True},
}


class Registry:
    """Debian's docker-registry behind a front that answers as ECR, at its public address and in its endpoints.

    Repositories of a region lie in a folder of the region's name. Not as on AWS: DescribeImages knows nothing of what
    was pushed, and layers that no image has any more are not removed.
    """

    name = "registry"

    def __init__(self, place: Place, authority: Authority, ensure: Ensure, password: Callable[[], str]) -> None:
        """``password``: the one of the authorization tokens that the account gives now."""
        self._place = place
        self._ensure = ensure
        self._image = ""
        self._work = Work(1, "registry")
        self._front = Front(place.part("registry", "run") / "socket", authority, password)

    def converge(self, account: Account) -> Sequence[Pending]:
        """One round; what takes long goes on in a thread."""
        self._front.account = account
        self._clear(account)
        return [*self._listen(account), *self._run(account)]

    def close(self) -> None:
        """Stop answering; the registry behind goes on."""
        self._front.close()
        self._work.close()

    def _listen(self, account: Account) -> Iterator[Pending]:
        wanted = dict(self._addresses(account))
        for key in self._front.listening - set(wanted):
            self._front.drop(key)
        for key in set(wanted) - self._front.listening:
            namespace, address = wanted[key]
            try:
                self._front.listen(key, namespaces.listen(namespace, str(address), _PORT))
            except OSError as cause:
                yield Pending(self.name, f"{address} in {namespace}: {cause.strerror}")

    def _addresses(self, account: Account) -> Iterator[tuple[str, tuple[str, IPv4Address]]]:
        """Where it answers. A namespace that was made anew under its old name is another one: its inode tells."""
        ours = {each.id for each in account.endpoints.values() if each.service == _SERVICE and each.kind == "interface"}
        places = [("aws", REGISTRY)]
        places += [(each.id, each.address) for each in account.interfaces.values() if each.owner[1] in ours]
        for identity, address in places:
            namespace = self._place.namespace(identity)
            with suppress(FileNotFoundError):  # the network makes it in a moment
                yield f"{namespace} {namespaces.path(namespace).stat().st_ino}", (namespace, address)

    def _run(self, account: Account) -> Iterator[Pending]:
        """The registry behind runs while there are repositories."""
        name = self._place.container("registry")
        standing = podman.standing(self._place, PART).get(name)
        if not account.repositories:
            if standing:
                yield self._work.do(self.name, "it is being removed", lambda: podman.remove([name]))
        elif not self._image:
            yield self._work.do(self.name, "its image is being made", self._make_image)
        elif not self._serves(standing):
            yield self._work.do(self.name, "it is being started", self._start)

    def _serves(self, standing: podman.Standing | None) -> bool:
        stands = standing is not None and standing.running and standing.digest == self._container().digest
        return stands and self._open()

    def _open(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self._front.behind))
            return True
        return False

    def _make_image(self) -> None:
        self._image = self._ensure("registry", _LOG.info)

    def _start(self) -> None:
        wanted = self._container()
        for folder in ("run", "storage", "settings"):
            files.private(self._place.part("registry", folder), _USER)
        settings = self._place.part("registry", "settings") / "config.yml"
        files.write(settings, json.dumps(_CONFIGURATION), owner=_USER)
        podman.remove([wanted.name])
        podman.start(self._place, wanted)
        if not self._work.until(self._open, _READY):
            raise Failed(f"the registry does not serve: {podman.logs(wanted.name, 5).strip() or 'its log is empty'}")

    def _container(self) -> podman.Container:
        folders = {"run": "/run/registry", "storage": "/var/lib/registry", "settings": "/etc/slipway"}
        return podman.Container(
            name=self._place.container("registry"),
            part=PART,
            image=self._image,
            namespace=self._place.namespace("aws"),
            hostname="registry",
            command=("sh", "-c", "exec docker-registry serve /etc/slipway/config.yml 2>&1"),
            mounts=tuple(
                (str(self._place.part("registry", folder)), target, "rw") for folder, target in folders.items()
            ),
        )

    def _clear(self, account: Account) -> None:
        """A repository that is deleted takes its images with it: one of the same name begins empty."""
        wanted = {Path(each.region, each.name) for each in account.repositories.values()}
        root = self._place.part("registry", "storage") / "docker/registry/v2/repositories"
        for marked in _marked(root):
            if marked.relative_to(root) not in wanted:
                for name in ("_manifests", "_layers", "_uploads"):
                    files.remove(marked / name)


def _marked(root: Path) -> list[Path]:
    """The folders of repositories: such a one may hold others, whose names begin with its own."""
    found = []
    for folder, names, _files in os.walk(root):
        if any(name.startswith("_") for name in names):
            found.append(Path(folder))
        names[:] = [name for name in names if not name.startswith("_")]
    return found
