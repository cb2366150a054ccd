# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service as hosts run it: by the real server, on the real database."""

from __future__ import annotations

import subprocess
from pathlib import Path

from service_kit.database import DatabaseSettings
from services.testing import Postgres, command, environment, free_port, served, variables

CANARY = "canary word"


def test_a_missing_setting_ends_it_with_one_line(at_head: DatabaseSettings) -> None:
    given = {**environment(at_head), "DATABASE_USER": ""}
    ended = subprocess.run(
        command("inventory", free_port()), env=variables(given), capture_output=True, text=True, timeout=20, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "DATABASE_USER: is not set\n")


def test_its_password_is_in_no_log_and_in_no_answer(postgres: Postgres, tmp_path: Path) -> None:
    settings = postgres.create(CANARY)
    with served("inventory", tmp_path / "log", {**environment(settings), "LOG_LEVEL": "DEBUG"}) as server:
        answers = [server.get(path) for path in ("/ready", "/inventory/movies", "/metrics")]
        assert [answer.status for answer in answers] == [503, 500, 200]  # not migrated: the table is not there
    said = [server.log.read_bytes(), *(answer.data for answer in answers)]
    assert b"UndefinedTable" in said[0]
    assert [CANARY.encode() in text for text in said] == [False] * 4
