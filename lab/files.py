# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that are whole or not there, whenever the process is killed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_SAME = -1  # chown(2): as it is


def write(path: Path, content: str | bytes, mode: int = 0o600, owner: int = _SAME) -> None:
    """Replace a file at once: readers and crashes see the old one or the whole new one. For one writer at a time.

    Only its owner reads it, unless ``mode`` says otherwise: it may hold a secret.
    ``owner``: the number of a user and of its group, this process's unless told otherwise.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchown(file.fileno(), owner, owner)
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def private(path: Path, owner: int = _SAME) -> Path:
    """A folder that only its owner enters, made when it is not there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(path, owner, owner)
    return path


def remove(path: Path) -> None:
    """Remove a folder with all below, if there is one."""
    if path.exists():
        shutil.rmtree(path)
