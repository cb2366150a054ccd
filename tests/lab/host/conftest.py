# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of real hosts on an account made by hand, which follows what the hosts report."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from lab import image, podman
from lab.account.model import Account, InstanceState
from lab.authority import Authority
from lab.dns.part import Names
from lab.emulator.strict.images import IMAGES
from lab.host.part import Hosts, remove_all
from lab.machine import Failed, run
from lab.metadata.part import Metadata
from lab.network.part import Network
from lab.place import Place
from lab.reconcile import Pending, Reconciler
from tests.lab.accounts import REGION, Accounts, rule
from tests.lab.waiting import eventually

USER_DATA = b"#cloud-config\nhostname: web-1\nruncmd:\n  - touch /var/tmp/ran\n"


class Said:
    """Keeps what is reported; the account follows as the emulator's does."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.all: list[tuple[str, str, str]] = []

    def report(self, kind: str, identity: str, state: str, reason: str = "") -> None:
        """As `Reality.report`."""
        self.all.append((kind, identity, state))
        if kind == "instance" and state != "pending":
            self._lab.state(identity, cast(InstanceState, state))

    def console(self, identity: str) -> str:
        """The console's text as it was last reported."""
        texts = [state for kind, who, state in self.all if (kind, who) == ("console", identity)]
        return texts[-1] if texts else ""


class Lab:
    """A public subnet, a key, and as many hosts as a test launches."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.accounts = Accounts()
        self._lock = threading.Lock()
        vpc = self.accounts.vpc()
        self._subnet = self.accounts.subnet(vpc, "10.0.0.0/24", self.accounts.table(vpc, ("0.0.0.0/0", "internet")))
        self._group = self.accounts.group(vpc, [rule("tcp", 22)])
        self.said = Said(self)
        self._key = place.folder / "key"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)])
        self._next = 10
        self.begin()

    def begin(self) -> None:
        """What the daemon does."""
        network, names = Network(self.place), Names(self.place)
        metadata = Metadata(self.place, cast(Any, lambda *_: None))
        authority = Authority(self.place.part("authority"))
        self.hosts = Hosts(self.place, self.said, authority, image.ensure, lambda: self.reconciler.notice())
        self.reconciler = Reconciler(self._account, [network, names, metadata, self.hosts])
        self._thread = threading.Thread(target=self.reconciler.run)
        self._thread.start()

    def end(self) -> None:
        """As when the daemon ends: what it made stays."""
        self.reconciler.end()
        self._thread.join()

    def launch(self, image: str = IMAGES[0].id(REGION), **fields: Any) -> str:
        """RunInstances."""
        with self._lock:
            self._next += 1
            identity = self.accounts.instance(
                self._subnet, f"10.0.0.{self._next}", self._group, public=f"198.19.0.{self._next}",
                state="pending", image=image, key_name="own",
                public_key=self._key.with_suffix(".pub").read_text(), **fields,
            )  # fmt: skip
        self.reconciler.notice()
        return identity

    def change(self, kind: str, identity: str, **fields: Any) -> None:
        """Change the account."""
        with self._lock:
            self.accounts.change(kind, identity, **fields)
        self.reconciler.notice()

    def put(self, kind: str, identity: str, value: Any) -> None:
        """Add to the account."""
        with self._lock:
            self.accounts.put(kind, identity, value)

    def remove(self, kind: str, identity: str) -> None:
        """Take from the account."""
        with self._lock:
            self.accounts.remove(kind, identity)
        self.reconciler.notice()

    def state(self, identity: str, state: InstanceState) -> None:
        """Set an instance's state."""
        self.change("instances", identity, state=state)

    def is_in(self, identity: str, state: InstanceState) -> bool:
        """Whether an instance has a state."""
        return self.accounts.account.instances[identity].state == state

    def pending(self) -> Sequence[Pending]:
        """What the reconciler has still to do."""
        return self.reconciler.pending()

    def ssh(self, identity: str, command: str, check: bool = True) -> str:
        """Run a command on a host, from the operator's machine."""
        account = self.accounts.account
        address = account.interfaces[account.instances[identity].interface].public
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=1", "BatchMode=yes"]
        try:
            return run(
                [
                    "ip", "netns", "exec", self.place.namespace("control"), "ssh", "-q", "-i", str(self._key),
                    *(f"-o{option}" for option in options), f"admin@{address}", command,
                ]
            ).strip()  # fmt: skip
        except Failed:
            if check:
                raise
            return ""

    def reachable(self, identity: str) -> None:
        """Wait until a host lets its operator in."""
        eventually(lambda: self.ssh(identity, "echo in", check=False) == "in")

    def boot_id(self, identity: str) -> str:
        """What changes with each boot; empty while it is not to be had."""
        return self.ssh(identity, "cat /proc/sys/kernel/random/boot_id", check=False)

    def process(self, identity: str) -> int:
        """A host's first process, as the machine counts it; 0: none."""
        standing = podman.standing(self.place, "host").get(self.place.container(identity))
        return standing.pid if standing and standing.running else 0

    def _account(self) -> Account:
        with self._lock:
            return dataclasses.replace(self.accounts.account)


@contextlib.contextmanager
def a_lab(place: Place) -> Iterator[Lab]:
    """Everything of it is removed afterwards."""
    lab = Lab(place)
    try:
        yield lab
    finally:
        lab.end()
        remove_all(place)


@pytest.fixture(scope="module")
def lab(shared_place: Place) -> Iterator[Lab]:
    """One lab for the tests of a file; its image is there."""
    image.ensure("host", print)
    with a_lab(shared_place) as made:
        yield made


@pytest.fixture(scope="module")
def host(lab: Lab) -> str:
    """An instance that runs and has done its user data."""
    identity = lab.launch(user_data=USER_DATA)
    lab.reachable(identity)
    lab.ssh(identity, "cloud-init status --wait")
    return identity
