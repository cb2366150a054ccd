# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bastion as its users meet it: who is let in, what they may do, and what is known of it afterwards."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://bastion"]

OPERATOR = os.environ["ANSIBLE_PRIVATE_KEY_FILE"]
AUTHORITY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "authority"
KEY_ONLY = ("-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey")
Ssh = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ssh(host: Host) -> Ssh:
    """Runs ssh to the bastion, its key pinned, in a connection of its own."""
    variables = host.backend.get_variables()

    def run(
        *arguments: str, user: str = "admin", key: object = OPERATOR, code: str = ""
    ) -> subprocess.CompletedProcess[str]:
        pinned = shlex.split(variables["ansible_ssh_common_args"])
        options = ["-F", "none", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentitiesOnly=yes"]
        asked = {"SSH_ASKPASS": str(Path(__file__).parent / "askpass"), "SSH_ASKPASS_REQUIRE": "force", "CODE": code}
        environment = {**os.environ, **asked}
        command = ["ssh", *options, "-i", str(key), "-l", user, *pinned, variables["ansible_host"], *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    return run


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key that no host knows."""
    path = tmp_path / "key"
    make("-q", "-t", "ed25519", "-N", "", "-f", str(path))
    return path


def make(*arguments: str) -> None:
    subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True)


def certify(key: Path, principal: str = "operators", validity: str = "-5m:+5m", authority: Path = AUTHORITY) -> None:
    make("-q", "-s", str(authority), "-I", "a test's", "-n", principal, "-V", validity, f"{key}.pub")


def journal(host: Host, *words: str) -> str:
    """The journal's messages of the last five minutes, once one of them has all these words."""
    for _attempt in range(40):
        text: str = host.check_output("journalctl --since=-5min --output=cat --all --quiet")
        if any(all(word in line for word in words) for line in text.splitlines()):
            return text
        time.sleep(0.5)
    raise AssertionError(f"no line with {' and '.join(words)}")


def one_time_password(secret: str, at: float) -> str:
    """https://www.rfc-editor.org/rfc/rfc6238, of 30 s and six digits."""
    counter = int(at // 30).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def test_a_certificate_lets_in(ssh: Ssh, key: Path) -> None:
    assert ssh(*KEY_ONLY, "true", key=key).returncode == 255
    certify(key)
    run = ssh(*KEY_ONLY, "id -un", key=key)
    assert (run.returncode, run.stdout) == (0, "admin\n")


@pytest.mark.parametrize(
    ("principal", "validity"), [("operators", "-2h:-1h"), ("admin", "-5m:+5m")], ids=["expired", "another's"]
)
def test_a_certificate_that_does_not_count_is_refused(ssh: Ssh, key: Path, principal: str, validity: str) -> None:
    certify(key, principal, validity)
    assert "Permission denied" in ssh(*KEY_ONLY, "true", key=key).stderr


def test_an_authority_that_is_not_ours_is_refused(ssh: Ssh, key: Path, tmp_path: Path) -> None:
    make("-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "theirs"))
    certify(key, authority=tmp_path / "theirs")
    assert "Permission denied" in ssh(*KEY_ONLY, "true", key=key).stderr


def test_a_user_needs_a_one_time_password_once(host: Host, ssh: Ssh) -> None:
    secret = host.file("/etc/ssh/bastion/mfa/alice").content_string.splitlines()[0]
    assert ssh(*KEY_ONLY, "true", user="alice").returncode == 255
    assert ssh("true", user="alice", code="000000").returncode == 255
    code = one_time_password(secret, time.time())
    run = ssh("id -un", user="alice", code=code)
    assert (run.returncode, run.stdout) == (0, "alice\n"), run.stderr
    assert ssh("true", user="alice", code=code).returncode == 255


def test_what_a_terminal_shows_is_recorded(host: Host, ssh: Ssh) -> None:
    run = ssh("-tt", "echo on-the-$((20 + 1))st-terminal; exit 7")
    assert run.returncode == 7
    assert "on-the-21st-terminal" in journal(host, '"out_txt"', "on-the-21st-terminal")


def test_a_command_is_logged_and_a_shell_without_a_terminal_refused(host: Host, ssh: Ssh) -> None:
    assert ssh("echo a-command-of-$((40 + 2))").stdout == "a-command-of-42\n"
    journal(host, "user admin from 203.0.113.", "echo a-command-of-$((40 + 2))")
    run = ssh("-T")
    assert run.returncode == 1
    assert "A shell is for terminals" in run.stderr


def test_a_forwarded_connections_destination_is_logged(host: Host, ssh: Ssh) -> None:
    assert ssh(*KEY_ONLY, "-W", "127.0.0.1:22").stdout.startswith("SSH-2.0-")
    journal(host, "server_request_direct_tcpip", "target 127.0.0.1 port 22")


@pytest.mark.parametrize("forwarding", [("-R", "0:127.0.0.1:22"), ("-R", "/run/user/1000/socket:127.0.0.1:22")])
def test_nothing_is_forwarded_back(ssh: Ssh, forwarding: tuple[str, str]) -> None:
    run = ssh(*KEY_ONLY, "-o", "ExitOnForwardFailure=yes", *forwarding, "true")
    assert run.returncode == 255
    assert "remote port forwarding failed" in run.stderr or "remote forward failure" in run.stderr


def test_many_may_begin_to_connect_at_once(host: Host) -> None:
    address = host.backend.get_variables()["ansible_host"]
    with ExitStack() as open_ones:
        begun = [open_ones.enter_context(socket.create_connection((address, 22), timeout=20)) for _ in range(60)]
        assert all(one.recv(8) == b"SSH-2.0-" for one in begun)
