# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the account and podman to the next step and the state that is told."""

from __future__ import annotations

import dataclasses

import pytest

from lab.account.model import Instance, InstanceState
from lab.host.step import report, step
from lab.podman import Standing
from tests.lab.accounts import Accounts


def _instance(state: InstanceState, reboots: int = 0) -> Instance:
    accounts = Accounts()
    vpc = accounts.vpc()
    identity = accounts.instance(accounts.subnet(vpc, "10.0.0.0/24", accounts.table(vpc)), "10.0.0.5")
    return dataclasses.replace(accounts.account.instances[identity], state=state, reboots=reboots)


def _host(state: str, exit_code: int = 0) -> Standing:
    return Standing("name", "host", state, "", exit_code, 1)


RUNNING, POWERED_OFF, REBOOTED, KILLED = (
    _host("running"),
    _host("exited", 130),
    _host("exited", 129),
    _host("exited", 137),
)
CASES: list[tuple[InstanceState, Standing | None, str | None, str | None]] = [
    ("pending", None, "create", None),
    ("pending", _host("created"), "create", None),
    ("pending", RUNNING, None, "running"),
    ("pending", POWERED_OFF, "start", None),  # StartInstances
    ("running", None, "create", None),  # the machine has lost it
    ("running", RUNNING, None, None),
    ("running", _host("stopping"), None, None),
    ("running", REBOOTED, "start", None),
    ("running", KILLED, "start", None),
    ("running", POWERED_OFF, None, "stopped"),
    ("running", _host("stopped", 130), None, "stopped"),
    ("stopping", RUNNING, "stop", None),
    ("stopping", _host("stopping"), "stop", None),
    ("stopping", POWERED_OFF, None, "stopped"),
    ("stopping", None, None, "stopped"),
    ("stopped", POWERED_OFF, None, None),
    ("stopped", RUNNING, "stop", None),
    ("shutting-down", RUNNING, "remove", None),
    ("shutting-down", POWERED_OFF, "remove", None),
    ("shutting-down", None, None, "terminated"),
    ("terminated", RUNNING, "remove", None),
    ("terminated", None, None, None),
]


@pytest.mark.parametrize(("state", "host", "wanted", "told"), CASES)
def test_step(state: InstanceState, host: Standing | None, wanted: str | None, told: str | None) -> None:
    assert (step(_instance(state), host, 0), report(_instance(state), host)) == (wanted, told)


def test_a_host_without_an_instance_goes() -> None:
    assert step(None, RUNNING, 0) == "remove"


def test_each_reboot_is_done_once() -> None:
    assert step(_instance("running", reboots=3), RUNNING, 2) == "reboot"
    assert step(_instance("running", reboots=3), RUNNING, 3) is None
