# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: from variables, and one line for all that is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from service_kit.database import DatabaseSettings
from service_kit.settings import Settings


def test_defaults_need_no_variable() -> None:
    assert Settings.load({}) == Settings()


def test_a_variable_sets_the_field_of_its_name_and_an_empty_one_sets_nothing() -> None:
    found = Settings.load({"LOG_LEVEL": "WARNING", "THREADS": "3", "WORKERS": "", "HOME": "/"})
    assert found == Settings(log_level="WARNING", threads=3)


def test_all_that_is_wrong_is_one_line_which_shows_no_value() -> None:
    given = {"DATABASE_HOST": "here", "DATABASE_USER": "u", "DATABASE_PORT": "hunter2", "DATABASE_CA_FILE": "/hunter2"}
    with pytest.raises(SystemExit) as ended:
        DatabaseSettings.load(given)
    line = str(ended.value)
    assert "\n" not in line
    assert "hunter2" not in line
    assert [part.split(":")[0] for part in line.split("; ")] == [
        "DATABASE_PORT",
        "DATABASE_NAME",
        "DATABASE_PASSWORD_FILE",
        "DATABASE_CA_FILE",
    ]
    assert "DATABASE_NAME: is not set" in line


def test_files_of_secrets_are_named_and_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("canary")
    given = {f"DATABASE_{name}": "x" for name in ("HOST", "NAME", "USER")}
    found = DatabaseSettings.load({**given, "DATABASE_PASSWORD_FILE": str(secret), "DATABASE_CA_FILE": str(secret)})
    assert found.database_password_file == secret
    assert "canary" not in repr(found)
