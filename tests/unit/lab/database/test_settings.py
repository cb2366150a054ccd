# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameter groups to the server's files."""

from __future__ import annotations

import pytest

from lab.database.settings import settings
from tests.unit.lab.database.databases import database


def _set(*parameters: tuple[str, str], memory: int = 1024) -> dict[str, str]:
    text = settings(database(parameters=parameters), memory).files["postgresql.conf"]
    return dict(line.split(" = ", 1) for line in text.splitlines())


def test_the_defaults_follow_the_memory_of_the_class() -> None:
    small, large = _set(), _set(memory=8192)
    assert (small["shared_buffers"], small["max_connections"]) == ("'29491'", "'101'")
    assert (large["shared_buffers"], large["max_connections"]) == ("'235929'", "'811'")


def test_a_parameter_replaces_a_default_and_is_evaluated() -> None:
    assert _set(("max_connections", "17"))["max_connections"] == "'17'"
    assert _set(("work_mem", "GREATEST({DBInstanceClassMemory/1073741824},64)"))["work_mem"] == "'64'"


@pytest.mark.parametrize(
    "name", ["listen_addresses", "ssl", "hba_file", "ssl_key_file", "unix_socket_directories", "password_encryption"]
)
def test_what_the_lab_itself_sets_no_parameter_changes(name: str) -> None:
    made = settings(database(parameters=((name, "elsewhere"),)), 1024)
    assert "elsewhere" not in made.files["postgresql.conf"]
    assert made.ignored == (f"{name}: the lab's server has no such parameter",)


def test_a_value_cannot_become_another_line() -> None:
    text = settings(database(parameters=(("log_line_prefix", "a'\nfsync = 'off\\"),)), 1024).files["postgresql.conf"]
    assert "log_line_prefix = 'a''\\nfsync = ''off\\\\'\n" in text


def test_what_the_server_does_not_know_is_left_out_and_said() -> None:
    asked = (
        ("rds.extensions", "x"),
        ("work_mem", "{Nothing/2}"),
        ("shared_preload_libraries", "pg_cron, auto_explain"),
        ("auto_explain.log_min_duration", "100"),
    )
    made = settings(database(parameters=asked), 1024)
    assert [each.partition(":")[0] for each in made.ignored] == [
        "rds.extensions",
        "shared_preload_libraries",
        "work_mem",
    ]
    text = made.files["postgresql.conf"]
    assert "rds.extensions" not in text
    assert "work_mem" not in text.replace("maintenance_work_mem", "")
    assert "shared_preload_libraries = 'auto_explain'\n" in text
    assert "auto_explain.log_min_duration = '100'\n" in text


@pytest.mark.parametrize(
    ("version", "parameters", "line"),
    [
        ("15.8", (), "hostssl"),
        ("16", (), "hostssl"),
        ("14.3", (), "host"),
        ("14.3", (("rds.force_ssl", "1"),), "hostssl"),
        ("15.8", (("rds.force_ssl", "0"),), "host"),
    ],
)
def test_tls_is_a_must_from_version_15_on_or_when_asked_for(
    version: str, parameters: tuple[tuple[str, str], ...], line: str
) -> None:
    made = settings(database(version=version, parameters=parameters), 1024)
    assert made.files["pg_hba.conf"].splitlines()[-1] == f"{line} all all all scram-sha-256"
    assert not made.ignored


@pytest.mark.parametrize(("asked", "level"), [("1", "logical"), ("0", "replica")])
def test_logical_replication(asked: str, level: str) -> None:
    assert _set(("rds.logical_replication", asked))["wal_level"] == f"'{level}'"


def test_the_superuser_is_the_labs_own_only() -> None:
    clients = settings(database(), 1024).files["pg_hba.conf"].splitlines()
    assert clients.index("host all rdsadmin all reject") < clients.index("hostssl all all all scram-sha-256")
    assert [line for line in clients if line.startswith("local") and "reject" not in line] == [
        "local all rdsadmin peer map=lab",
        "local replication rdsadmin peer map=lab",
    ]
