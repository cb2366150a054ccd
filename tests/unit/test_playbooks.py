# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks say and refuse before anything is sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INVENTORY = {
    "all": {
        "hosts": {"app-1": {}},
        "vars": {
            "slipway_project": "shop",
            "slipway_environment": "test",
            "slipway_region": "us-east-1",
            "slipway_stack": "shop-test",
            "slipway_components": [],
        },
    }
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    path.write_text(yaml.safe_dump(INVENTORY))
    return path


def play(playbook: str, inventory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook where nothing could be sent: without credentials, to an endpoint that no one serves."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_LOCAL_TEMP": str(inventory.parent / "ansible"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), str(ROOT / playbook), *options]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("confirmation", [(), ("-e", "slipway_confirm=shop-prod")])
def test_destroy_refuses_without_the_stack_named_and_says_what_to_type(
    inventory: Path, confirmation: tuple[str, ...]
) -> None:
    run = play("playbooks/destroy.yml", inventory, *confirmation)
    assert run.returncode != 0
    command = f"ansible-playbook playbooks/destroy.yml -i {inventory} -e slipway_confirm=shop-test"
    assert command in " ".join(run.stdout.split())
    assert "Gather the resources" not in run.stdout


def test_a_limited_run_says_that_provisioning_is_skipped(inventory: Path) -> None:
    run = play("playbooks/provision.yml", inventory, "--limit", "app-1")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Provisioning is skipped: --limit app-1" in " ".join(run.stdout.split())
    assert "Plan and apply the stack" not in run.stdout


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))
def test_a_role_that_configures_no_hosts_says_so(role: str) -> None:
    specification = yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())
    silent = specification["argument_specs"]["main"]["short_description"].startswith("Nothing to run")
    assert silent is not (ROOT / "roles" / role / "tasks/main.yml").exists()
