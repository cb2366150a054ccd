# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels are built once for each content, whole, and the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.wheels import Failed, digest, wheel

PROJECT = """\
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "shop-{name}"
version = "1.2.0"
description = "A package"
requires-python = ">=3.11"

[tool.flit.module]
name = "{name}"
"""


def package(folder: Path, name: str = "hello") -> Path:
    (folder / "src" / name).mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name))
    (folder / "src" / name / "__init__.py").write_text("ANSWER = 42\n")
    return folder


def test_the_same_content_gives_the_same_bytes_wherever_and_whenever_it_is_built(tmp_path: Path) -> None:
    one, other = package(tmp_path / "one"), package(tmp_path / "other")
    os.utime(other / "src/hello/__init__.py", (1, 1))
    (other / "src/hello/__pycache__").mkdir()
    first, second = wheel(one, tmp_path / "here"), wheel(other, tmp_path / "there")
    assert first.name == second.name == "shop_hello-1.2.0-py3-none-any.whl"
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in (tmp_path / "here").iterdir()] == [digest(one)], "the cache holds nothing else"


def test_a_folder_that_the_cache_knows_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, cache = package(tmp_path / "one"), tmp_path / "cache"
    built = wheel(source, cache)
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert wheel(source, cache) == built
    (source / "src/hello/__init__.py").write_text("ANSWER = 43\n")
    with pytest.raises(Failed, match="cannot be built with /bin/false"):
        wheel(source, cache)


def test_a_build_that_fails_leaves_nothing_in_the_cache_and_says_why(tmp_path: Path) -> None:
    source, cache = package(tmp_path / "one"), tmp_path / "cache"
    (source / "pyproject.toml").write_text(PROJECT.format(name="absent"))
    with pytest.raises(Failed, match=r"(?s)one cannot be built .*absent"):
        wheel(source, cache)
    assert [*cache.iterdir()] == []


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"services/hello is no package: it has no pyproject\.toml"):
        wheel(tmp_path / "services/hello", tmp_path)
