# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory as a user meets it: Ansible's commands, a source file, an emulated account."""

from __future__ import annotations

import socket
import stat

import pytest

from tests.integration.inventory.conftest import SOURCE, Account, Controller

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7TcF87AVpGtEyyFh4w8Exr7LzzplsPSjKjcPDBKHEd"
CACHE = "cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: {folder}\n"


def test_an_empty_account_is_an_inventory_without_hosts(account: Account, controller: Controller) -> None:
    account.emulator.clear_calls()
    listed = controller.list()
    assert listed["_meta"]["hostvars"] == {}
    assert account.operations() == ["DescribeInstances", "DescribeInstances"]  # one a region


def test_hosts_of_another_stack_are_not_ours(account: Account, controller: Controller) -> None:
    account.launch("kafka-1", "kafka", {"slipway:stack": "demo-prod"})
    account.launch("someone", "kafka", {"slipway:stack": ""})
    assert controller.list()["_meta"]["hostvars"] == {}


def test_hosts_are_reached_through_the_bastion(account: Account, controller: Controller) -> None:
    bastion = account.launch("bastion-1", "bastion", {"slipway:host-key": KEY}, public=True)
    kafka = account.launch("kafka-1", "kafka", {"slipway:host-key": KEY})
    hosts = controller.list()["_meta"]["hostvars"]
    public_ip = account.describe(bastion)["PublicIpAddress"]
    assert hosts["bastion-1"]["ansible_host"] == public_ip
    assert "ProxyCommand" not in hosts["bastion-1"]["ansible_ssh_common_args"]
    assert hosts["kafka-1"]["ansible_host"] == account.describe(kafka)["PrivateIpAddress"]
    assert f"admin@{public_ip} -W %h:%p" in hosts["kafka-1"]["ansible_ssh_common_args"]
    known_hosts = controller.home / ".ansible/slipway/demo-dev/known_hosts"
    assert known_hosts.read_text().splitlines() == sorted([f"{bastion} {KEY}", f"{kafka} {KEY}"])
    assert stat.S_IMODE(known_hosts.stat().st_mode) == 0o600


def test_groups_and_variables(account: Account, controller: Controller) -> None:
    instance_id = account.launch("kafka-1", "kafka", {"Component": "kafka"})
    account.stop(account.launch("kafka-2", "kafka", {"Component": "kafka"}))
    account.launch("kafka-9", "kafka", {"Component": "kafka"}, region="eu-west-1")
    listed = controller.list()
    assert listed["kafka"]["hosts"] == listed["component_kafka"]["hosts"] == ["kafka-1", "kafka-9"]
    assert listed["slipway_stopped"]["hosts"] == listed["kafka_stopped"]["hosts"] == ["kafka-2"]
    values = listed["_meta"]["hostvars"]["kafka-1"]
    assert values["slipway_instance_id"] == instance_id
    assert values["slipway_launch_time"].startswith("20")
    assert values["slipway_tags"] == {"Component": "kafka"}
    assert values["slipway_stack"] == "demo-dev"
    assert listed["_meta"]["hostvars"]["kafka-9"]["slipway_region"] == "eu-west-1"


def test_graph(account: Account, controller: Controller) -> None:
    account.launch("kafka-1", "kafka")
    graph = controller.run("ansible-inventory", "--graph").stdout
    assert "  |--@kafka:\n  |  |--kafka-1\n" in graph


def test_a_group_may_have_another_user(account: Account, controller: Controller) -> None:
    account.launch("gpu-1", "gpu_node")
    account.launch("kafka-1", "kafka")
    controller.write("group_vars/gpu_node.yml", "ansible_user: ubuntu\n")
    hosts = controller.list()["_meta"]["hostvars"]
    assert (hosts["gpu-1"]["ansible_user"], hosts["kafka-1"]["ansible_user"]) == ("ubuntu", "admin")


def test_a_tag_is_never_a_template(account: Account, controller: Controller) -> None:
    account.launch("kafka-1", "kafka", {"Owner": "{{ 1 + 1 }}"})
    shown = controller.run("ansible", "kafka-1", "-m", "ansible.builtin.debug", "-a", "var=slipway_tags.Owner")
    assert "{{ 1 + 1 }}" in shown.stdout


def test_a_host_without_a_key_is_warned_of_and_not_trusted(account: Account, controller: Controller) -> None:
    account.launch("kafka-1", "kafka")
    done = controller.run("ansible-inventory", "--list")
    assert "ssh will refuse these hosts" in " ".join(done.stderr.split())
    assert (controller.home / ".ansible/slipway/demo-dev/known_hosts").read_text() == ""


def test_the_cache_answers_without_any_call(account: Account, controller: Controller) -> None:
    controller.write("demo.slipway.yml", SOURCE + CACHE.format(folder=controller.home / "cache"))
    account.launch("kafka-1", "kafka")
    first = controller.list()
    account.launch("kafka-2", "kafka")
    account.emulator.clear_calls()
    assert controller.list() == first
    assert account.operations() == []
    assert controller.list("--flush-cache")["kafka"]["hosts"] == ["kafka-1", "kafka-2"]
    assert "DescribeInstances" in account.operations()
    account.emulator.clear_calls()
    assert controller.list()["kafka"]["hosts"] == ["kafka-1", "kafka-2"]
    assert account.operations() == []


PLAY = """
- name: Read the inventory anew
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Refresh
      ansible.builtin.meta: refresh_inventory
    - name: Show
      ansible.builtin.debug:
        msg: "members {{ groups['kafka'] | join(' ') }}"
"""


def test_refresh_inventory_goes_past_the_cache(account: Account, controller: Controller) -> None:
    controller.write("demo.slipway.yml", SOURCE + CACHE.format(folder=controller.home / "cache"))
    account.launch("kafka-1", "kafka")
    controller.list()
    account.launch("kafka-2", "kafka")
    playbook = controller.home / "play.yml"
    playbook.write_text(PLAY)
    assert "members kafka-1 kafka-2" in controller.run("ansible-playbook", str(playbook)).stdout


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAWRONG"}, "AWS refused the credentials"),
        ({"AWS_ACCESS_KEY_ID": "EXPIRED"}, "the AWS credentials have expired"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials were found"),
        ({"AWS_PROFILE": "nobody"}, "the profile that AWS_PROFILE names is not in the AWS configuration"),
        ({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{closed_port()}"}, "EC2's endpoint cannot be reached"),
    ],
)
def test_what_cannot_be_read_is_an_error_not_an_empty_inventory(
    account: Account, controller: Controller, environment: dict[str, str], message: str
) -> None:
    done = controller.run("ansible-inventory", "--list", **environment)
    assert done.returncode != 0
    assert message in " ".join(done.stderr.split())


def test_a_wrong_option_is_an_error(account: Account, controller: Controller) -> None:
    controller.write("demo.slipway.yml", "plugin: slipway.platform.ec2\nproject: demo\nenvironment: dev\n")
    done = controller.run("ansible-inventory", "--list")
    assert done.returncode != 0
    assert "demo.slipway.yml: give exactly one of 'region' and 'regions'" in " ".join(done.stderr.split())
