# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two emulators for all tests, emptied before each: one that is immediate, one whose states last until
they are settled by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.emulator import Emulator
from tests.unit.lab.emulator.support import Aws, InProcess, in_process


@pytest.fixture(scope="session")
def _immediate() -> Iterator[Aws]:
    with Emulator(lag=None, transition=0) as emulator:
        yield Aws(emulator)


@pytest.fixture(scope="session")
def _slow() -> Iterator[Aws]:
    with Emulator(lag=None, transition=3_600_000) as emulator:
        yield Aws(emulator)


@pytest.fixture
def aws(_immediate: Aws) -> Aws:
    """An empty account where everything is at once."""
    _immediate.emulator.reset()
    return _immediate


@pytest.fixture
def slow(_slow: Aws) -> Aws:
    """An empty account where states last an hour, or until `settle`."""
    _slow.emulator.reset()
    return _slow


@pytest.fixture
def told() -> InProcess:
    """An empty account in this process, whose real parts are the test's reports."""
    application = in_process()
    application.emulator.reset()
    return application
