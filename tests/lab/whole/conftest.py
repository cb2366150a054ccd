# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of a test module's own, and the machine as it was before."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from lab.place import Place
from tests.lab.whole.program import Lab
from tests.lab.whole.temporary import as_before, temporary


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab; when it is gone the machine must be as before."""
    name = f"w{secrets.token_hex(3)}"
    with as_before(name), temporary(Lab, name) as made:
        made.good("up", seconds=900)
        yield made


@pytest.fixture(scope="module")
def place(lab: Lab) -> Place:
    return Place(lab.name, lab.folder)
