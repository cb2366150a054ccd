# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: files of the lab's folder, seen by hosts through loop devices."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lab import files, podman
from lab.account.model import Account, Instance, Volume
from lab.host import loops, table
from lab.machine import Failed
from lab.place import Place

GIB = 1 << 30
_TABLE = "volumes"
_MADE = "volumes.made"
"""Which table the running host has acted on."""
SCRIPT = "/usr/lib/slipway/volumes"


class Volumes:
    """The files of all volumes of one lab."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def file(self, volume: str) -> Path:
        """A volume's file: sparse, as long as the volume is large."""
        return self._place.part("volumes") / f"{volume}.img"

    def remove_others(self, volumes: Mapping[str, Volume]) -> None:
        """Remove the files of volumes that are no more."""
        for file in self._place.part("volumes").glob("*.img"):
            if file.stem not in volumes:
                for number in loops.users(file):
                    loops.unbind(number)
                file.unlink()

    def is_done(self, instance: Instance, account: Account) -> bool:
        """Whether a running host has all its volumes and no others. Cheap."""
        folder = instance_folder(self._place, instance.id)
        text = _read(folder / _TABLE)
        entries = table.load(text)
        return (
            {(entry.volume, entry.device) for entry in entries} == set(_attached(instance, account))
            and _read(folder.parent / _MADE) == text
            and all(self._is_bound(entry, account) for entry in entries)
        )

    def _is_bound(self, entry: table.Entry, account: Account) -> bool:
        file = self.file(entry.volume)
        size = account.volumes[entry.volume].size * GIB
        return loops.bound(entry.loop) == file and file.stat().st_size >= size

    def before_boot(self, instance: Instance, account: Account) -> None:
        """Everything that a host finds at its boot. Raises `Failed` and `table.Full`."""
        self._made(instance.id, self._prepare(instance, account))

    def apply(self, instance: Instance, account: Account) -> None:
        """Change a running host's volumes: those of detached ones go, those of attached ones come. Raises `Failed`."""
        text = self._prepare(instance, account)
        podman.execute(self._place.container(instance.id), [SCRIPT])
        self._made(instance.id, text)

    def _made(self, instance: str, text: str) -> None:
        files.write(instance_folder(self._place, instance).parent / _MADE, text)

    def _prepare(self, instance: Instance, account: Account) -> str:
        """The table, and its devices."""
        path = instance_folder(self._place, instance.id) / _TABLE
        own = loops.claim(self._place, instance.id)
        entries = table.assign(table.load(_read(path)), _attached(instance, account), own)
        files.write(path, table.dump(entries), 0o644)
        wanted = {entry.loop for entry in entries}
        for number in own:
            if number not in wanted and Path(f"/sys/block/loop{number}").exists():
                loops.unbind(number)
        for entry in entries:
            self._bind(entry, account.volumes[entry.volume])
        return table.dump(entries)

    def _bind(self, entry: table.Entry, volume: Volume) -> None:
        file = self.file(volume.id)
        for number in loops.users(file):
            if number != entry.loop:
                loops.unbind(number)
        if set(loops.users(file)) - {entry.loop}:
            raise Failed(f"{volume.id} is still mounted where it was attached before")
        is_new = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            longer = os.fstat(descriptor).st_size < volume.size * GIB
            if longer:
                os.ftruncate(descriptor, volume.size * GIB)
        finally:
            os.close(descriptor)
        loops.bind(entry.loop, file)
        if longer and not is_new:
            loops.grow(entry.loop)


def instance_folder(place: Place, instance: str) -> Path:
    """What a host sees of the machine, at ``/usr/lib/slipway/instance``."""
    return place.part("hosts", instance, "instance")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _attached(instance: Instance, account: Account) -> list[tuple[str, str]]:
    return [
        (each.volume, each.device) for each in instance.attachments if not each.root and each.volume in account.volumes
    ]
