# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests with the machine's own namespaces and containers: they need root, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import podman
from lab.machine import Failed
from lab.network.machine import remove_all
from lab.place import Place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without root none of them can run."""
    if os.geteuid():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root: namespaces and containers"))


@contextlib.contextmanager
def a_place(folder: Path) -> Iterator[Place]:
    """A place of a name that nobody else has; whatever carries it afterwards is removed."""
    place = Place(f"t{secrets.token_hex(4)}", folder)
    try:
        yield place
    finally:
        with contextlib.suppress(Failed):  # a machine without podman has no containers
            podman.remove(list(podman.standing(place)))
        remove_all(place)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """One test's own place."""
    with a_place(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests of a file."""
    with a_place(tmp_path_factory.mktemp("lab")) as made:
        yield made
