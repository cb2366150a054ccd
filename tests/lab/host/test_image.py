# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are made once, by one builder, and a builder that was killed leaves nothing that stays."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import image
from lab.machine import Failed, run
from tests.lab.waiting import eventually

# The name is one that no folder of the lab has: whatever is called so was made here.
BUILD = "import sys, pathlib, lab.image as i; i.FOLDER = pathlib.Path(sys.argv[1]); i.ensure('tried', print)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The lab's own ``base``, and an image ``tried`` on it."""
    image.ensure("base", print)
    shutil.copytree(image.FOLDER / "base", tmp_path / "base")
    (tmp_path / "tried").mkdir()
    (tmp_path / "tried" / "parent").write_text("base\n")
    _recipe(tmp_path, "RUN echo made >/made")
    monkeypatch.setattr(image, "FOLDER", tmp_path)
    yield tmp_path
    for each in image._present():
        if "/tried:" in each:
            run(["podman", "rmi", each])


def _recipe(folder: Path, *lines: str) -> None:
    (folder / "tried" / "Containerfile").write_text("\n".join(["ARG PARENT", "FROM ${PARENT}", *lines]))


def _working() -> list[dict[str, Any]]:
    listed = json.loads(run(["podman", "ps", "--all", "--external", "--format=json"]) or "[]")
    return [each for each in listed if each["State"] == "storage" and image.tag("base") in each.get("Image", "")]


def test_made_once(folder: Path) -> None:
    said: list[str] = []
    both = [threading.Thread(target=image.ensure, args=("tried", said.append)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert said.count("making image tried") == 1
    assert image.tag("tried") in image._present()


def test_what_fails_says_why(folder: Path) -> None:
    _recipe(folder, "RUN echo no such thing >&2; exit 3")
    with pytest.raises(Failed, match="no such thing"):
        image.ensure("tried", print)
    assert image.tag("tried") not in image._present()
    assert _working() == []


def test_after_a_killed_build(folder: Path) -> None:
    _recipe(folder, "RUN sleep 1000")
    builder = subprocess.Popen([sys.executable, "-c", BUILD, str(folder)], start_new_session=True)
    eventually(_working)
    os.killpg(builder.pid, signal.SIGKILL)
    builder.wait()
    assert _working()
    _recipe(folder, "RUN echo made >/made")
    image.ensure("tried", print)
    assert _working() == []
    assert list(Path("/var/tmp/slipway-images").iterdir()) == []


def test_old_ones_go(folder: Path) -> None:
    old = image.ensure("tried", print)
    run(["podman", "create", "--name=slipway-tried", "--network=none", "--pull=never", old])
    _recipe(folder, "RUN echo again >/made")
    new = image.ensure("tried", print)
    try:
        assert old not in _removed()  # a container uses it
    finally:
        run(["podman", "rm", "slipway-tried"])
    assert old in _removed()
    assert new in image._present()


def _removed() -> list[str]:
    """Only of this test's image: others' are not its to remove."""
    everything = image._present
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image, "_present", lambda: [each for each in everything() if "/tried:" in each])
        return image.remove_unused()
