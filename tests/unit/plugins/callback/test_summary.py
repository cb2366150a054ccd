# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run: its events are fed, and its lines are read; then a real run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import context
from ansible.executor.stats import AggregateStats

from ansible_collections.slipway.platform.plugins.callback import summary

ROOT = Path(__file__).parents[4]


class Run:
    """A run of Ansible as a callback meets it. Every task takes a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.lines: list[str] = []
        self.callback = summary.CallbackModule()
        self.callback._display = SimpleNamespace(
            banner=lambda text: self.lines.append(f"# {text}"), display=lambda text, color=None: self.lines.append(text)
        )
        self.stats = AggregateStats()

    def play(self, path: str, name: str = "a play") -> None:
        self.callback.v2_playbook_on_play_start(SimpleNamespace(get_path=lambda: path, get_name=lambda: name))

    def task(self, name: str, action: str = "ansible.builtin.copy", **outcomes: str) -> None:
        """``outcomes``: host → ok, changed, skipped, failed or unreachable."""
        task = SimpleNamespace(action=action, get_name=lambda: name)
        self.callback.v2_playbook_on_task_start(task, False)
        self.now += 1
        for host, outcome in outcomes.items():
            self.event(task, host, outcome)

    def event(self, task: Any, host: str, outcome: str) -> None:
        result = SimpleNamespace(
            host=SimpleNamespace(get_name=lambda: host),
            task=task,
            result={"changed": outcome == "changed", "msg": "s3cret"},
        )
        event = {"changed": "ok"}.get(outcome, outcome)
        getattr(self.callback, f"v2_runner_on_{event}")(result)
        counters = {"failed": "failures", "unreachable": "dark"}
        self.stats.increment(counters.get(outcome, event), host)

    def end(self) -> list[str]:
        self.callback.v2_playbook_on_stats(self.stats)
        return self.lines


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(context, "CLIARGS", {"check": False})
    return Run(monkeypatch)


def test_a_line_a_phase_and_one_for_all(run: Run) -> None:
    run.play("/clone/playbooks/provision.yml:3")
    run.task("Apply the stack", "slipway.platform.stack", localhost="changed")
    run.play("/clone/playbooks/configure.yml:3")
    run.task("Gather", kafka="ok", bastion="ok")
    run.play("/clone/playbooks/configure.yml:20")
    run.task("Install", kafka="changed", bastion="skipped")
    run.task("Start", kafka="changed")
    run.now += 0.25
    assert run.end() == [
        "# SUMMARY",
        "phase      seconds  hosts  tasks a host  changed",
        "provision      1.0      1             1        1",
        "configure      3.2      2             3        2",
        "all            4.2      3             3        3",
    ]


def test_a_phase_without_hosts_is_told_too(run: Run) -> None:
    run.play("/clone/playbooks/provision.yml:3")
    run.task("Apply the stack", "slipway.platform.stack", localhost="ok")
    run.play("/clone/playbooks/configure.yml:3")
    assert "configure      0.0      0             0        0" in run.end()


def test_a_play_of_no_file_goes_by_its_name(run: Run) -> None:
    run.play("", "Ad hoc")
    run.task("slipway.platform.kafka : Install", one="ok")
    assert run.end()[2].startswith("Ad hoc ")


def test_failed_and_unreachable_hosts_with_their_task_but_no_message(run: Run) -> None:
    run.play("/clone/playbooks/deploy.yml:3")
    run.task("slipway.platform.flask_service : Activate", one="failed", two="unreachable", three="ok")
    lines = run.end()
    assert lines[-2:] == [
        "failed: one: slipway.platform.flask_service : Activate",
        "failed: two: slipway.platform.flask_service : Activate",
    ]
    assert "s3cret" not in str(lines)


def test_a_rescued_failure_is_none(run: Run) -> None:
    run.play("/clone/playbooks/deploy.yml:3")
    run.task("slipway.platform.flask_service : Activate", one="failed")
    run.stats = AggregateStats()
    run.stats.increment("rescued", "one")
    assert not [line for line in run.end() if line.startswith("failed")]


def test_what_was_handed_over_is_aligned(run: Run) -> None:
    run.stats.update_custom_stats("slipway_summary", {"API": "https://edge.example.com/api/"})
    run.stats.update_custom_stats("slipway_summary", {"Log in": ["ssh bastion-1", "ssh kafka-1"]})
    assert run.end()[-4:] == [
        "",
        "API     https://edge.example.com/api/",
        "Log in  ssh bastion-1",
        "        ssh kafka-1",
    ]


def test_a_run_without_anything_of_slipway_is_left_alone(run: Run) -> None:
    run.play("/elsewhere/site.yml:1")
    run.task("Copy", one="changed")
    assert run.end() == []


def test_a_check_is_told_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"check": True})
    run.task("Apply", "slipway.platform.stack", localhost="changed")
    assert run.end()[0] == "# SUMMARY OF A CHECK, WHICH CHANGES NOTHING"


PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - slipway.platform.resources:
        component: vpc
        resources: []
    - ansible.builtin.command: "true"
    - ansible.builtin.set_stats:
        data: {slipway_summary: {API: "https://example.com"}}
    - block:
        - ansible.builtin.fail:
      rescue:
        - ansible.builtin.debug:
"""


def test_a_real_run_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "configure.yml").write_text(PLAY)
    (tmp_path / "site.yml").write_text("- import_playbook: configure.yml\n")
    own = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "slipway.platform.summary",
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [sys.executable, "-m", "ansible", "playbook", str(tmp_path / "site.yml")]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    header, configure, whole, empty, api = ended.stdout.rstrip().splitlines()[-5:]
    assert header.split() == ["phase", "seconds", "hosts", "tasks", "a", "host", "changed"]
    assert (configure.split()[0], configure.split()[2:]) == ("configure", ["1", "5", "1"])
    assert (whole.split()[0], whole.split()[2:]) == ("all", ["1", "5", "1"])
    assert (empty, api) == ("", "API  https://example.com")
