# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server is told."""

from __future__ import annotations

from lab.database import sql


def test_names_are_quoted_and_the_password_is_a_verifier() -> None:
    text = sql.initialise('o"hara', "SCRAM-SHA-256$x", "it's")
    assert 'CREATE ROLE "o""hara" LOGIN CREATEDB CREATEROLE PASSWORD \'SCRAM-SHA-256$x\'' in text
    assert "SELECT 'CREATE DATABASE \"it''s\"' WHERE NOT EXISTS" in text
    assert 'ALTER DATABASE "it\'s" OWNER TO "o""hara";' in text


def test_without_a_first_database_there_is_postgres_only() -> None:
    text = sql.initialise("slipway", "v", None)
    assert text.count("CREATE DATABASE") == 1
    assert 'ALTER DATABASE "postgres" OWNER TO "slipway";' in text


def test_the_master_is_no_superuser() -> None:
    assert " SUPERUSER" not in sql.initialise("slipway", "v", "platform")
