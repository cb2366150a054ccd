# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doctor on this very machine, and with one thing at a time really taken away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.machine import run

_ROOT = Path(__file__).parents[3]
_PROGRAM = "import sys; from lab import doctor; sys.exit(doctor.run(False, print, hosts=3))"
_LEFT = (
    ["ip", "netns", "list"],
    ["podman", "ps", "--all", "--noheading", "--filter=name=^doctor", "--format={{.Names}}"],
    ["losetup", "--list", "--noheadings", "--output=BACK-FILE"],
    ["findmnt", "--list", "--noheadings", "--output=TARGET"],
)


def _doctor(*before: str, **environment: str) -> tuple[int, str]:
    command = [*before, sys.executable, "-c", _PROGRAM]
    done = subprocess.run(
        command, cwd=_ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def _missing(said: str) -> list[str]:
    return [line.split("  ")[1].strip() for line in said.splitlines() if line.startswith("MISSING")]


def test_this_machine_is_well_and_stays_as_it_was() -> None:
    code, said = _doctor()
    assert (code, _missing(said)) == (0, []), said
    assert [line for each in _LEFT for line in run(each).splitlines() if "doctor" in line] == []


def test_without_podman(tmp_path: Path) -> None:
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).glob("*"):
            if program.name != "podman" and not (tmp_path / program.name).exists():
                (tmp_path / program.name).symlink_to(program)
    code, said = _doctor(PATH=str(tmp_path))
    assert (code, _missing(said)) == (1, ["podman"])
    assert "apt-get install --yes --no-install-recommends podman" in said


def test_with_a_low_limit_of_open_files() -> None:
    code, said = _doctor("prlimit", "--nofile=1024:1024", "--")
    assert (code, _missing(said)) == (1, ["open files"])


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)])
    (tmp_path / "full").write_bytes(bytes(1 << 20))
    yield tmp_path
    run(["umount", str(tmp_path)])


def test_with_a_full_disk(full: Path) -> None:
    code, said = _doctor(SLIPWAY_LAB_ROOT=str(full / "lab"))
    assert (code, _missing(said)) == (1, ["disk"])
    assert f"0 MiB free, 6144 needed: {full}/lab" in said


def test_without_root() -> None:
    code, said = _doctor("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--")
    assert (code, said.splitlines()[1:]) == (1, [])
    assert said.endswith("Run: sudo bin/lab doctor --fix\n")


def test_without_the_right_to_make_namespaces() -> None:
    code, said = _doctor("setpriv", "--bounding-set=-sys_admin", "--")
    assert (code, said.splitlines()[1:]) == (1, [])
    assert said.startswith("This root may not make network namespaces")
