# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of a test module's own. That it leaves nothing behind is tested with whole labs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.lab.whole.program import Lab
from tests.lab.whole.temporary import temporary


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with temporary(Lab, f"v{secrets.token_hex(3)}") as made:
        made.good("up", seconds=900)
        yield made
