# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New versions of a service roll over two hosts under load, and no request is lost: not by one that is good, not by one
that never becomes ready, not after a run that was killed.

The hosts, the load balancer and the service are those of the scenario molecule/flask_service. The tests are one story,
told in this order.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.waiting import eventually
from tests.lab.whole.program import ROOT, Done, Lab

SCENARIO = ROOT / "molecule/flask_service"
CLIENTS = 4


@dataclass
class Deployment:
    """The service's source as a developer has it, and the way to get it to the hosts."""

    lab: Lab
    services: Path

    def version(self, version: str, ready: bool = True) -> None:
        """Write another version."""
        project, module = self.services / "hello/pyproject.toml", self.services / "hello/src/hello/__init__.py"
        project.write_text(re.sub(r'version = ".*"', f'version = "{version}"', project.read_text()))
        module.write_text(re.sub(r"READY = \w+", f"READY = {ready}", module.read_text()))

    def run(self, step: str) -> Done:
        return self.lab.run("exec", "--", *self._command(step), seconds=1200)

    def start(self, step: str) -> subprocess.Popen[str]:
        return self.lab.start("exec", "--", *self._command(step))

    def _command(self, step: str) -> list[str]:
        settings = [f"HELLO_SERVICES={self.services}", "HELLO_HOSTS=2", "COLUMNS=1000", "NO_COLOR=1"]
        molecule = ["molecule", "--base-config", "molecule/shared/base.yml", step, "--scenario-name", SCENARIO.name]
        return ["env", *settings, *molecule]

    def revisions(self) -> list[str]:
        """What each host runs."""
        hosts = ("flask-service-1", "flask-service-2")
        return [self.lab.good("ssh", host, "sudo", "cat", "/run/slipway-hello-8000/revision").strip() for host in hosts]


@pytest.fixture(scope="module")
def deployment(lab: Lab) -> Deployment:
    services = lab.folder.parent / "services"
    shutil.copytree(SCENARIO / "services", services)
    made = Deployment(lab, services)
    for step in ("create", "converge"):
        done = made.run(step)
        assert done.code == 0, done.text
    return made


@pytest.fixture(scope="module")
def url(deployment: Deployment) -> str:
    (found,) = set(
        re.findall(r"molecule-flask-service-lb[^\s\"]*amazonaws\.com", deployment.lab.good("status", "--json"))
    )
    return f"http://{found}/hello"


@contextlib.contextmanager
def load(url: str, lab: Lab, log: Path) -> Iterator[None]:
    """Requests for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.e2e.rolling.load", url, str(CLIENTS), str(log)]
    generator = lab.start("exec", "--", *command)
    try:
        eventually(lambda: log.exists() and log.stat().st_size, bool)
        yield
    finally:
        os.killpg(generator.pid, signal.SIGTERM)
        generator.wait(30)


def failed(log: Path) -> list[str]:
    """The requests that were not answered with 200; there are answered ones."""
    lines = log.read_text().splitlines()
    lost = [line for line in lines if line.split(" ")[1] != "200"]
    assert len(lines) - len(lost) > 100, lines[-10:]
    return lost


def versions(log: Path) -> list[str]:
    """The versions that answered, in the order in which they first did."""
    return [*dict.fromkeys(re.findall(r'"version": "([^"]+)"', log.read_text()))]


def test_a_new_version_rolls_over_the_hosts_and_no_request_is_lost(
    deployment: Deployment, url: str, tmp_path: Path
) -> None:
    deployment.version("1.1.0")
    before = deployment.revisions()
    with load(url, deployment.lab, tmp_path / "log"):
        done = deployment.run("converge")
    assert done.code == 0, done.text
    after = deployment.revisions()
    assert after[0] == after[1]
    assert after[0] != before[0]
    assert failed(tmp_path / "log") == []
    assert versions(tmp_path / "log") == ["1.0.0", "1.1.0"]


def test_a_version_that_is_not_ready_is_taken_back_and_no_request_is_lost(
    deployment: Deployment, url: str, tmp_path: Path
) -> None:
    deployment.version("1.2.0", ready=False)
    before = deployment.revisions()
    with load(url, deployment.lab, tmp_path / "log"):
        done = deployment.run("converge")
    assert done.code != 0
    told = " ".join(re.sub(r"[│\s]+", " ", done.text).split())
    assert re.search(
        r"hello 1\.2\.0 \(release \w+\) does not run on flask-service-1: /ready says .*it is not there", told
    )
    assert "The last good release" in told
    assert done.text.count("PLAY [Activate]") == 1, "the second host was touched"
    assert deployment.revisions() == before
    assert failed(tmp_path / "log") == []
    assert versions(tmp_path / "log") == ["1.1.0"]


def test_back_at_the_good_version_nothing_restarts(deployment: Deployment) -> None:
    deployment.version("1.1.0")
    done = deployment.run("idempotence")
    assert done.code == 0, done.text


@pytest.mark.parametrize("moment", ["drained", "restarted"])
def test_a_killed_run_is_finished_by_the_next_one(
    deployment: Deployment, url: str, tmp_path: Path, moment: str
) -> None:
    deployment.version({"drained": "1.3.0", "restarted": "1.4.0"}[moment])
    before = deployment.revisions()
    with load(url, deployment.lab, tmp_path / "log"):
        run = deployment.start("converge")
        look = {
            "drained": lambda: _leaving(deployment.lab),
            "restarted": lambda: deployment.revisions()[0] != before[0],
        }
        eventually(look[moment], bool, seconds=300)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        done = deployment.run("converge")
    assert done.code == 0, done.text
    after = deployment.revisions()
    assert after[0] == after[1] != before[0]
    assert failed(tmp_path / "log") == []
    assert deployment.run("verify").code == 0


def _leaving(lab: Lab) -> bool:
    """Whether a host is on its way out of the load balancer."""
    script = (
        "import botocore.session as b; e = b.get_session().create_client('elbv2', 'us-east-1');"
        "print([t['TargetHealth']['State'] for g in e.describe_target_groups()['TargetGroups']"
        " for t in e.describe_target_health(TargetGroupArn=g['TargetGroupArn'])['TargetHealthDescriptions']])"
    )
    time.sleep(0.5)
    return "draining" in lab.execute(sys.executable, "-c", script)
