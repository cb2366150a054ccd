# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole lab, as a user has it: made, filled by the product's playbooks, damaged, repaired, emptied, removed.

The tests are one story, told in this order; each leaves to the next what it found.
"""

from __future__ import annotations

import json
import os
import signal

from lab import podman
from lab.place import CONTROL, Place
from tests.lab.waiting import eventually
from tests.lab.whole.program import CHANGED, UNCHANGED, Lab

INVENTORY = "dev"


def test_a_new_lab_is_an_empty_account(lab: Lab) -> None:
    told = lab.settled()
    assert (told["hosts"], told["services"], told["networks"]) == ([], [], [])
    identity = json.loads(lab.execute("aws", "sts", "get-caller-identity"))
    assert identity["Account"] == "123456789012"


def test_a_second_up_changes_nothing(lab: Lab) -> None:
    before = lab.daemon
    lab.good("up")
    assert lab.daemon == before


def test_the_operator_is_on_the_internet_of_the_lab_and_nowhere_else(lab: Lab) -> None:
    assert str(CONTROL) in lab.execute("ip", "-brief", "address")
    assert lab.run("exec", "--", "curl", "--silent", "--max-time", "3", "http://192.0.2.1/").code
    assert lab.run("exec", "--", "sh", "-c", "exit 7").code == 7
    assert lab.run("exec", "--", "no-such-program").code == 127


def test_the_playbook_boots_hosts(lab: Lab) -> None:
    assert lab.playbook("playbooks/provision.yml", INVENTORY) == CHANGED
    hosts = lab.hosts()
    assert hosts
    assert {host["state"] for host in hosts.values()} == {"running"}
    assert {service["state"] for service in lab.status()["services"]} == {"available", "1 listeners"}


def test_ansible_reaches_every_host_through_the_bastion_only(lab: Lab) -> None:
    lab.ping(INVENTORY)
    hosts = lab.hosts()
    bastion = hosts["bastion-1"]["address"]
    for name, host in hosts.items():
        if name == "bastion-1":
            continue
        assert lab.clients(name) == {bastion}, name
        assert refused(lab, host["public"], 22)


def refused(lab: Lab, address: str, port: int) -> bool:
    """Whether the operator gets no connection: no answer at all, as a security group gives."""
    return lab.run("exec", "--", "bash", "-c", f"timeout 2 bash -c '</dev/tcp/{address}/{port}'").code == 124


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    assert lab.playbook("playbooks/provision.yml", INVENTORY) == UNCHANGED


def test_a_rule_taken_from_the_inventory_closes_the_port_and_opens_it_when_put_back(lab: Lab) -> None:
    address = lab.hosts()["bastion-1"]["public"]
    assert not refused(lab, address, 22)
    elsewhere = json.dumps({"slipway_admin_cidrs": ["198.51.100.0/24"]})
    assert lab.playbook("playbooks/provision.yml", INVENTORY, "-e", elsewhere) == CHANGED
    assert eventually(lambda: refused(lab, address, 22), bool)
    assert lab.playbook("playbooks/provision.yml", INVENTORY) == CHANGED
    assert eventually(lambda: not refused(lab, address, 22), bool)


def test_a_killed_daemon_is_started_again_with_the_account_and_its_hosts(lab: Lab) -> None:
    before = lab.status()
    os.kill(lab.daemon, signal.SIGKILL)
    assert eventually(lambda: lab.run("status").code, bool)
    lab.good("up")
    after = lab.settled()
    for matter in ("hosts", "services"):
        assert after[matter] == before[matter]
    assert lab.playbook("playbooks/provision.yml", INVENTORY) == UNCHANGED


def test_a_killed_host_comes_back(lab: Lab, place: Place) -> None:
    identity = lab.hosts()["kafka-1"]["id"]
    podman.execute(place.container(identity), ["touch", "/var/tmp/kept"])
    podman.signal(place.container(identity), "KILL")
    eventually(lambda: lab.run("ssh", "kafka-1", "test", "-e", "/var/tmp/kept").code, lambda code: code == 0)


def test_a_host_stops_and_starts_by_the_api(lab: Lab, place: Place) -> None:
    identity = lab.hosts()["kafka-1"]["id"]
    lab.execute("aws", "ec2", "stop-instances", "--instance-ids", identity)
    lab.execute("aws", "ec2", "wait", "instance-stopped", "--instance-ids", identity)
    assert podman.standing(place)[place.container(identity)].state == "exited"
    lab.execute("aws", "ec2", "start-instances", "--instance-ids", identity)
    eventually(lambda: lab.run("ssh", "kafka-1", "true").code, lambda code: code == 0)


def test_destroy_leaves_no_host_and_no_service(lab: Lab, place: Place) -> None:
    assert lab.destroy(INVENTORY) == CHANGED
    told = lab.settled()
    assert (told["hosts"], told["services"], told["networks"]) == ([], [], [])
    left = {container.part for container in podman.standing(place).values()}
    assert left <= {"mirror"}
