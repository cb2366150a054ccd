# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as it ships: what is in it, and that it works installed, far from the repository."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "SECURITY.md",
    "ansible.cfg",
    "bindep.txt",
    "changelogs",
    "docs",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
    "tests/config.yml",
    "tests/sanity",
}
"""All that may be in the artefact. A new name here is a decision; a name that slipped in is a leak."""

DOCUMENTED = {"action": "module", "filter": "filter", "inventory": "inventory", "lookup": "lookup", "modules": "module"}
"""Folder of plugins → type of plugin for ansible-doc."""


def run(command: Sequence[str | Path], folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run with nothing of the repository: only what is installed under ``home`` is found."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": str(home / "collections")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", folder, ROOT], check=True)
    return next(folder.glob("slipway-platform-*.tar.gz"))


@pytest.fixture(scope="session")
def names(artefact: Path) -> list[str]:
    with tarfile.open(artefact) as archive:
        assert [member.name for member in archive if not (member.isfile() or member.isdir())] == []
        return [member.name.removeprefix("./") for member in archive]


@pytest.fixture(scope="session")
def home(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where the artefact is installed, and nothing else."""
    folder = tmp_path_factory.mktemp("home")
    install = ["ansible-galaxy", "collection", "install", "--offline", "--no-deps"]
    done = run([*install, "-p", folder / "collections", artefact], folder, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_only_what_should_ship_is_in_it(names: list[str]) -> None:
    tops = {"/".join(name.split("/")[: 2 if name.startswith("tests/") else 1]) for name in names} - {"tests"}
    assert tops - SHIPPED == set()


@pytest.mark.parametrize(
    "pattern", [r"^inventories/lab\b", r"^inventories/.*(vault|secret)", r"__pycache__", r"\.pyc$", r"(^|/)\."]
)
def test_nothing_private_or_local_is_in_it(names: list[str], pattern: str) -> None:
    assert [name for name in names if re.search(pattern, name)] == []


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_inventories_ship(names: list[str], environment: str) -> None:
    assert f"inventories/{environment}" in names


@pytest.mark.parametrize("playbook", sorted({"site", *(path.stem for path in ROOT.glob("playbooks/*.yml"))}))
def test_a_playbook_runs_by_the_collections_name(home: Path, tmp_path: Path, playbook: str) -> None:
    done = run(["ansible-playbook", "--syntax-check", f"slipway.platform.{playbook}"], tmp_path, home)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", DOCUMENTED)
def test_every_plugin_is_documented(home: Path, tmp_path: Path, folder: str) -> None:
    plugins = sorted(path.stem for path in (ROOT / "plugins" / folder).glob("[!_]*.py"))
    for name in plugins:
        done = run(["ansible-doc", "--type", DOCUMENTED[folder], f"slipway.platform.{name}"], tmp_path, home)
        assert done.returncode == 0, done.stderr
        assert name in done.stdout


def test_prod_is_planned_by_what_is_installed_alone(home: Path, tmp_path: Path) -> None:
    inventory = home / "collections/ansible_collections/slipway/platform/inventories/prod"
    with Emulator(lag=None, transition=0) as emulator, pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        command: list[str | Path] = ["ansible-playbook", "slipway.platform.site", "-i", inventory, "--check", "--diff"]
        done = run(command, tmp_path, home)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"^Plan: \d{3,} to add, 0 to change, 0 to replace, 0 to destroy\.$", done.stdout, re.MULTILINE)
        assert [call for call in emulator.calls() if call["mutating"]] == []
