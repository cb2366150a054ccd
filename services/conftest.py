# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of all services' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import testing


@pytest.fixture(scope="session")
def postgres() -> Iterator[testing.Postgres]:
    """A PostgreSQL of these tests' own."""
    with testing.postgres() as server:
        yield server
