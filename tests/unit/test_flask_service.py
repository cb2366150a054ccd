# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role flask_service declares where services run on hosts, and what it refuses before anything is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GATHER = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - slipway.platform.resources:
        component: main
        resources: []
        reset: true
    - block:
        - ansible.builtin.include_role:
            name: slipway.platform.flask_service
            tasks_from: resources.yml
        - ansible.builtin.set_fact:
            outcome: "{{ ansible_facts.slipway_resources }}"
      rescue:
        - ansible.builtin.set_fact:
            outcome: "{{ ansible_failed_result.msg }}"
    - ansible.builtin.copy:
        dest: "{{ inventory_hostname }}.json"
        content: "{{ outcome | to_json }}"
        mode: "0600"
"""
CATALOGUE = {"package": "hello", "node_port": 30000, "paths": ["/x"], "priority": 1}
SHARED = {
    "slipway_components": ["flask_service"],
    "slipway_host_zones": ["a", "b"],
    "slipway_tier": "app",
    "slipway_public_key": "ssh-ed25519 AAAA",
    "slipway_certificate": "",
    "slipway_service_runtime": "host",
    "flask_service_source": str(ROOT / "molecule/flask_service/services"),
}


def service(name: str, port: int, **others: Any) -> dict[str, Any]:
    return {"name": name, "port": port, **CATALOGUE, **others}


def case(*services: dict[str, Any], enabled: list[str] | None = None, **others: Any) -> dict[str, Any]:
    names = [each["name"] for each in services] if enabled is None else enabled
    return {**SHARED, "flask_service_services": list(services), "slipway_services": names, **others}


CASES = {
    "good": case(service("front", 3000), service("back", 8080, instances=2)),
    "port": case(service("front", 8081), service("back", 8080, instances=2)),
    "cluster": case(service("front", 8080), service("back", 8080), slipway_service_runtime="kubernetes"),
    "unknown": case(service("front", 3000), enabled=["front", "shop"]),
    "upstream": case(service("front", 3000, upstreams={"SHOP_URLS": "shop"})),
    "unused": case(service("front", 3000, upstreams={"BACK_URLS": "back"}), service("back", 3000), enabled=["front"]),
    "source": case(service("front", 3000, package="absent")),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each case's documents, or what was said against it: one host a case, so that one run makes all."""
    folder = tmp_path_factory.mktemp("flask_service")
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": CASES}}))
    (folder / "gather.yml").write_text(GATHER)
    own = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_LOCAL_TEMP": str(folder / "ansible")}
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(folder / "hosts.yml"), str(folder / "gather.yml")]
    run = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in CASES}


def documents(outcome: Any, kind: str) -> dict[str, dict[str, Any]]:
    assert isinstance(outcome, list), outcome
    return {each["name"]: each for each in outcome if each["type"] == kind}


def test_the_hosts_are_the_targets_of_each_service(outcomes: dict[str, Any]) -> None:
    (hosts,) = documents(outcomes["good"], "hosts").values()
    assert (hosts["name"], hosts["count"], hosts["security_groups"]) == ("flask-service", 2, ["hosts", "flask-service"])
    groups = documents(outcomes["good"], "target_group")
    assert {name: group["port"] for name, group in groups.items()} == {"front": 3000, "back": 8080}
    assert all(group["targets"] == ["flask-service-1", "flask-service-2"] for group in groups.values())
    assert {group["health"]["path"] for group in groups.values()} == {"/ready"}


def test_the_load_balancer_and_the_hosts_reach_each_instance(outcomes: dict[str, Any]) -> None:
    (group,) = documents(outcomes["good"], "security_group").values()
    rules = {(rule["ports"], rule["group"]) for rule in group["ingress"]}
    assert rules == {(ports, source) for ports in ("3000", "8080-8081") for source in ("edge", "flask-service")}


def test_two_services_that_want_one_port_are_refused(outcomes: dict[str, Any]) -> None:
    assert outcomes["port"].startswith(
        "front and back both want port 8081 on every host; give one of them another port"
    )


def test_in_the_cluster_they_are_not(outcomes: dict[str, Any]) -> None:
    assert documents(outcomes["cluster"], "target_group").keys() == {"front", "back"}


def test_a_service_that_nobody_knows_is_refused(outcomes: dict[str, Any]) -> None:
    assert outcomes["unknown"] == (
        "slipway_services names shop, which flask_service_services does not have; it has front"
    )


def test_an_upstream_that_nobody_knows_is_refused(outcomes: dict[str, Any]) -> None:
    assert outcomes["upstream"] == (
        "the upstream SHOP_URLS of front is shop, which flask_service_services does not have; it has front"
    )


def test_an_upstream_that_is_not_enabled_is_none_and_wants_no_port(outcomes: dict[str, Any]) -> None:
    assert documents(outcomes["unused"], "target_group").keys() == {"front"}


def test_a_service_without_source_is_refused(outcomes: dict[str, Any]) -> None:
    missing = f"{SHARED['flask_service_source']}/absent/pyproject.toml"
    assert outcomes["source"].startswith(f"front cannot be built: there is no {missing}; ")
