# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loop devices by number, and which host has which: a host may use the devices of its own range and no others.

The ranges lie high above the numbers that other programs take, who ask for the lowest. A claim is a link in a folder of
the machine, since a device's number is the machine's: it outlives every crash, and labs do not take each other's.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from lab.machine import run
from lab.place import Place

CLAIMS = Path("/var/lib/slipway/loops")
PER_HOST = 16
_FIRST = 1024
_REMOVE = 0x4C81  # LOOP_CTL_REMOVE of linux/loop.h
MAJOR = 7


def claim(place: Place, host: str) -> range:
    """The numbers that this host may use: those it has already, else the lowest free ones."""
    CLAIMS.mkdir(parents=True, exist_ok=True)
    wanted = f"{place.name}/{host}"
    own = [int(each.name) for each in CLAIMS.iterdir() if _holder(each) == wanted]
    number = own[0] if own else 0
    while not own:
        with contextlib.suppress(FileExistsError):
            (CLAIMS / str(number)).symlink_to(wanted)
            break
        number += 1
    return range(_FIRST + number * PER_HOST, _FIRST + (number + 1) * PER_HOST)


def release(place: Place, host: str | None = None) -> None:
    """Give a host's numbers back, or those of all the lab's hosts; what is still bound to them is unbound."""
    holder = f"{place.name}/{host or ''}"
    for each in list(CLAIMS.iterdir()) if CLAIMS.is_dir() else []:
        if _holder(each) == holder or (host is None and _holder(each).startswith(holder)):
            first = _FIRST + int(each.name) * PER_HOST
            for number in range(first, first + PER_HOST):
                unbind(number)
            each.unlink()
    if host is None:
        with contextlib.suppress(OSError):  # others have claims
            CLAIMS.rmdir()


def _holder(link: Path) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:  # just given back
        return ""


def bound(number: int) -> Path | None:
    """The file behind a loop device."""
    try:
        return Path(Path(f"/sys/block/loop{number}/loop/backing_file").read_text().rstrip("\n"))
    except FileNotFoundError:
        return None


def users(file: Path) -> list[int]:
    """The loop devices that a file is behind."""
    devices = Path("/sys/block").glob("loop*/loop/backing_file")
    numbers = [int(each.parts[3].removeprefix("loop")) for each in devices]
    return [number for number in numbers if bound(number) == file]


def bind(number: int, file: Path) -> None:
    """Put a file behind a loop device. Raises `Failed` where it has another one."""
    if bound(number) != file:
        run(["losetup", f"/dev/loop{number}", str(file)])


def grow(number: int) -> None:
    """The file behind a loop device has become longer."""
    run(["losetup", "--set-capacity", f"/dev/loop{number}"])


def unbind(number: int) -> None:
    """Take the file away and remove the device; one that is still mounted goes when it is unmounted."""
    if bound(number):
        run(["losetup", "--detach", f"/dev/loop{number}"])
    with open("/dev/loop-control", "rb") as control:
        try:
            fcntl.ioctl(control, _REMOVE, number)
        except OSError as cause:
            if cause.errno not in (errno.ENODEV, errno.EBUSY):
                raise
