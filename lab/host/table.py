# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a host's volumes: which volume is behind which of its device names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.host.loops import MAJOR


@dataclass(frozen=True)
class Entry:
    """One volume. ``index``: N of ``/dev/nvmeNn1``, from 1. ``loop``: number of its loop device.

    ``device``: the name that the attachment gives, ``/dev/sdf``.
    """

    index: int
    loop: int
    volume: str
    device: str


class Full(Exception):
    """A host has more volumes than it has device numbers."""


def assign(before: Sequence[Entry], attached: Iterable[tuple[str, str]], loops: range) -> list[Entry]:
    """Entries of the attached (volume, device): what was there stays, others get the lowest free. Raises `Full`."""
    wanted = dict(attached)
    kept = [entry for entry in before if wanted.get(entry.volume) == entry.device]
    new = sorted(wanted.keys() - {entry.volume for entry in kept}, key=lambda volume: wanted[volume])
    taken = {entry.index for entry in kept}
    free = [index for index in range(1, len(loops) + 1) if index not in taken]
    if len(new) > len(free):
        raise Full(f"{new[-1]}: the lab gives a host at most {len(loops)} volumes beside its own disk")
    made = [Entry(index, loops[index - 1], volume, wanted[volume]) for index, volume in zip(free, new, strict=False)]
    return sorted(kept + made, key=lambda entry: entry.index)


def dump(entries: Sequence[Entry]) -> str:
    """The table as the host reads it."""
    lines = (f"nvme{each.index}n1 {MAJOR}:{each.loop} {each.volume} {each.device}\n" for each in entries)
    return "".join(lines)


def load(text: str) -> list[Entry]:
    """The entries of a table."""
    return [_entry(*line.split()) for line in text.splitlines()]


def _entry(name: str, number: str, volume: str, device: str) -> Entry:
    index = int(name.removeprefix("nvme").removesuffix("n1"))
    return Entry(index, int(number.partition(":")[2]), volume, device)
