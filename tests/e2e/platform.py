# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform of inventories/lab as a user handles it: make, playbooks, requests from the internet."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.lab.whole.program import ROOT, Done, Lab

INVENTORY = "inventories/lab"
RECAP = re.compile(r"^(?P<host>[\w.-]+) +: ok=\d+ +changed=(?P<changed>\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


def changed(output: str) -> dict[str, int]:
    """Host → tasks that changed something, of the last recap of an output."""
    _, _, last = output.rpartition("PLAY RECAP")
    return {found["host"]: int(found["changed"]) for found in RECAP.finditer(last)}


class Platform(Lab):
    """A lab with the platform of inventories/lab in it."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(name, root)
        self.environment = {
            key: value for key, value in self.environment.items() if not key.startswith(("MAKE", "MFLAGS", "ANSIBLE_"))
        } | {"ANSIBLE_NOCOLOR": "true"}

    def make(self, target: str, seconds: float = 1800) -> Done:
        """Run a target of the Makefile to its end."""
        done = subprocess.run(
            ["make", target],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def make_killed_at(self, target: str, line: str, seconds: float = 1200) -> str:
        """Run a target, and kill all of it (SIGKILL) as soon as it prints a line with this in it; its output so far."""
        running = subprocess.Popen(
            ["make", target],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert running.stdout is not None
        deadline = time.monotonic() + seconds
        printed: list[str] = []
        try:
            for each in running.stdout:
                printed.append(each)
                if line in each:
                    return "".join(printed)
                assert time.monotonic() < deadline, "".join(printed)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        raise AssertionError(f"it ended before {line!r}:\n{''.join(printed)}")

    def play(self, name: str, *arguments: str, seconds: float = 1200) -> Done:
        """Run a playbook as the operator."""
        return self.run("exec", "--", "ansible-playbook", name, "-i", INVENTORY, *arguments, seconds=seconds)

    def aws(self, *arguments: str) -> Any:
        """What the AWS command line answers, as data; None where it says nothing."""
        told = self.execute("aws", "--output", "json", *arguments)
        return json.loads(told) if told.strip() else None

    @property
    def address(self) -> str:
        """The load balancer's DNS name."""
        (balancer,) = self.aws("elbv2", "describe-load-balancers")["LoadBalancers"]
        return str(balancer["DNSName"])

    @property
    def domain(self) -> str:
        """The platform's name, which its certificate is for."""
        return "edge.lab.platform.internal"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that has signed the platform's."""
        return self.folder / "operator/ansible/slipway/platform-lab/authority/authority.pem"

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """A request from the internet over TLS, by name as a user's: status and answer, as text where it is no JSON."""
        sent = ["--json", json.dumps(body)] if body is not None else []
        trust = ["--cacert", str(self.authority), "--connect-to", f"{self.domain}:443:{self.address}:443"]
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--request", method, *trust, *sent]
        told = self.execute(*command, "--write-out", "\n%{http_code}", f"https://{self.domain}{path}")
        text, _, status = told.rpartition("\n")
        with contextlib.suppress(ValueError):
            return int(status), json.loads(text)
        return int(status), text
