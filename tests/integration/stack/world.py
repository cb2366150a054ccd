# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated account, the engine in this process, and Ansible's own commands, all against that account."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils.aws.provider import Aws
from ansible_collections.slipway.platform.plugins.module_utils.stack import render
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import Listen
from ansible_collections.slipway.platform.plugins.module_utils.stack.engine import Job, Result, run
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim
from lab.emulator import Emulator
from lab.emulator.calls import LoggedCall
from tests.integration.stack.describes import describe_everything

ROOT = Path(__file__).parents[3]
PROD = Scope("platform", "prod", "us-east-1")
DEMO = Scope("demo", "test", "us-east-1")
HORIZON = 2.0
"""Seconds for which a new resource may stay unseen: four times the emulator's longest lag."""

Document = dict[str, Any]
Seen = TypeVar("Seen")
Operations = Counter[str]
"""How often each `service:Operation` was sent or is planned."""


@dataclass
class Played:
    """What an `ansible-playbook` command gave."""

    code: int
    output: str

    @property
    def text(self) -> str:
        """The output in one line, so that a sentence is found however it was folded."""
        return " ".join(self.output.split())

    @property
    def results(self) -> list[dict[str, Any]]:
        """What tasks gave, where it was printed as JSON: failures always, the rest with `-v`."""
        decoder = json.JSONDecoder()
        starts = re.finditer(r"^\w+: \[localhost\](?:: FAILED!)? => (?={)", self.output, re.MULTILINE)
        return [decoder.raw_decode(self.output, start.end())[0] for start in starts]

    @property
    def plan(self) -> dict[str, Any]:
        """The plan in the result of the module `stack`."""
        plans: list[dict[str, Any]] = [result["plan"] for result in self.results if "plan" in result]
        assert len(plans) == 1, self.output
        return plans[0]

    @property
    def message(self) -> str:
        """The message of the last failure."""
        messages: list[str] = [result["msg"] for result in self.results if "msg" in result]
        assert messages, self.output
        return messages[-1]


class World:
    """One account and what is done to it. The environment of this process must be the emulator's."""

    def __init__(self, emulator: Emulator, folder: Path, scope: Scope = DEMO) -> None:
        self.emulator = emulator
        self.folder = folder
        self.scope = scope
        self.provider = Aws(scope)

    # -- the engine, in this process

    def apply(
        self,
        documents: Sequence[Mapping[str, Any]],
        *,
        aim: Aim | None = None,
        check: bool = False,
        stop: threading.Event | None = None,
        listen: Listen = lambda event: None,
    ) -> Result:
        job = Job(self.scope, documents, aim or Aim(), check, HORIZON)
        return run(job, self.provider, stop or threading.Event(), listen)

    def plan(self, documents: Sequence[Mapping[str, Any]], aim: Aim | None = None) -> dict[str, Any]:
        """The plan as JSON-ready data."""
        return render.as_data(self.apply(documents, aim=aim, check=True).plan)

    def aim_absent(self, documents: Sequence[Mapping[str, Any]] = ()) -> Aim:
        """To delete the whole stack, also what is protected."""
        going = self.apply(documents, aim=Aim(absent=True, unprotect=_EVERYTHING), check=True).plan.of("destroy")
        return Aim(absent=True, unprotect=frozenset(f"{kind}.{name}" for kind, name in (one.key for one in going)))

    def destroy(self, documents: Sequence[Mapping[str, Any]] = ()) -> Result:
        return self.apply(documents, aim=self.aim_absent(documents))

    # -- the commands

    def play(self, playbook: str | Path, *arguments: str, **environment: str) -> Played:
        done = self.start(playbook, *arguments, **environment)
        output, _nothing = done.communicate(timeout=300)
        return Played(done.returncode, output)

    def start(self, playbook: str | Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """`ansible-playbook` in a process group of its own, as a shell gives a command."""
        settings = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "ansible"),
            **environment,
        }
        command = [sys.executable, "-m", "ansible", "playbook", str(playbook), *arguments]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    # -- the account

    def everything(self) -> dict[str, list[str]]:
        """Whatever stands in the account, ours or not, by kind; each resource as one line of JSON."""
        return describe_everything(self.provider)

    def count(self) -> dict[str, int]:
        return {kind: len(found) for kind, found in self.everything().items() if found}

    def attempts(self) -> list[LoggedCall]:
        """Every mutating call since the log was cleared, also refused ones, also the journal's."""
        return [call for call in self.emulator.calls() if call["mutating"]]

    def sent(self) -> Operations:
        """The mutating calls that the account took, but for the journal's own."""
        calls = (call for call in self.attempts() if call["status"] < 400 and call["service"] != "dynamodb")
        return Counter(f"{call['service']}:{call['operation']}" for call in calls)

    def reads(self) -> Operations:
        calls = (call for call in self.emulator.calls() if not call["mutating"])
        return Counter(f"{call['service']}:{call['operation']}" for call in calls)


def planned(plan: Mapping[str, Any]) -> Operations:
    """The mutating calls of a plan."""
    calls = (call for step in plan["steps"] for call in step["calls"])
    return Counter(f"{call['service']}:{call['operation']}" for call in calls)


def changes(plan: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What becomes of what: (verb, `kind.name`)."""
    return {(one["verb"], f"{one['kind']}.{one['name']}") for one in plan["resources"]}


def eventually(look: Callable[[], Seen], expected: Callable[[Seen], bool], seconds: float = HORIZON) -> Seen:
    """Look until it is as expected, or the time is over; what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if expected(seen) or time.monotonic() > deadline:
            return seen


class _Everything(frozenset[str]):
    def __contains__(self, _name: object) -> bool:
        return True


_EVERYTHING = _Everything()
