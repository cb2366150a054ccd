# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes are real disks: they keep what is on them, and only the instance that has one can use it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.account.model import Attachment, Volume
from lab.host import loops
from lab.host.part import remove_all
from tests.lab.host.conftest import Lab
from tests.lab.waiting import eventually

VOLUME = "vol-0123456789abcdef0"
NODE = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"


@pytest.fixture(scope="module")
def other(lab: Lab) -> str:
    """A second instance."""
    return lab.launch()


def _attach(lab: Lab, instance: str, *volumes: str) -> None:
    attachments = tuple(Attachment(each, f"/dev/sd{'fghij'[index]}", False) for index, each in enumerate(volumes))
    lab.change("instances", instance, attachments=attachments)


def _has(lab: Lab, instance: str, device: str) -> bool:
    return lab.ssh(instance, f"test -b {device} && echo yes", check=False) == "yes"


def _file(lab: Lab) -> Path:
    return lab.place.folder / "volumes" / f"{VOLUME}.img"


def test_attached_while_running(lab: Lab, host: str) -> None:
    lab.put("volumes", VOLUME, Volume(VOLUME, "us-east-1a", 2, ""))
    _attach(lab, host, VOLUME)
    eventually(lambda: _has(lab, host, NODE))
    assert lab.ssh(host, f"readlink -f {NODE} /dev/sdf") == "/dev/nvme1n1\n/dev/nvme1n1"
    assert lab.ssh(host, "sudo blockdev --getsize64 /dev/sdf") == str(2 << 30)
    assert lab.ssh(host, "lsblk --noheadings --output=SIZE /dev/nvme1n1").strip() == "2G"
    assert _file(lab).stat().st_blocks * 512 < 1 << 20  # sparse


def test_mounted_again_after_a_reboot(lab: Lab, host: str) -> None:
    commands = "mkfs.ext4 -q /dev/nvme1n1 && mkdir /data && echo '/dev/sdf /data ext4 defaults,nofail 0 2' >>/etc/fstab"
    lab.ssh(host, f'sudo sh -c "{commands} && mount /data && echo kept >/data/file && sync"')
    before = lab.boot_id(host)
    lab.change("instances", host, reboots=1)
    eventually(lambda: lab.boot_id(host) not in ("", before))
    assert lab.ssh(host, "cat /data/file; findmnt --noheadings --output=FSTYPE /data") == "kept\next4"
    assert lab.ssh(host, "sudo systemctl is-system-running --wait") == "running"


def test_grown(lab: Lab, host: str) -> None:
    lab.change("volumes", VOLUME, size=3)
    eventually(lambda: lab.ssh(host, "sudo blockdev --getsize64 /dev/sdf") == str(3 << 30))
    # Not while it is mounted: that takes a capability (CAP_SYS_RESOURCE) which the machine's own root may lack.
    resize = "umount /data && e2fsck -fp /dev/nvme1n1 >/dev/null && resize2fs /dev/nvme1n1 2>/dev/null && mount /data"
    lab.ssh(host, f"sudo sh -c '{resize}'")
    assert lab.ssh(host, "cat /data/file; df --output=size -BG /data | tail -1").split() == ["kept", "3G"]


def test_no_other_host_can_use_it(lab: Lab, host: str, other: str) -> None:
    lab.reachable(other)
    number = lab.ssh(host, "stat --printf '0x%t 0x%T' /dev/nvme1n1")
    lab.ssh(other, f"sudo mknod /var/tmp/theirs b {number}")
    assert lab.ssh(other, "sudo head -c 1 /var/tmp/theirs >/dev/null 2>&1 || echo refused") == "refused"
    lab.ssh(host, f"sudo mknod /var/tmp/own b {number}")
    assert lab.ssh(host, "sudo head -c 1 /var/tmp/own >/dev/null 2>&1 || echo refused") == ""


def test_still_mounted_it_cannot_be_attached_elsewhere(lab: Lab, host: str, other: str) -> None:
    _attach(lab, host)
    eventually(lambda: not _has(lab, host, "/dev/sdf"))
    _attach(lab, other, VOLUME)
    eventually(lambda: any("still mounted" in each.why for each in lab.pending()))
    lab.ssh(host, "sudo umount /data")
    eventually(lambda: _has(lab, other, NODE))
    lab.ssh(other, "sudo sh -c 'mkdir /data && mount /dev/sdf /data'")
    assert lab.ssh(other, "cat /data/file") == "kept"


def test_it_outlives_its_instance_and_a_killed_host(lab: Lab, host: str, other: str) -> None:
    lab.ssh(other, "echo more | sudo tee /data/file >/dev/null && sync")
    lab.state(other, "shutting-down")
    eventually(lambda: lab.is_in(other, "terminated"))
    assert loops.users(_file(lab)) == []
    lab.change("instances", other, attachments=())
    lab.state(host, "stopping")
    eventually(lambda: lab.is_in(host, "stopped"))
    _attach(lab, host, VOLUME)
    lab.state(host, "pending")
    lab.reachable(host)
    assert lab.ssh(host, "cat /data/file") == "more"  # its fstab has it still


def test_a_deleted_volume_is_gone(lab: Lab, host: str) -> None:
    lab.ssh(host, "sudo umount /data")
    _attach(lab, host)
    lab.remove("volumes", VOLUME)
    eventually(lambda: not _file(lab).exists())
    eventually(lambda: not _has(lab, host, "/dev/sdf"))
    assert loops.users(_file(lab)) == []


def test_nothing_is_left(lab: Lab, host: str) -> None:
    lab.put("volumes", VOLUME, Volume(VOLUME, "us-east-1a", 2, ""))
    _attach(lab, host, VOLUME)
    eventually(lambda: _has(lab, host, NODE))
    own = loops.claim(lab.place, host)
    assert any(Path(f"/sys/block/loop{number}").exists() for number in own)
    lab.end()
    remove_all(lab.place)
    assert not lab.process(host)
    assert not any(Path(f"/sys/block/loop{number}").exists() for number in own)
    assert not any(os.readlink(each).startswith(lab.place.name) for each in _claims())
    assert not (lab.place.folder / "hosts").exists()
    assert not _file(lab).exists()


def _claims() -> list[Path]:
    return list(loops.CLAIMS.iterdir()) if loops.CLAIMS.is_dir() else []
