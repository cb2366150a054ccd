# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in this process for each test of the reader."""

from __future__ import annotations

import pytest

from tests.unit.lab.emulator.support import InProcess, in_process


@pytest.fixture
def aws() -> InProcess:
    """An empty account in this process."""
    application = in_process()
    application.emulator.reset()
    return application
