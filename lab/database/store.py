# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where databases and snapshots lie in the lab's folder: whole or not at all, whenever the daemon is killed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from lab.database.jobs import Expected
from lab.machine import run
from lab.place import Place

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


def private(path: Path, owner: int = 0) -> Path:
    """A folder that only its owner enters."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(path, owner, owner)
    return path


def write(path: Path, files: Mapping[str, bytes], owner: int = 0) -> None:
    """Write files that only their owner reads, each at once."""
    for name, content in files.items():
        new = path / f"{name}.new"
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            os.fchown(file.fileno(), owner, owner)
            file.write(content)
        new.rename(path / name)


def copy(source: Path, target: Path) -> None:
    """Copy a data folder, with its owners; without copying its blocks where the file system can."""
    new = target.with_name(f"{target.name}.new")
    remove(new)
    run(["cp", "--archive", "--reflink=auto", str(source), str(new)], seconds=600)
    new.rename(target)


def give(path: Path) -> None:
    """Make the server's account the owner of a folder and all below."""
    for parent, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            os.chown(Path(parent, name), USER, USER, follow_symlinks=False)


def remove(path: Path) -> None:
    """Remove a folder with all below, if there is one."""
    if path.exists():
        shutil.rmtree(path)
