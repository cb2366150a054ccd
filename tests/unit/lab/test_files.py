# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import files


@pytest.fixture
def narrow() -> Iterator[None]:
    """A mask that takes everything from others."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("narrow")
def test_a_file_is_its_owners_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"secret")
    assert (path.read_bytes(), _mode(path)) == (b"secret", 0o600)
    files.write(path, "für alle", 0o644)
    assert (path.read_text(encoding="utf-8"), _mode(path)) == ("für alle", 0o644)


def test_who_reads_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, "old")
    with path.open() as reader:
        files.write(path, "new")
        assert reader.read() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_writer_left_is_neither_used_nor_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, victim = tmp_path / "file", tmp_path / "victim"
    files.write(path, "old")
    victim.write_text("victim")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _file: (_ for _ in ()).throw(OSError("no space")))
        with pytest.raises(OSError, match="no space"):
            files.write(path, "half")
    assert path.read_text() == "old"
    (left,) = set(tmp_path.iterdir()) - {path, victim}
    left.unlink()
    left.symlink_to(victim)
    files.write(path, "new")
    assert (path.read_text(), victim.read_text()) == ("new", "victim")


def test_a_folder_is_its_owners_and_goes_with_all_below(tmp_path: Path) -> None:
    folder = files.private(tmp_path / "above" / "folder")
    assert (folder, _mode(folder)) == (tmp_path / "above" / "folder", 0o700)
    files.write(folder / "file", "")
    assert files.private(folder) == folder
    files.remove(folder)
    files.remove(folder)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only it gives files away")
def test_root_gives_files_and_folders_away(tmp_path: Path) -> None:
    folder = files.private(tmp_path / "folder", 5432)
    files.write(folder / "file", "", owner=5000)
    owners = [(each.stat().st_uid, each.stat().st_gid) for each in (folder, folder / "file")]
    assert owners == [(5432, 5432), (5000, 5000)]
