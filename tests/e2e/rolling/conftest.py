# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of a test module's own. That it leaves nothing behind is tested with whole labs."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.whole.program import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    root = Path(tempfile.mkdtemp(prefix="lab-"))  # short: paths of sockets are bounded
    made = Lab(f"v{secrets.token_hex(3)}", root)
    try:
        made.good("up", seconds=900)
        yield made
    finally:
        down = made.run("down")
        shutil.rmtree(root, ignore_errors=True)
    assert down.code == 0, down.text
