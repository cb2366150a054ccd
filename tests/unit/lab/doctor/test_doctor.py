# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doctor on machines that lack one thing each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab import doctor
from lab.doctor.system import System
from lab.machine import Failed

_INFO = {"store": {"graphDriverName": "overlay", "graphRoot": "/store"}}
_WELL = {
    "podman --version": "podman version 4.3.1\n",
    "podman info": json.dumps(_INFO),
    "losetup --find": "/dev/loop7\n",
}


@dataclass
class Machine(System):
    """A machine on which all is well, but for what a test changes. ``failing``: beginnings of commands that fail."""

    uid: int = 0
    rights: bool = True
    version: tuple[int, int] = (3, 11)
    absent: set[str] = field(default_factory=set)
    missing_files: set[str] = field(default_factory=set)
    failing: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=lambda: dict(_WELL))
    settings: dict[str, int] = field(default_factory=dict)
    files: int = 65536
    available: int = 20_000
    disks: dict[str, tuple[int, int]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def user(self) -> int:
        return self.uid

    def capable(self) -> bool:
        return self.rights

    def python(self) -> tuple[int, int]:
        return self.version

    def program(self, name: str) -> str | None:
        return None if name in self.absent else f"/usr/bin/{name}"

    def run(self, command: Sequence[str], *, text: str | None = None, seconds: float = 30) -> str:
        line = " ".join(command)
        self.commands.append(line)
        for beginning, reason in self.failing.items():
            if line.startswith(beginning):
                raise Failed(f"{beginning}: {reason}")
        if line.startswith("env DEBIAN_FRONTEND=noninteractive apt-get install"):
            self.absent -= set(line.split())
        if "sysctl" in line:
            pairs = (word.split("=") for word in command if "=" in word and "." in word)
            self.settings.update({name: int(value) for name, value in pairs})
        return next((answer for beginning, answer in self.answers.items() if line.startswith(beginning)), "")

    def there(self, path: str) -> bool:
        return path not in self.missing_files

    def setting(self, name: str) -> int:
        return self.settings.get(name, 1_000_000)

    def open_files(self) -> int:
        return self.files

    def memory(self) -> int:
        return self.available

    def disk(self, path: str) -> tuple[int, int]:
        return self.disks.get(path, (1, 50_000))


def _run(machine: Machine, *, fix: bool = False, hosts: int = 12) -> tuple[int, list[str]]:
    said: list[str] = []
    return doctor.run(fix, said.append, hosts, machine), said


def _about(said: Sequence[str]) -> list[str]:
    """The lines about what is not well, without their indent."""
    return [" ".join(line.split()) for line in said[:-1] if not line.startswith("ok")]


def test_a_machine_where_all_is_well() -> None:
    code, said = _run(Machine())
    assert (code, _about(said), said[-1]) == (0, [], "This machine can carry a lab.")
    assert len(said) == len(doctor.checks()) + 1


@pytest.mark.parametrize(
    ("machine", "name", "remedy"),
    [
        (Machine(version=(3, 9)), "python 3.9", "PYTHON=python3.11 make venv"),
        (Machine(absent={"runc"}), "runc is not installed", "apt-get install --yes --no-install-recommends runc"),
        (Machine(absent={"nft"}), "nft is not installed", "apt-get install --yes --no-install-recommends nftables"),
        (Machine(absent={"ip"}), "ip is not installed", "apt-get install --yes --no-install-recommends iproute2"),
        (
            Machine(absent={"mmdebstrap"}),
            "mmdebstrap is not installed",
            "apt-get install --yes --no-install-recommends mmdebstrap",
        ),
        (
            Machine(missing_files={"/usr/share/keyrings/debian-archive-keyring.gpg"}),
            "Debian's keys there is no /usr/share/keyrings/debian-archive-keyring.gpg",
            "apt-get install --yes --no-install-recommends debian-archive-keyring",
        ),
        (
            Machine(answers={**_WELL, "podman --version": "podman version 3.4.4"}),
            "podman version podman version 3.4.4",
            "install podman 4 or newer: Debian 12 and Ubuntu 24.04 have it",
        ),
        (
            Machine(answers={**_WELL, "podman info": json.dumps(_INFO).replace('"overlay"', '"vfs"')}),
            "overlay podman keeps images by vfs",
            "put /store on ext4 or XFS, then: podman system reset --force",
        ),
        (
            Machine(failing={"ip -n": "Unknown device type"}),
            "namespaces ip -n: Unknown device type",
            "use a kernel with network namespaces and veth, as Debian's and Ubuntu's",
        ),
        (
            Machine(failing={"unshare --net nft": "syntax error"}),
            "nftables unshare --net nft: syntax error",
            "use a kernel with nftables (inet, fib, nat), as Debian's and Ubuntu's",
        ),
        (
            Machine(failing={"podman run": "cgroup v2 is read-only"}),
            "containers podman run: cgroup v2 is read-only",
            "see the message; for cgroups: mount /sys/fs/cgroup, or run on a machine",
        ),
        (Machine(failing={"losetup": "no such device"}), "loop devices losetup: no such device", "modprobe loop"),
        (Machine(files=1024), "open files 1024 of 16384", "ulimit -n 16384"),
        (
            Machine(settings={"kernel.pid_max": 4096}),
            "processes kernel.pid_max 4096, kernel.threads-max 1000000; needed 8800",
            "sysctl --write kernel.pid_max=8800",
        ),
        (
            Machine(settings={"fs.inotify.max_user_instances": 127}),
            "inotify fs.inotify.max_user_instances 127; needed 128",
            "sysctl --write fs.inotify.max_user_instances=128",
        ),
        (
            Machine(available=4000),
            "memory 4000 MiB available: 8 hosts with products",
            "free 1224 MiB, or ask for fewer hosts: bin/lab doctor --hosts 8",
        ),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
def test_one_thing_that_is_not_well_is_named_with_its_reason_and_remedy(
    machine: Machine, name: str, remedy: str
) -> None:
    code, said = _run(machine)
    about = [line for line in _about(said) if not line.startswith("?")]
    assert (code, about[0], about[2]) == (1, f"MISSING {name}", f"do: {remedy}")
    assert about[1].startswith("why: ")
    assert len(about) == 3


def test_folders_on_one_file_system_share_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_LAB_ROOT", "/state")
    same = Machine(disks=dict.fromkeys(("/store", "/state", "/var/tmp"), (1, 16000)))
    assert _about(_run(same)[1])[0] == "MISSING disk 16000 MiB free, 16384 needed: /store, /state, /var/tmp"
    apart = Machine(disks={"/store": (1, 9000), "/state": (2, 7000), "/var/tmp": (3, 2100)})
    assert _run(apart)[0] == 0
    apart.disks["/state"] = (2, 100)
    about = _about(_run(apart)[1])
    assert about[0] == "MISSING disk 100 MiB free, 6144 needed: /state"
    assert about[2].endswith("or move them: SLIPWAY_LAB_ROOT=FOLDER")


def test_a_disk_too_full_for_a_probe_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    about = _about(_run(Machine())[1])
    assert [line.split(" [")[0] for line in about if line.startswith("MISSING")] == [
        "MISSING containers",
        "MISSING loop devices",
    ]


def test_what_cannot_be_looked_at_is_no_success() -> None:
    code, said = _run(Machine(absent={"podman"}))
    assert (code, said[-1]) == (1, "4 of 21 checks failed.")
    assert "? containers not looked at: it takes podman and runc" in _about(said)


def test_without_root_there_is_one_message_and_nothing_is_tried() -> None:
    for machine, end in (
        (Machine(uid=1000), "Run: sudo bin/lab doctor --fix"),
        (Machine(rights=False), "the lab needs a machine, or a container that is privileged."),
    ):
        code, said = _run(machine, fix=True)
        assert (code, len(said), machine.commands) == (1, 1, [])
        assert said[0].endswith(end)


def test_mending_installs_by_one_call_and_sets_and_looks_again() -> None:
    machine = Machine(absent={"podman", "runc"}, settings={"kernel.pid_max": 1, "fs.inotify.max_user_instances": 1})
    code, said = _run(machine, fix=True)
    assert code == 0
    assert [line for line in said if line.startswith("+")] == [
        "+ apt-get update --quiet",
        "+ apt-get install --yes --no-install-recommends podman runc",
        "+ sysctl --write kernel.pid_max=8800 fs.inotify.max_user_instances=128",
    ]


def test_nothing_is_mended_where_all_is_well_or_nobody_asked() -> None:
    well, broken = Machine(), Machine(absent={"podman"})
    assert (_run(well, fix=True)[0], _run(broken)[0]) == (0, 1)
    assert [line for machine in (well, broken) for line in machine.commands if "apt-get" in line] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"failing": {"env DEBIAN_FRONTEND": "Unable to locate package"}}, "Unable to locate package"),
        ({"absent": {"podman", "apt-get"}}, "there is no apt-get here; install by other means: podman"),
    ],
    ids=["apt fails", "no apt"],
)
def test_what_cannot_be_mended_is_said(change: dict[str, object], message: str) -> None:
    code, said = _run(dataclasses.replace(Machine(absent={"podman"}), **change), fix=True)  # type: ignore[arg-type]
    assert code == 1
    assert [line for line in said if line.startswith("Could not be mended:") and message in line]
