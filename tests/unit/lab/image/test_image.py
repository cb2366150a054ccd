# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images: they follow the content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.image import images, parent_of, tag


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Images ``base`` and ``host``, which begins with it."""
    for name, files in {"base": {"packages": "tar"}, "host": {"parent": "base\n", "Containerfile": "FROM x"}}.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    monkeypatch.setattr("lab.image.FOLDER", tmp_path)
    return tmp_path


CHANGES: dict[str, Callable[[Path], object]] = {
    "its content": lambda folder: (folder / "host" / "Containerfile").write_text("FROM y"),
    "a file's name": lambda folder: (folder / "host" / "Containerfile").rename(folder / "host" / "Other"),
    "another file": lambda folder: (folder / "host" / "more").write_text(""),
    "what can be executed": lambda folder: (folder / "host" / "Containerfile").chmod(0o755),
    "its parent": lambda folder: (folder / "base" / "packages").write_text("tar gzip"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_changes_with(folder: Path, change: Callable[[Path], object]) -> None:
    before = tag("host")
    change(folder)
    assert tag("host") != before


def test_it_stays_with_the_content(folder: Path) -> None:
    before = tag("host")
    (folder / "host" / "__pycache__").mkdir()
    (folder / "host" / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert tag("host") == before
    assert before.startswith("localhost/slipway/host:")
    assert len(before.rpartition(":")[2]) == 12


def test_there_is_no_such_image(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no image 'other': .*/other is no folder"):
        tag("other")


def test_all_images_have_a_name_and_stand_on_base() -> None:
    assert {"base", "host", "gpu_host"} <= set(images())
    for name in images():
        assert tag(name)
        while parent := parent_of(name):
            name = parent
        assert name == "base"
