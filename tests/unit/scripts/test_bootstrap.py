# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments' maker: a lock is installed once, and a make interrupted half-way is made again."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import bootstrap

SCRIPT = bootstrap.ROOT / "scripts/bootstrap.sh"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A repository with one empty lock, its cache, and the list of what has been installed."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/bench.lock").write_text("")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    done: list[Path] = []

    def make(command: list[str | Path], *, check: bool) -> None:
        assert check
        Path(command[-1], "bin").mkdir(parents=True)
        Path(command[-1], "bin/python").symlink_to(sys.executable)

    monkeypatch.setattr(subprocess, "run", make)
    monkeypatch.setattr(bootstrap, "install", lambda python, lock, uv: done.append(lock))
    return done


def test_an_unchanged_lock_is_installed_once(installed: list[Path]) -> None:
    assert bootstrap.environment("bench") == bootstrap.environment("bench")
    assert len(installed) == 1


def test_a_changed_lock_gets_an_environment_of_its_own(installed: list[Path], tmp_path: Path) -> None:
    first = bootstrap.environment("bench")
    (tmp_path / "requirements/bench.lock").write_text("pytest==9\n")
    assert bootstrap.environment("bench") != first
    assert len(installed) == 2


def test_an_environment_left_half_made_is_made_again(installed: list[Path]) -> None:
    folder = bootstrap.environment("bench")
    (folder / ".whole").unlink()
    (folder / "leftover").touch()
    assert bootstrap.environment("bench") == folder
    assert not (folder / "leftover").exists()
    assert len(installed) == 2


def test_an_environment_whose_interpreter_is_gone_is_made_again(installed: list[Path]) -> None:
    folder = bootstrap.environment("bench")
    (folder / "bin/python").unlink()
    bootstrap.environment("bench")
    assert len(installed) == 2


def test_named_collections_of_the_bundle_stand_beside_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "collections").mkdir()
    (tmp_path / "collections/requirements.yml").write_text("collections:\n  - name: community.crypto\n")
    packages = tmp_path / "environment/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)

    def download(command: list[str | Path], *, check: bool) -> None:
        assert check
        assert "--require-hashes" in command
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1], "ansible.whl"), "w") as bundle:
            for name in ("crypto", "cryptography", "docker"):
                bundle.writestr(f"ansible_collections/community/{name}/README.md", name)

    monkeypatch.setattr(subprocess, "run", download)
    bootstrap.collections(tmp_path / "environment/bin/python")
    assert [path.name for path in (packages / "ansible_collections/community").iterdir()] == ["crypto"]


def test_the_link_follows_and_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    link = tmp_path / ".venv"
    for target in (tmp_path / "one", tmp_path / "two"):
        bootstrap.point(link, target)
        assert link.readlink() == target
    link.unlink()
    link.mkdir()
    with pytest.raises(SystemExit, match="move it away"):
        bootstrap.point(link, tmp_path / "one")


def test_uv_is_told_what_pip_is_configured_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_CERT", "/etc/mirror.pem")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    settings = bootstrap.pip_settings(Path(sys.executable))
    assert settings == {"UV_DEFAULT_INDEX": "https://mirror.example/simple", "SSL_CERT_FILE": "/etc/mirror.pem"}


def test_a_missing_python_is_said_with_its_remedy() -> None:
    environment = {**os.environ, "PYTHON": "no-such-python"}
    done = subprocess.run([SCRIPT, "dev", ".venv"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "apt-get install python3.11 python3.11-venv" in done.stderr


def test_a_missing_venv_module_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "dev", ".venv"])
    with pytest.raises(SystemExit, match=r"apt-get install python3\.11-venv"):
        bootstrap.main()
