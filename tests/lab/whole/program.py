# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program ``lab`` as a user runs it: command lines, exit statuses, output."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "bin/lab"
UNCHANGED, CHANGED = 0, 1
"""Tasks that changed something."""


@dataclass(frozen=True)
class Done:
    """A command that has ended. ``text``: its standard output, then its errors."""

    code: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        return self.output + self.errors


class Lab:
    """One lab of a test's own."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.folder = root / name
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            "SLIPWAY_LAB": name,
            "SLIPWAY_LAB_ROOT": str(root),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "true",
        }

    def run(self, *arguments: str, seconds: float = 300) -> Done:
        """Run ``lab`` to its end."""
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start ``lab`` in a process group of its own."""
        return subprocess.Popen(
            [str(PROGRAM), *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def good(self, *arguments: str, seconds: float = 300) -> str:
        """Run ``lab``, which must succeed; its standard output."""
        done = self.run(*arguments, seconds=seconds)
        assert done.code == 0, f"lab {' '.join(arguments)}: {done.code}\n{done.text}"
        return done.output

    def execute(self, *command: str, seconds: float = 300) -> str:
        """Run a command as the operator, which must succeed."""
        return self.good("exec", "--", *command, seconds=seconds)

    def playbook(self, name: str, inventory: str, *arguments: str) -> int:
        """Run a playbook as the operator, which must succeed; how many tasks changed something."""
        command = ["ansible-playbook", name, "-i", f"inventories/{inventory}", *arguments]
        told = self.execute(*command, seconds=900)
        recap = re.search(r"^localhost .* changed=(\d+) +unreachable=0 +failed=0 ", told, re.MULTILINE)
        assert recap, told
        return int(recap[1])

    def destroy(self, inventory: str) -> int:
        """Destroy a stack with what is protected; how many tasks changed something."""
        confirmed = ["-e", f"slipway_confirm=platform-{inventory}"]
        playbook = ["ansible-playbook", "playbooks/destroy.yml", "-i", f"inventories/{inventory}", *confirmed]
        refusal = self.run("exec", "--", *playbook).text
        protected = re.search(r"slipway_unprotect=(\S+)", refusal)
        assert protected, refusal
        return self.playbook(playbook[1], inventory, *confirmed, "-e", f"slipway_unprotect={protected[1]}")

    def ping(self, inventory: str, seconds: float = 180) -> None:
        """Have Ansible reach every host; new ones publish their keys at the end of their first boot."""
        command = ["ansible", "all", "-i", f"inventories/{inventory}", "-m", "ansible.builtin.ping"]
        hosts = len(self.hosts())
        look = functools.partial(self.run, "exec", "--", *command)
        eventually(look, lambda done: done.code == 0 and done.output.count("ping: pong") == hosts, seconds)

    def clients(self, name: str) -> set[str]:
        """The addresses from which somebody has logged in to a host."""
        journal = self.good("logs", name, "--lines", "5000")
        return set(re.findall(r"Accepted publickey for \w+ from (\S+)", journal))

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.good("status", "--json"))
        return told

    def hosts(self) -> dict[str, dict[str, str]]:
        """The hosts by their names."""
        return {host["name"]: host for host in self.status()["hosts"]}

    def settled(self, seconds: float = 120) -> dict[str, Any]:
        """The status once nothing is pending."""
        return eventually(self.status, lambda told: not told["pending"], seconds)

    @property
    def daemon(self) -> int:
        """The daemon's process id."""
        return int((self.folder / "daemon.lock").read_text())
