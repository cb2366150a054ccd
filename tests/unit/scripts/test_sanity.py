# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The home that ansible-test gets, and where it may run."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest

from scripts import sanity


def test_the_home_holds_get_pip_under_the_name_ansible_test_looks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    home = sanity.prepare_home()
    cached = list((home / ".ansible/test/cache").iterdir())
    assert [path.name for path in cached] == [f"get_pip_{sanity.pip_version().replace('.', '_')}.py"]
    compile(cached[0].read_text(), cached[0].name, "exec")
    assert (home / ".config/pip/pip.conf").stat().st_mode & 0o777 == 0o600


def test_pips_configuration_is_handed_on_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:p%40ss@mirror.example/simple")
    parser = configparser.RawConfigParser()
    parser.read_string(sanity.pip_configuration())
    assert parser["global"]["index-url"] == "https://user:p%40ss@mirror.example/simple"


def test_a_folder_that_git_manages_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(SystemExit, match="TMPDIR"):
        sanity.unpack(tmp_path / "inside")
