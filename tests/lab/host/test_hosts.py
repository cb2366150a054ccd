# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances are real hosts: they boot, reboot, stop, die and go as an instance does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from lab import image, podman
from lab.machine import run
from tests.lab.host.conftest import Lab
from tests.lab.waiting import eventually


def test_it_is_configured_at_its_first_boot(lab: Lab, host: str) -> None:
    assert lab.is_in(host, "running")
    assert lab.ssh(host, "cloud-init status --wait").splitlines()[-1] == "status: done"
    assert lab.ssh(host, "ls /var/tmp/ran; uname -n; cat /etc/hostname") == "/var/tmp/ran\nweb-1\nweb-1"
    assert lab.ssh(host, "cloud-init query instance_id") == host
    assert lab.ssh(host, "sudo systemctl is-system-running") == "running"
    assert lab.ssh(host, "cat /etc/resolv.conf") == "nameserver 10.0.0.2\nsearch ec2.internal"
    assert lab.ssh(host, "getent hosts ip-10-0-0-11").split() == ["10.0.0.11", "ip-10-0-0-11.ec2.internal"]


def test_its_console_tells_its_host_key(lab: Lab, host: str) -> None:
    key = lab.ssh(host, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    block = eventually(lambda: lab.said.console(host).partition("-----BEGIN SSH HOST KEY KEYS-----")[2])
    assert key in block.partition("-----END SSH HOST KEY KEYS-----")[0]


def test_it_trusts_the_labs_authority(lab: Lab, host: str) -> None:
    assert lab.ssh(host, "openssl verify /usr/local/share/ca-certificates/instance.crt").endswith(": OK")
    assert lab.ssh(host, "echo $AWS_CA_BUNDLE") == "/etc/ssl/certs/ca-certificates.crt"
    assert "AWS_CA_BUNDLE=/etc/ssl" in lab.ssh(
        host, "sudo systemctl show --property=DefaultEnvironment --property=Environment"
    )


def test_kernel_parameters_are_its_own(lab: Lab, host: str) -> None:
    ours = Path("/proc/sys/vm/swappiness")
    before = ours.read_text()
    other = "41" if before.strip() != "41" else "42"
    assert lab.ssh(host, f"sudo sysctl -q vm.swappiness={other}; sudo sysctl -n vm.swappiness") == other
    assert ours.read_text() == before
    assert lab.ssh(host, "sudo sysctl -q vm.nonsense=1 2>/dev/null || echo refused") == "refused"
    assert lab.boot_id(host) != Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_it_reaches_none_of_the_machines_devices(lab: Lab, host: str) -> None:
    disk = os.stat("/").st_dev
    lab.ssh(host, f"sudo mknod /var/tmp/disk b {os.major(disk)} {os.minor(disk)}")
    assert lab.ssh(host, "sudo head -c 1 /var/tmp/disk >/dev/null 2>&1 || echo refused") == "refused"
    assert lab.ssh(host, "sudo date -s 2000-01-01 >/dev/null 2>&1 || echo refused") == "refused"


def test_services_may_be_confined(lab: Lab, host: str) -> None:
    confined = "DynamicUser=yes ProtectSystem=strict PrivateTmp=yes PrivateDevices=yes ProtectKernelTunables=yes"
    options = " ".join(f"-p {each}" for each in confined.split())
    assert lab.ssh(host, f"sudo systemd-run --quiet --wait --pipe {options} echo done") == "done"


def test_its_type_limits_its_memory(lab: Lab, host: str) -> None:
    """1 GiB."""
    take = "python3 -c 'b\"x\" * ({} << 20)' >/dev/null 2>&1 || echo killed"
    assert [lab.ssh(host, take.format(mebibytes)) for mebibytes in (512, 1536)] == ["", "killed"]
    assert lab.ssh(host, "echo alive") == "alive"


def test_reboot_by_the_api(lab: Lab, host: str) -> None:
    before = lab.boot_id(host)
    lab.change("instances", host, reboots=1)
    eventually(lambda: lab.boot_id(host) not in ("", before))
    assert lab.ssh(host, "ls /var/tmp/ran; uname -n") == "/var/tmp/ran\nweb-1"
    eventually(lambda: not lab.pending())
    again = lab.boot_id(host)
    assert lab.is_in(host, "running")
    lab.reconciler.notice()
    assert lab.boot_id(host) == again


def test_reboot_from_inside(lab: Lab, host: str) -> None:
    before, key = lab.boot_id(host), lab.ssh(host, "cat /etc/ssh/ssh_host_ed25519_key.pub")
    lab.ssh(host, "sudo systemctl reboot", check=False)
    eventually(lambda: lab.boot_id(host) not in ("", before))
    assert lab.ssh(host, "cat /etc/ssh/ssh_host_ed25519_key.pub") == key
    assert lab.ssh(host, "sudo systemctl is-system-running --wait") == "running"


def test_power_off_from_inside_then_start(lab: Lab, host: str) -> None:
    lab.ssh(host, "sudo systemctl poweroff", check=False)
    eventually(lambda: lab.is_in(host, "stopped"))
    assert not lab.process(host)
    lab.state(host, "pending")
    lab.reachable(host)
    assert lab.is_in(host, "running")


def test_stop_and_start(lab: Lab, host: str) -> None:
    lab.state(host, "stopping")
    eventually(lambda: lab.is_in(host, "stopped"))
    assert not lab.process(host)
    lab.state(host, "pending")
    lab.reachable(host)


def test_a_host_that_was_killed_comes_back(lab: Lab, host: str) -> None:
    before = lab.process(host)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: lab.process(host) not in (0, before))
    lab.reachable(host)


def test_hosts_outlive_the_daemon(lab: Lab, host: str) -> None:
    before = lab.process(host)
    lab.end()
    assert lab.process(host) == before
    lab.begin()
    eventually(lambda: lab.reconciler.rounds and not lab.pending())
    assert lab.process(host) == before
    os.kill(before, signal.SIGKILL)
    eventually(lambda: lab.process(host) not in (0, before))
    lab.reachable(host)


def test_a_container_that_never_ran_is_made_again(lab: Lab) -> None:
    """A daemon that was killed between podman's two steps leaves such a one."""
    lab.end()
    identity = lab.launch()
    labels = (f"--label=slipway.lab={lab.place.name}", "--label=slipway.part=host")
    name, made = lab.place.container(identity), image.tag("host")
    run(["podman", "create", "--network=none", "--pull=never", f"--name={name}", *labels, made])
    lab.begin()
    lab.reachable(identity)
    lab.state(identity, "shutting-down")


def test_an_unknown_ami_is_told(lab: Lab) -> None:
    identity = lab.launch(image="ami-unknown")
    eventually(lambda: any(each.subject == identity and "ami-unknown" in each.why for each in lab.pending()))
    lab.state(identity, "shutting-down")
    eventually(lambda: lab.is_in(identity, "terminated"))


def test_terminate(lab: Lab, host: str) -> None:
    lab.state(host, "shutting-down")
    eventually(lambda: lab.is_in(host, "terminated"))
    assert lab.place.container(host) not in podman.standing(lab.place)
    assert not (lab.place.folder / "hosts" / host).exists()
