# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of targets from HAProxy's words, and the states that servers begin with."""

from __future__ import annotations

import csv
import io
from ipaddress import IPv4Address

import pytest

from lab.load_balancer.configuration import Checked
from lab.load_balancer.health import Health, decided, health, state_file, together

HEALTHY: Health = ("healthy", "")
INITIAL: Health = ("initial", "Elb.InitialHealthChecking")
FAILED: Health = ("unhealthy", "Target.FailedHealthChecks")


@pytest.mark.parametrize(
    ("status", "weight", "check", "state", "is_decided"),
    [
        ("DRAIN", "0", "INI", INITIAL, False),
        ("DRAIN", "0", "* INI", INITIAL, False),
        ("UP 1/2", "0", "L7STS", INITIAL, False),
        ("DRAIN", "0", "L7OK", INITIAL, True),
        ("DRAIN", "0", "* L4OK", INITIAL, True),
        ("DOWN", "0", "L4CON", FAILED, True),
        ("UP", "1", "L7OK", HEALTHY, False),
        ("UP 1/2", "1", "L7STS", HEALTHY, False),
        ("DOWN", "1", "L7STS", ("unhealthy", "Target.ResponseCodeMismatch"), False),
        ("DOWN", "1", "* L7TOUT", ("unhealthy", "Target.Timeout"), False),
        ("DOWN", "1", "L4TOUT", ("unhealthy", "Target.Timeout"), False),
        ("DOWN 1/2", "1", "L7OK", FAILED, False),
        ("DOWN", "1", "L6RSP", FAILED, False),
    ],
)
def test_states_and_reasons(status: str, weight: str, check: str, state: Health, is_decided: bool) -> None:
    row = {"status": status, "weight": weight, "check_status": check}
    assert health(row) == state
    assert decided(row) == is_decided


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ([], ("initial", "Elb.RegistrationInProgress")),
        ([HEALTHY, HEALTHY], HEALTHY),
        ([HEALTHY, INITIAL], INITIAL),
        ([INITIAL, FAILED, HEALTHY], FAILED),
    ],
)
def test_nodes_together_say_the_worst(found: list[Health], state: Health) -> None:
    assert together(found) == state


def _rows(text: str) -> dict[str, dict[str, str]]:
    version, _newline, table = text.partition("\n")
    assert version == "1"
    rows = csv.DictReader(io.StringIO(table.removeprefix("# ")), delimiter=" ")
    return {row["srv_name"]: row for row in rows}


def test_servers_begin_as_they_were_and_new_ones_without_requests() -> None:
    checked = [
        Checked("web", name, IPv4Address("10.0.0.1"), port, encrypted)
        for name, port, encrypted in (("kept", 80, False), ("new", 81, True), ("moved", 82, False))
    ]
    had = {
        "srv_op_state": "0", "srv_uweight": "1", "srv_time_since_last_change": "9", "srv_check_status": "7",
        "srv_check_result": "2", "srv_check_health": "0", "srv_addr": "10.0.0.1", "srv_port": "80",
    }  # fmt: skip
    rows = _rows(state_file(checked, {("web", "kept"): had, ("web", "moved"): {**had, "srv_port": "83"}}))
    assert {name: rows["kept"][name] for name in had} == had
    assert [(rows[name]["srv_op_state"], rows[name]["srv_uweight"]) for name in ("new", "moved")] == [("2", "0")] * 2
    assert [rows[name]["srv_port"] for name in ("kept", "new", "moved")] == ["80", "81", "82"]
    assert [rows[name]["srv_use_ssl"] for name in ("kept", "new")] == ["0", "1"]
    assert all(None not in row and len(row) == 25 for row in rows.values())
