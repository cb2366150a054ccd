# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on real hosts: `ansible-playbook site.yml -i inventories/prod`, three zones, a fleet behind NAT."""

from __future__ import annotations

from tests.lab.whole.program import CHANGED, UNCHANGED, Lab

FLEET = {
    "bastion": 1,
    "k3s-server": 3,
    "k3s-agent": 3,
    "gpu-node": 1,
    "kafka": 3,
    "rabbitmq": 3,
    "jenkins": 1,
    "gitlab": 1,
}


def test_the_fleet_boots(lab: Lab) -> None:
    assert lab.playbook("playbooks/provision.yml", "prod") == CHANGED
    hosts = lab.hosts()
    assert {each: sum(name.startswith(f"{each}-") for name in hosts) for each in FLEET} == FLEET
    assert {host["state"] for host in hosts.values()} == {"running"}
    assert [name for name, host in hosts.items() if host["public"] != "-"] == ["bastion-1"]


def test_every_host_is_reached_through_the_bastion_only(lab: Lab) -> None:
    lab.ping("prod")
    hosts = lab.hosts()
    bastion = hosts["bastion-1"]["address"]
    assert {name: lab.clients(name) for name in hosts if name != "bastion-1"} == {
        name: {bastion} for name in hosts if name != "bastion-1"
    }


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    assert lab.playbook("playbooks/provision.yml", "prod") == UNCHANGED


def test_private_hosts_have_a_way_out_and_none_in(lab: Lab) -> None:
    """Their NAT gateway leads to AWS; nothing leads to them, whatever route somebody outside has."""
    assert "123456789012" in lab.good("ssh", "kafka-1", "aws", "sts", "get-caller-identity")
    address = lab.hosts()["kafka-1"]["address"]
    assert lab.run("exec", "--", "timeout", "3", "bash", "-c", f"</dev/tcp/{address}/22").code


def test_destroy_leaves_nothing(lab: Lab) -> None:
    assert lab.destroy("prod") == CHANGED
    told = lab.settled()
    assert (told["hosts"], told["services"], told["networks"]) == ([], [], [])
