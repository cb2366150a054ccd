# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with the role common, seen from outside, and by other programs than those that the role asks."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://plain"]

TRIAL = "/usr/local/sbin/slipway-sshd-trial"
LOCKED = "/etc/ssh/sshd_config.d/10-locked.conf"


def variables(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = host.ansible.get_variables()
    return found


def login(host: Host, user: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs ``command`` as ``user`` over a connection of its own, by what the inventory says and no key of an agent."""
    of_host = variables(host)
    pinned = shlex.split(of_host["ansible_ssh_common_args"])
    key = ["-i", os.environ["ANSIBLE_PRIVATE_KEY_FILE"], "-o", "IdentityAgent=none", "-o", "BatchMode=yes"]
    alone = ["-F", "none", "-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ConnectTimeout=5"]
    return subprocess.run(
        ["ssh", *options, *alone, *pinned, *key, f"{user}@{of_host['ansible_host']}", command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(("user", "root"), [("admin", True), ("ada", True), ("grace", False)])
def test_named_users_log_in_and_some_become_root(host: Host, user: str, root: bool) -> None:
    found = login(host, user, "id -un; sudo -n id -u")
    assert found.stdout.splitlines() == [user, *(["0"] if root else [])], found.stderr


@pytest.fixture(scope="module")
def keys_of_others(host: Host) -> Iterator[None]:
    """Keys that would do, were these users let in."""
    folder = "/etc/ssh/authorized_keys.d"
    host.run_test(f"tee {folder}/root {folder}/nobody {folder}/games <{folder}/ada")
    yield
    host.run_test(f"rm {folder}/root {folder}/nobody {folder}/games")


@pytest.mark.usefixtures("keys_of_others")
@pytest.mark.parametrize("user", ["root", "nobody", "games"])
def test_nobody_else_logs_in(host: Host, user: str) -> None:
    found = login(host, user, "id")
    assert found.returncode == 255
    assert "Permission denied (publickey)" in found.stderr


def test_only_keys_are_asked_for(host: Host) -> None:
    found = login(host, "admin", "id", "-o", "PubkeyAuthentication=no")
    assert "Permission denied (publickey)." in found.stderr


def test_what_is_absent_is_gone(host: Host) -> None:
    assert not host.user("games").exists


def test_nothing_is_forwarded(host: Host) -> None:
    found = login(host, "admin", "true", "-W", "127.0.0.1:22")
    assert found.returncode == 255
    assert "administratively prohibited" in found.stderr


def test_ssh_audit_has_nothing_to_say(host: Host) -> None:
    address = variables(host)["ansible_host"]
    audit = subprocess.run(
        ["ssh-audit", "--json", "--skip-rate-test", address], capture_output=True, text=True, timeout=60, check=False
    )
    found = json.loads(audit.stdout)
    notes = {
        f"{kind} {algorithm['algorithm']}: {level}: {text}"
        for kind in ("kex", "key", "enc", "mac")
        for algorithm in found[kind]
        for level in ("fail", "warn")
        for text in algorithm["notes"].get(level, [])
    }
    assert found["kex"]
    assert notes == set()
    assert found.get("cves", []) == []
    assert audit.returncode == 0


def test_the_host_itself_takes_back_what_is_not_kept(host: Host) -> None:
    """The controller is dead: nobody calls ``keep`` or ``back``."""
    host.run_test(f"echo 'DenyUsers *' | {TRIAL} begin {LOCKED} 3")
    assert "Permission denied" in login(host, "admin", "true").stderr
    deadline = time.monotonic() + 20
    while login(host, "admin", "true").returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert host.check_output("ls /etc/ssh/sshd_config.d") == "10-other.conf\n50-slipway.conf"
    late = host.run(f"{TRIAL} keep")
    assert late.failed
    assert "taken back" in late.stderr


def test_what_sshd_does_not_understand_never_gets_there(host: Host) -> None:
    found = host.run(f"echo 'ClientAliveInterval soon' | {TRIAL} begin {LOCKED} 60")
    assert found.failed
    assert "ClientAliveInterval" in found.stderr or "invalid time value" in found.stderr
    assert host.check_output("ls /etc/ssh/sshd_config.d") == "10-other.conf\n50-slipway.conf"
    assert not host.file("/run/slipway-sshd-trial").exists


def test_the_first_value_counts(host: Host) -> None:
    effective = host.check_output("sshd -T").splitlines()
    assert "clientaliveinterval 30" in effective
    assert "clientalivecountmax 2" in effective


def test_the_host_sets_its_clock_by_aws(host: Host) -> None:
    assert "server 169.254.169.123 " in host.file("/etc/chrony/chrony.conf").content_string
    assert host.service("chrony").is_enabled
    capabilities = int(host.check_output("awk '/CapEff/ {print $2}' /proc/1/status"), 16)
    may_set = bool(capabilities >> 25 & 1)  # CAP_SYS_TIME: capability.h
    assert host.service("chrony").is_running == may_set


def test_the_journal_is_kept_and_limited(host: Host) -> None:
    limits = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert int(host.check_output("journalctl --header --directory /var/log/journal | grep -c '^File path'")) > 0
    assert "SystemMaxUse=1G" in limits.splitlines()


def test_a_crash_leaves_no_dump(host: Host) -> None:
    assert login(host, "admin", "ulimit -Hc").stdout == "0\n"
    assert host.check_output("systemd-run --wait --pipe --quiet sh -c 'ulimit -Hc'") == "0"


def test_only_security_is_upgraded_and_nothing_reboots(host: Host) -> None:
    lines = host.check_output("apt-config dump").splitlines()
    origins = [line.split('"')[1] for line in lines if line.startswith("Unattended-Upgrade::Origins-Pattern:: ")]
    assert len(origins) == 2
    assert all("-security" in origin for origin in origins)
    assert not [line for line in lines if line.startswith("Unattended-Upgrade::Allowed-Origins::")]
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in lines
    assert 'APT::Periodic::Unattended-Upgrade "1";' in lines
    assert host.service("apt-daily-upgrade.timer").is_enabled


def test_the_kernel_has_its_settings(host: Host) -> None:
    names = ["net/ipv4/conf/all/accept_redirects", "net/ipv4/conf/all/send_redirects", "net/ipv4/tcp_keepalive_time"]
    assert host.check_output(f"cd /proc/sys && cat {' '.join(names)}").split() == ["0", "0", "240"]


def test_rare_protocols_are_not_loaded(host: Host) -> None:
    assert host.check_output("modprobe --show-depends sctp 2>&1 || true").startswith("install /bin/false")


def test_hosts_live_in_utc(host: Host) -> None:
    assert host.check_output("date +%Z") == "UTC"
