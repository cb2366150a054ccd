# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where databases and snapshots lie in the lab's folder: whole or not at all, whenever the daemon is killed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from lab import files
from lab.machine import run
from lab.place import Place
from lab.work import Expected

USER = 5432
"""The number of the server's account and of its group, in the image."""
# An automated snapshot's begins with "rds:". What is no such name never becomes a path.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:-]{0,254}")

Kind = Literal["instances", "snapshots"]


def folder(place: Place, kind: Kind, identity: str) -> Path:
    """The folder of a database or a snapshot, which may not exist. Raises `Expected` for what is no identifier."""
    if not _NAME.fullmatch(identity):
        raise Expected(f"{identity!r} is no identifier")
    return place.part("database", kind) / identity


def kept(place: Place, kind: Kind) -> set[str]:
    """The databases or snapshots that have a folder; a half-made one has another name."""
    return {each.name for each in place.part("database", kind).iterdir() if _NAME.fullmatch(each.name)}


def data(place: Place, identity: str) -> Path:
    """The data folder of a database's server: it exists once it is whole."""
    return place.part("database", "instances") / identity / "home" / "data"


def copy(source: Path, target: Path) -> None:
    """Copy a data folder, with its owners; without copying its blocks where the file system can."""
    new = target.with_name(f"{target.name}.new")
    files.remove(new)
    run(["cp", "--archive", "--reflink=auto", str(source), str(new)], seconds=600)
    new.rename(target)


def give(path: Path) -> None:
    """Make the server's account the owner of a folder and all below."""
    for parent, folders, others in os.walk(path):
        for name in (".", *folders, *others):
            os.chown(Path(parent, name), USER, USER, follow_symlinks=False)
