# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels of our own packages: built once for each content of a folder, and the same bytes wherever they are built."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

EPOCH = "315532800"
"""1980-01-01, the first day that an archive's entries can bear: https://reproducible-builds.org/docs/source-date-epoch/"""
_IGNORED = frozenset({"__pycache__", "build", "dist", "tests"})


class Failed(Exception):
    """A package cannot be built; the message says why."""


def digest(source: Path) -> str:
    """A fingerprint of all files of a package, but for its tests and what tools leave there."""
    seen = hashlib.sha256()
    for path in sorted(_files(source)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        seen.update(f"{path.relative_to(source)} {os.access(path, os.X_OK)} {content}\n".encode())
    return seen.hexdigest()


def _files(source: Path) -> Iterator[Path]:
    for path in source.iterdir():
        if path.name.startswith(".") or path.name in _IGNORED:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.suffix != ".pyc":
            yield path


def wheel(source: Path, cache: Path) -> Path:
    """The wheel of a package's folder, built unless the cache has it. Raises ``Failed``."""
    if not (source / "pyproject.toml").is_file():
        raise Failed(f"{source} is no package: it has no pyproject.toml")
    folder = cache / digest(source)
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".", ignore_cleanup_errors=True) as made:
            _build(source, Path(made))
            Path(made).chmod(0o755)
            _keep(Path(made), folder)
    (found,) = folder.glob("*.whl")
    return found


def _keep(made: Path, folder: Path) -> None:
    """Put it into the cache, whole or not at all; another run may have been quicker."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _build(source: Path, folder: Path) -> None:
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "--isolated", "wheel", "--quiet", *options, "--wheel-dir", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run([*command, str(source)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{source} cannot be built with {sys.executable}: {done.stderr.strip()}")
