# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two emulated accounts for all of these tests, emptied before each test that asks for one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.emulator import Emulator
from tests.bench import network as bench
from tests.integration.stack.world import PROD, ROOT, Document, World

GATHER = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.import_tasks: {ROOT}/playbooks/tasks/resources.yml
    - ansible.builtin.copy:
        dest: "{{{{ playbook_dir }}}}/documents.json"
        content: "{{{{ ansible_facts.slipway_resources | to_json }}}}"
        mode: "0600"
"""


class LabsApi(Emulator):
    """The API of the lab in whose network the tests run, with hosts behind it: ``lab exec -- pytest …``."""

    def __enter__(self) -> LabsApi:
        self.endpoint = os.environ["AWS_ENDPOINT_URL"]
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()


def lab_or(emulator: Emulator) -> Emulator:
    """The lab's API where the tests run as its operator, else an emulator of their own."""
    return LabsApi() if os.environ.get("SLIPWAY_PUBLIC_KEY") else emulator


@pytest.fixture(scope="session")
def prompt_emulator() -> Iterator[Emulator]:
    """Shows at once what was made; for what is not about time."""
    with lab_or(Emulator(lag=None, transition=0)) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def slow_emulator() -> Iterator[Emulator]:
    """Shows new things after 100 to 500 ms, and lets them be pending, as AWS does."""
    with lab_or(Emulator()) as emulator:
        yield emulator


@pytest.fixture
def world(prompt_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty account that shows at once what was made."""
    return _emptied(prompt_emulator, tmp_path, monkeypatch)


@pytest.fixture
def slow_world(slow_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty account that takes its time, as AWS does."""
    return _emptied(slow_emulator, tmp_path, monkeypatch)


@pytest.fixture
def distant_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """As slow as AWS, and every call takes so long that there is time to act in the middle of a run."""
    with Emulator(latency=200) as emulator:
        yield _emptied(emulator, tmp_path, monkeypatch)


def _emptied(emulator: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    emulator.reset()
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    return World(emulator, folder)


@pytest.fixture(scope="session")
def prod_documents(prompt_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """What the roles contribute for inventories/prod."""
    folder = tmp_path_factory.mktemp("prod")
    (folder / "gather.yml").write_text(GATHER)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in prompt_emulator.environment.items():
            monkeypatch.setenv(name, value)
        played = World(prompt_emulator, folder, PROD).play(folder / "gather.yml", "-i", "inventories/prod")
    assert played.code == 0, played.output
    documents: list[Document] = json.loads((folder / "documents.json").read_text())
    return documents


@pytest.fixture
def network() -> list[Document]:
    """The network of a production environment."""
    return bench.documents()
