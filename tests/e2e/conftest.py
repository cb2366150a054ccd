# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for the whole story, and the machine as it was before."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.place import Place
from tests.e2e.platform import Platform
from tests.lab.whole.machine import snapshot


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform that is not there yet; when it is gone the machine must be as before."""
    root = Path(tempfile.mkdtemp(prefix="lab-"))  # short: paths of sockets are bounded
    made = Platform(f"e{secrets.token_hex(3)}", root)
    before = snapshot(made.name)
    try:
        yield made
    finally:
        down = made.make("lab-down")
        shutil.rmtree(root, ignore_errors=True)
    assert down.code == 0, down.text
    after = snapshot(made.name)
    for matter, lines in before.items():
        assert after[matter] == lines, f"{matter} are not as before"


@pytest.fixture(scope="module")
def place(platform: Platform) -> Place:
    return Place(platform.name, platform.folder)
