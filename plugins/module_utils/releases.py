# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of a service in its folder on a host: each is there whole or not at all, and old ones go.

The folder holds ``environments/<digest>``, what releases run in, and ``releases/<revision>`` with the files of a
release, its ``credentials`` and the link ``environment`` to one of those environments. Links beside them lead to
releases that are in use.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """What a release is made of, as the names and the texts of its files. ``environment``: name of its environment."""

    revision: str
    environment: str
    files: Mapping[str, str]
    credentials: Mapping[str, str]


class Folder:
    """The folder of one service."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._releases = path / "releases"
        self._environments = path / "environments"

    def has(self, revision: str) -> bool:
        return (self._releases / revision).is_dir()

    def put(self, release: Release) -> None:
        """Put a release there. One that is there already stays as it is: its name is the digest of its content."""
        new = self._path / "new"
        shutil.rmtree(new, ignore_errors=True)  # what a killed run has left
        _folder(new, 0o755)
        _folder(new / "credentials", 0o700)
        for name, text in release.files.items():
            _write(new / name, text, 0o644)
        for name, text in release.credentials.items():
            _write(new / "credentials" / name, text, 0o600)
        (new / "environment").symlink_to(f"../../environments/{release.environment}")
        _folder(self._releases, 0o755)
        new.rename(self._releases / release.revision)

    def superfluous(self, keep: int, used: Collection[str]) -> list[Path]:
        """Releases but the latest ``keep``, the ``used`` and those that links lead to; then environments of none."""
        releases = sorted(_folders(self._releases), key=lambda path: path.stat().st_mtime, reverse=True)
        used = {*used, *(path.readlink().name for path in self._path.iterdir() if path.is_symlink())}
        stay = [*releases[:keep], *(path for path in releases[keep:] if path.name in used)]
        needed = {(path / "environment").readlink().name for path in stay}
        left = [path for path in _folders(self._environments) if path.name not in needed]
        return [*(path for path in releases if path not in stay), *left]


def remove(paths: Collection[Path]) -> None:
    for path in paths:
        shutil.rmtree(path)


def _folder(path: Path, mode: int) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(mode)


def _folders(path: Path) -> list[Path]:
    return [each for each in path.iterdir() if each.is_dir()] if path.is_dir() else []


def _write(path: Path, text: str, mode: int) -> None:
    """Never readable by more than the mode says, at no moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
