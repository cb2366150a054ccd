# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The greeter, seen from outside of the playbooks."""

from __future__ import annotations

from testinfra.host import Host

testinfra_hosts = ["ansible://greeter"]


def test_the_service_is_enabled_and_runs_as_written(host: Host) -> None:
    assert host.service("greeter").is_enabled
    assert host.file("/run/greeting").content_string.startswith("Good day from greeter-")
