# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages and locks: the same wheel from the same source, whole without the repository, and all it needs locked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from services.testing import SERVICES, Postgres, environment

PACKAGES = sorted(path.parent.name for path in SERVICES.glob("*/pyproject.toml"))
DEPLOYED = sorted(path.parent.name for path in SERVICES.glob("*/requirements.lock"))
COMMON_LOCK = SERVICES.parent / "requirements/services.lock"


def project(package: str) -> Any:
    return tomllib.loads((SERVICES / package / "pyproject.toml").read_text())["project"]


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE))


def build(source: Path, target: Path) -> Path:
    """The wheel of ``source`` in ``target``, built as the platform builds it."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--no-cache-dir"]
    line = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(target), str(source)]
    subprocess.run(line, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}, check=True)
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.mark.parametrize("package", PACKAGES)
def test_the_same_source_gives_the_same_wheel_with_every_file(package: str, tmp_path: Path) -> None:
    source = SERVICES / package
    copy = Path(shutil.copytree(source, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__")))
    for path in copy.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (0, 1_000_000_000))
    first, second = build(source, tmp_path / "first"), build(copy, tmp_path / "second")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    with ZipFile(first) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {str(path.relative_to(copy / "src")) for path in (copy / "src").rglob("*") if path.is_file()}


def test_an_installed_service_migrates(postgres: Postgres, tmp_path: Path) -> None:
    wheels = [str(build(SERVICES / package, tmp_path / package)) for package in ("kit", "inventory")]
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(tmp_path / "site"),
    ]
    subprocess.run([*install, *wheels], check=True)
    ended = subprocess.run(
        [sys.executable, "-m", "inventory", "migrate"],
        env={**environment(postgres.create()), "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("migrated: none -> ")


def wanted(package: str, extras: frozenset[str] = frozenset()) -> set[Requirement]:
    """What ``package`` asks of others than our own packages, with what our own ask."""
    about = project(package)
    own = {project(name)["name"]: name for name in PACKAGES}
    texts = [*about["dependencies"], *(text for extra in extras for text in about["optional-dependencies"][extra])]
    asked = [Requirement(text) for text in texts]
    ours = [requirement for requirement in asked if requirement.name in own]
    assert all(project(own[one.name])["version"] in one.specifier for one in ours)
    inner = [wanted(own[one.name], frozenset(one.extras)) for one in ours]
    return {one for one in asked if one.name not in own}.union(*inner)


@pytest.mark.parametrize("package", DEPLOYED)
def test_a_lock_holds_what_its_service_asks_for(package: str) -> None:
    locked = pins(SERVICES / package / "requirements.lock")
    asked = wanted(package)
    assert asked
    missing = [str(one) for one in asked if locked.get(canonicalize_name(one.name), "0") not in one.specifier]
    assert missing == [], "run: make lock"


@pytest.mark.parametrize("package", DEPLOYED)
def test_what_is_tested_is_what_is_deployed(package: str) -> None:
    locked, tested = pins(SERVICES / package / "requirements.lock"), pins(COMMON_LOCK)
    assert {name: tested.get(name) for name in locked} == locked, "run: make lock"


@pytest.mark.parametrize("package", DEPLOYED)
def test_a_lock_has_hashes_and_none_of_our_own_packages(package: str) -> None:
    text = (SERVICES / package / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9.-]+==)", text)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "slipway" not in text
