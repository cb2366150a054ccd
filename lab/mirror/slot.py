# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache's folder: of one server at a time, since nginx keeps its index of a cache in memory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

_LABS = 16


class Slot(NamedTuple):
    """A folder that is this process's as long as it lives or until `release`."""

    folder: Path
    lock: int

    def release(self) -> None:
        """Leave the folder to others; what it holds stays."""
        os.close(self.lock)


def claim(cache: Path) -> Slot:
    """The first free slot of a cache: one lab alone always gets the same, whatever its name. Raises OSError."""
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    for number in range(_LABS):
        slot = _claim(cache / str(number))
        if slot is not None:
            return slot
    raise OSError(f"{cache}: {_LABS} labs use their mirrors already")


def _claim(folder: Path) -> Slot | None:
    lock = os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    folder.mkdir(mode=0o755, exist_ok=True)
    return Slot(folder, lock)
