# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, ssh arguments and pinned host keys."""

from __future__ import annotations

import dataclasses
import shlex
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import Instance
from ansible_collections.slipway.platform.plugins.module_utils.inventory.ssh import (
    Access,
    Routes,
    choose_bastion,
    console_keys,
    host_keys,
    known_hosts,
    write_known_hosts,
)
from tests.unit.plugins.inventory.instances import KEY, OTHER_KEY, make

ACCESS = Access("bastion", "admin", "bastion", "/home/me/.ansible/slipway/demo-dev/known_hosts", "/home/me/.ansible/cp")
APP = make("i-app", private_ip="10.0.2.7")
BASTION = make("i-bastion", group="bastion", private_ip="10.0.0.4", public_ip="203.0.113.7")


def options(arguments: str) -> dict[str, str]:
    """The ssh options in ``ansible_ssh_common_args``, which Ansible splits like this."""
    words = shlex.split(arguments)
    assert words[::2] == ["-o"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def test_a_host_is_reached_through_the_bastion() -> None:
    address, arguments = Routes(ACCESS, [APP, BASTION])(APP)
    assert address == "10.0.2.7"
    command = shlex.split(options(arguments)["ProxyCommand"])
    assert command[0] == "ssh"
    assert command[-3:] == ["admin@203.0.113.7", "-W", "%h:%p"]
    jump = options(shlex.join(command[1:-3]))
    assert jump["ControlMaster"] == "auto"
    assert jump["ControlPath"].startswith('"/home/me/.ansible/cp/')
    assert jump["HostKeyAlias"] == "i-bastion"


def test_every_connection_pins_the_host_key() -> None:
    for host in (APP, BASTION):
        pinned = options(Routes(ACCESS, [APP, BASTION])(host)[1])
        assert pinned["StrictHostKeyChecking"] == "yes"
        assert pinned["UserKnownHostsFile"] == f'"{ACCESS.known_hosts}"'
        assert pinned["HostKeyAlias"] == host.instance_id
    jump = options(Routes(ACCESS, [APP, BASTION])(APP)[1])["ProxyCommand"]
    assert "StrictHostKeyChecking=yes" in jump
    assert ACCESS.known_hosts in jump


def test_the_bastion_is_reached_directly() -> None:
    address, arguments = Routes(ACCESS, [APP, BASTION])(BASTION)
    assert address == "203.0.113.7"
    assert "ProxyCommand" not in options(arguments)


def test_a_public_host_goes_through_the_bastion_too() -> None:
    public = APP._replace(public_ip="203.0.113.9")
    address, arguments = Routes(ACCESS, [public, BASTION])(public)
    assert address == "10.0.2.7"
    assert "ProxyCommand" in options(arguments)


@pytest.mark.parametrize("bastions", [[], [BASTION._replace(public_ip="")], [BASTION._replace(state="stopped")]])
@pytest.mark.parametrize(("public_ip", "expected"), [("203.0.113.9", "203.0.113.9"), ("", "10.0.2.7")])
def test_without_a_bastion_the_public_address_is_used_if_there_is_one(
    bastions: list[Instance], public_ip: str, expected: str
) -> None:
    host = APP._replace(public_ip=public_ip)
    address, arguments = Routes(ACCESS, [host, *bastions])(host)
    assert address == expected
    assert "ProxyCommand" not in options(arguments)


def test_all_hosts_of_a_bastion_share_one_connection() -> None:
    other = make("i-other", private_ip="10.0.2.8")
    routes = Routes(ACCESS, [APP, other, BASTION])
    assert options(routes(APP)[1])["ProxyCommand"] == options(routes(other)[1])["ProxyCommand"]


def test_a_replaced_bastion_has_a_connection_of_its_own() -> None:
    def path(bastion: Instance) -> str:
        command = shlex.split(options(Routes(ACCESS, [APP, bastion])(APP)[1])["ProxyCommand"])
        return options(shlex.join(command[1:-3]))["ControlPath"]

    assert path(BASTION) != path(BASTION._replace(instance_id="i-rebuilt"))


def test_session_manager() -> None:
    address, arguments = Routes(dataclasses.replace(ACCESS, connection="ssm"), [APP, BASTION])(APP)
    assert address == "i-app"
    assert options(arguments)["ProxyCommand"] == (
        "aws ssm start-session --region us-east-1 --target %h"
        " --document-name AWS-StartSSHSession --parameters portNumber=%p"
    )


def test_direct() -> None:
    host = APP._replace(public_ip="203.0.113.9")
    address, arguments = Routes(dataclasses.replace(ACCESS, connection="direct"), [host, BASTION])(host)
    assert address == "10.0.2.7"
    assert "ProxyCommand" not in options(arguments)


def test_the_key_file_is_used_on_the_bastion() -> None:
    access = dataclasses.replace(ACCESS, private_key_file="/home/me/my keys/id")
    command = shlex.split(options(Routes(access, [APP, BASTION])(APP)[1])["ProxyCommand"])
    assert command[-5:-3] == ["-i", "/home/me/my keys/id"]


def test_percent_signs_in_paths_are_not_tokens() -> None:
    access = dataclasses.replace(ACCESS, known_hosts="/home/100%h/known_hosts")
    pinned = options(Routes(access, [APP, BASTION])(APP)[1])
    assert pinned["UserKnownHostsFile"] == '"/home/100%%h/known_hosts"'
    assert "/home/100%%%%h/known_hosts" in pinned["ProxyCommand"]  # expanded by the outer ssh, then by the inner one


@pytest.mark.parametrize(
    ("places", "nearest"),
    [
        ([("vpc-2", "us-east-1a", "us-east-1"), ("vpc-1", "us-east-1b", "us-east-1")], 1),
        ([("vpc-1", "us-east-1b", "us-east-1"), ("vpc-1", "us-east-1a", "us-east-1")], 1),
        ([("vpc-2", "eu-west-1a", "eu-west-1"), ("vpc-3", "us-east-1b", "us-east-1")], 1),
        ([("vpc-1", "us-east-1a", "us-east-1"), ("vpc-1", "us-east-1a", "us-east-1")], 0),
    ],
)
def test_the_nearest_bastion_is_chosen(places: list[tuple[str, str, str]], nearest: int) -> None:
    bastions = [
        make(f"i-{number}", vpc_id=vpc_id, zone=zone, region=region)
        for number, (vpc_id, zone, region) in enumerate(places)
    ]
    assert choose_bastion(APP, reversed(bastions)) == bastions[nearest]


CONSOLE = f"""[   9.1] cloud-init[600]: Generating public/private ed25519 key pair.
-----BEGIN SSH HOST KEY KEYS-----
{KEY} root@ip-10-0-1-5
-----END SSH HOST KEY KEYS-----
[  99.1] reboot
-----BEGIN SSH HOST KEY KEYS-----
{OTHER_KEY} root@ip-10-0-1-5\r
{KEY} root@ip-10-0-1-5\r
-----END SSH HOST KEY KEYS-----
login:
"""


def test_the_console_s_last_keys_count() -> None:
    assert console_keys(CONSOLE) == [OTHER_KEY, KEY]


@pytest.mark.parametrize("output", ["", "login:", "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAA"])
def test_a_console_without_keys(output: str) -> None:
    assert console_keys(output) == []


def test_the_published_key_goes_before_the_console_s() -> None:
    host = make("i-0", tags={"slipway:host-key": f"{KEY} root@host"})._replace(console_keys=[OTHER_KEY])
    assert host_keys(host) == [KEY]


@pytest.mark.parametrize(
    "published",
    ["", "ssh-ed25519", "no-key AAAA", f"{KEY[:20]}\n* {KEY}", "@cert-authority * ssh-rsa AAAA", "ssh-dss AA"],
)
def test_what_is_no_key_is_not_pinned(published: str) -> None:
    host = make("i-0", tags={"slipway:host-key": published})
    assert KEY not in "".join(host_keys(host))
    assert known_hosts([host]).count("\n") == len(host_keys(host)) <= 1


@given(st.text())
def test_no_tag_adds_a_line_or_a_host_to_known_hosts(published: str) -> None:
    text = known_hosts([make("i-0", tags={"slipway:host-key": published})])
    assert text == "" or (text.startswith("i-0 ") and text.count("\n") == 1 and len(text.split()) == 3)


def test_known_hosts_go_by_instance_id_in_a_fixed_order() -> None:
    first, second = (make(instance_id, tags={"slipway:host-key": KEY}) for instance_id in ("i-0", "i-1"))
    assert known_hosts([second, make("i-2"), first]) == f"i-0 {KEY}\ni-1 {KEY}\n"


def test_known_hosts_are_the_owner_s_only(tmp_path: Path) -> None:
    path = tmp_path / "slipway/demo-dev/known_hosts"
    write_known_hosts(str(path), f"i-0 {KEY}\n")
    assert path.read_text() == f"i-0 {KEY}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["known_hosts"]


def test_known_hosts_are_replaced_whole_and_only_when_they_differ(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    write_known_hosts(str(path), "one\n")
    first = path.stat().st_ino
    write_known_hosts(str(path), "one\n")
    assert path.stat().st_ino == first
    with path.open() as reader:
        write_known_hosts(str(path), "two\n")
        assert reader.read() == "one\n"  # who reads keeps the old file
    assert path.read_text() == "two\n"
