# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service, seen from the host's own programs and from the operator's network."""

from __future__ import annotations

import json
import re
import urllib.request

import botocore.session
import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://flask_service"]
UNIT = "slipway-hello@8000.service"
FOLDER = "/opt/slipway/hello"


@pytest.fixture
def process(host: Host) -> str:
    """The process id of the running instance."""
    return str(host.service(UNIT).systemd_properties["MainPID"])


@pytest.fixture
def secret(host: Host) -> str:
    """What no one but root and the service may see."""
    return str(host.file(f"{FOLDER}/current/credentials/TOKEN_FILE").content_string)


def test_it_runs_and_will_run_after_a_boot(host: Host) -> None:
    service = host.service(UNIT)
    assert service.is_running
    assert service.is_enabled


def test_the_running_process_has_the_current_release(host: Host, process: str) -> None:
    release = host.check_output("readlink -f %s/current", FOLDER)
    program = host.check_output("readlink -f /proc/%s/exe", process)
    arguments = host.check_output("tr '\\0' ' ' < /proc/%s/cmdline", process)
    assert program.startswith("/usr/bin/python3")
    assert arguments.startswith(f"{FOLDER}/current/environment/bin/python -m gunicorn ")
    assert host.check_output("readlink -f %s/environment", release).startswith(f"{FOLDER}/environments/")
    assert release == f"{FOLDER}/releases/{host.check_output('cat /run/slipway-hello-8000/revision')}"


def test_it_runs_as_a_user_of_its_own_without_privileges(host: Host, process: str) -> None:
    status = host.check_output("cat /proc/%s/status", process)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    assert not re.search(r"^Uid:\s+0\s", status, re.MULTILINE)


def test_the_secret_is_in_files_of_root_and_nowhere_else(host: Host, process: str, secret: str) -> None:
    assert len(secret) == 32
    environment = host.check_output("tr '\\0' '\\n' < /proc/%s/environ", process)
    assert "TOKEN_FILE=/run/credentials/" in environment
    shown = host.check_output("systemctl show %s; ps -eo args; journalctl --no-pager --quiet", UNIT)
    assert f"Id={UNIT}" in shown
    for text in (environment, shown):
        assert secret not in text
    # The pattern is read from a file: an argument would be found.
    search = "find /etc /opt /run /tmp /var -xdev -type f -perm /044 -print0 | xargs -0 grep -lF --file %s"
    assert host.run(search, f"{FOLDER}/current/credentials/TOKEN_FILE").stdout == ""


def test_another_user_cannot_read_credentials(host: Host) -> None:
    for path in (f"{FOLDER}/current/credentials", f"/run/credentials/{UNIT}"):
        assert host.run("ls %s", path).rc == 0
        assert host.run("runuser --user nobody -- ls %s", path).rc != 0


def test_a_setting_with_everything_that_shells_and_systemd_would_change_arrives_as_it_was(host: Host) -> None:
    told = json.loads(host.check_output("curl -sf http://127.0.0.1:8000/health"))
    assert told["greeting"] == 'Good day, "world" \\ $HOME'


def test_it_answers_by_the_load_balancer(host: Host) -> None:
    elb = botocore.session.get_session().create_client("elbv2", "us-east-1")
    (balancer,) = elb.describe_load_balancers(Names=["molecule-flask-service-lb"])["LoadBalancers"]
    with urllib.request.urlopen(f"http://{balancer['DNSName']}/hello", timeout=10) as answer:
        assert json.load(answer)["version"] == "1.0.0"
