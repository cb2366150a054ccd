# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance's container, and the folder through which it knows who it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab import files, podman
from lab.account.model import Account, Instance
from lab.host import loops
from lab.host.volumes import Volumes, instance_folder
from lab.place import Place

PART = "host"
_MIB = 1 << 20
_STOP = 60
"""Seconds that a host has for shutting down."""
_REBOOT = "SIGRTMIN+5"  # https://www.freedesktop.org/software/systemd/man/252/systemd.html#Signals


class Machine:
    """Does the steps of one lab's hosts; each may be done again after a crash in the middle of it.

    ``authority``: the file of the lab's CA certificate.
    """

    def __init__(self, place: Place, authority: Path) -> None:
        self._place = place
        self._authority = authority
        self.volumes = Volumes(place)

    def create(self, instance: Instance, account: Account, image: str) -> None:
        """Boot a host for the first time."""
        name = self._place.container(instance.id)
        podman.remove([name])  # one that never ran
        self._prepare(instance, account)
        files.write(self._file(instance.id, "rebooted"), str(instance.reboots))
        podman.start(self._place, self._container(instance, account, image))

    def start(self, instance: Instance, account: Account) -> None:
        """Boot a host that has stopped."""
        self._prepare(instance, account)
        files.write(self._file(instance.id, "rebooted"), str(instance.reboots))
        podman.restart(self._place.container(instance.id))

    def stop(self, identity: str) -> None:
        """Shut a host down, as an operating system does when the power button is pressed."""
        podman.stop(self._place.container(identity), _STOP)

    def reboot(self, instance: Instance) -> None:
        """Ask a host to reboot. It starts again when it has shut down."""
        podman.signal(self._place.container(instance.id), _REBOOT)
        files.write(self._file(instance.id, "rebooted"), str(instance.reboots))

    def remove(self, identity: str) -> None:
        """Shut a host down and remove it with its disk; its volumes stay."""
        name = self._place.container(identity)
        if name in podman.standing(self._place, PART):
            podman.stop(name, _STOP)
        podman.remove([name])
        loops.release(self._place, identity)
        shutil.rmtree(self._place.part("hosts") / identity, ignore_errors=True)

    def rebooted(self, identity: str) -> int:
        """How many of an instance's reboots were done."""
        try:
            return int(self._file(identity, "rebooted").read_text())
        except FileNotFoundError:
            return 0

    def console_file(self, identity: str) -> Path:
        """Where podman keeps what a host prints to its console."""
        return self._file(identity, "console.log")

    def _file(self, identity: str, name: str) -> Path:
        return self._place.folder / "hosts" / identity / name

    def _prepare(self, instance: Instance, account: Account) -> None:
        folder = instance_folder(self._place, instance.id)
        vpc = account.vpcs[account.interfaces[instance.interface].vpc]
        files.write(folder / "ca.crt", self._authority.read_bytes(), 0o644)
        resolver = f"nameserver {vpc.resolver}\nsearch {domain(instance.region)}\n"
        files.write(folder / "resolv.conf", resolver, 0o644)
        self.volumes.before_boot(instance, account)

    def _container(self, instance: Instance, account: Account, image: str) -> podman.Container:
        address = account.interfaces[instance.interface].address
        folder = instance_folder(self._place, instance.id)
        rules = (f"b {loops.MAJOR}:{number} rwm" for number in loops.claim(self._place, instance.id))
        return podman.Container(
            name=self._place.container(instance.id),
            part=PART,
            image=image,
            namespace=self._place.namespace(instance.interface),
            hostname=f"ip-{address}".replace(".", "-"),
            command=("/usr/lib/slipway/boot",),
            system=True,
            restarts=False,
            mounts=((str(folder), "/usr/lib/slipway/instance", "ro"),),
            device_rules=tuple(rules),
            memory=memory_limit(instance.memory, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB),
            cpus=cpu_limit(instance.vcpus, os.cpu_count() or 1),
            log=str(self.console_file(instance.id)),
        )


def memory_limit(wanted: int, machine: int) -> int:
    """MiB; 0, no limit, where the machine has no more than the instance type."""
    return wanted if wanted < machine else 0


def cpu_limit(wanted: int, machine: int) -> float:
    """CPUs; 0, no limit, where the machine has no more than the instance type."""
    return wanted if wanted < machine else 0


def domain(region: str) -> str:
    """Where private names are: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html#vpc-dns-hostnames"""
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
