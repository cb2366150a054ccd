# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for the whole story, and the machine as it was before."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from lab.place import Place
from tests.e2e.platform import Platform
from tests.lab.whole.temporary import as_before, temporary


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform that is not there yet; when it is gone the machine must be as before."""
    name = f"e{secrets.token_hex(3)}"
    with as_before(name), temporary(Platform, name) as made:
        yield made


@pytest.fixture(scope="module")
def place(platform: Platform) -> Place:
    return Place(platform.name, platform.folder)
