# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service does what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

from pathlib import Path

from service_kit.database import DatabaseSettings
from services.testing import environment, keeps_its_contract, served


def test_the_contract_is_kept(at_head: DatabaseSettings, tmp_path: Path) -> None:
    with served("inventory", tmp_path / "log", environment(at_head)) as server:
        keeps_its_contract("inventory", server)
