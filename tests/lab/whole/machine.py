# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine looks like to somebody who compares it before and after."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

COMMANDS = {
    "containers": ["podman", "ps", "--all", "--format", "{{.Names}}"],
    "volumes": ["podman", "volume", "ls", "--quiet"],
    "namespaces": ["ip", "netns", "list"],
    "links": ["ip", "-oneline", "link", "show"],
    "addresses": ["ip", "-oneline", "address", "show"],
    "routes": ["ip", "route", "show", "table", "all"],
    "rules": ["nft", "list", "ruleset"],
    "loop devices": ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"],
}
# Values that the kernel changes by itself, or that differ at every reading.
VOLATILE = (
    "fs.dentry-state", "fs.file-nr", "fs.inode", "kernel.random", "kernel.ns_last_pid", "fs.quota", "fs.epoll",
    "kernel.pty.nr", "net.netfilter.nf_conntrack_count",
)  # fmt: skip


def snapshot(lab: str) -> dict[str, list[str]]:
    """Everything that a lab could leave behind: one list of lines a matter. What is named as another lab's is not."""
    seen = {name: sorted(_lines(command)) for name, command in COMMANDS.items()}
    seen["settings"] = [line for line in _lines(["sysctl", "--all"]) if not line.startswith(VOLATILE)]
    seen["mounts"] = sorted(line.split(" ")[1] for line in Path("/proc/mounts").read_text().splitlines())
    if not seen["namespaces"]:  # the mount for their names comes with the first one ever and may stay after the last
        seen["mounts"] = [mount for mount in seen["mounts"] if mount != "/run/netns"]
    seen["files"] = sorted(_files(Path("/etc")))
    others = re.compile(rf"slipway-(?!{lab}-)")
    return {matter: [line for line in lines if not others.search(line)] for matter, lines in seen.items()}


def _lines(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _files(folder: Path) -> list[str]:
    found = []
    for where, _folders, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            status = path.lstat()
            found.append(f"{path} {status.st_size} {status.st_mtime_ns} {status.st_mode:o}")
    return found
