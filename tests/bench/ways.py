# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network three ways, in turn on one emulator: by Slipway, by amazon.aws, and by a bare program.

What is timed is whole processes. Each way makes the network, finds that nothing is to be done (the bare program does
not) and takes it down; before the next begins, the account is checked to be empty. All must make the same network.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.emulator.calls import LoggedCall
from lab.emulator.process import Emulator
from tests.bench import network
from tests.bench.picture import picture

REPOSITORY = Path(__file__).resolve().parents[2]
BENCH = REPOSITORY / "tests" / "bench"
LATENCY = 60
STEPS = ("create", "no-op", "destroy")
TARGETS = {"create": 25.0, "no-op": 18.0, "destroy": 15.0}
ENGINE_TARGET = 1.3
NO_OP_CALLS_TARGET = 30
WAYS = ("slipway", "amazon.aws", "engine", "bare")
"""`engine` is Slipway's module without Ansible around it; its times, and those of `bare`, are without their imports."""


@dataclass
class Sample:
    """One step by one way: the seconds of each run, and the API calls of the last."""

    seconds: list[float] = field(default_factory=list)
    reading: int = 0
    changing: int = 0
    operations: dict[str, int] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def add(self, seconds: float, calls: list[LoggedCall]) -> None:
        self.seconds.append(seconds)
        self.changing = sum(call["mutating"] for call in calls)
        self.reading = len(calls) - self.changing
        self.operations = dict(Counter(f"{call['service']}:{call['operation']}" for call in calls).most_common())


Samples = dict[tuple[str, str], Sample]
"""(way, step) → its sample."""


class Runner:
    """Runs processes against one emulator and counts their calls."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.documents = self.write("documents.json", network.documents())
        self.ids = folder / "ids.json"
        self.ours = self.write(
            "slipway.json",
            {
                "project": network.PROJECT,
                "stack_environment": network.ENVIRONMENT,
                "region": network.REGION,
                "documents": network.documents(),
            },
        )
        self.theirs = self.write("peer.json", network.peer_variables())

    def write(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return path

    def run(self, way: str, step: str) -> tuple[float, list[LoggedCall]]:
        """Seconds and calls of one step by one way."""
        self.emulator.clear_calls()
        match way:
            case "slipway":
                state = "absent" if step == "destroy" else "present"
                seconds = self.playbook("slipway.yml", f"@{self.ours}", f"state={state}")
            case "amazon.aws":
                name = "destroy" if step == "destroy" else "create"
                seconds = self.playbook(f"amazon_aws/{name}.yml", f"@{self.theirs}")
            case "engine":
                state = "absent" if step == "destroy" else "present"
                seconds = self.program("engine.py", state, str(self.documents))["seconds"]
            case _:
                seconds = self.program("bare.py", step, str(self.ids))["seconds"]
        return seconds, self.emulator.calls()

    def playbook(self, name: str, *extra: str) -> float:
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(BENCH / name)]
        for each in extra:
            command += ["--extra-vars", each]
        started = time.perf_counter()
        self.process(command)
        return time.perf_counter() - started

    def program(self, name: str, *arguments: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.process([sys.executable, str(BENCH / name), *arguments]))
        return answer

    def process(self, command: list[str]) -> str:
        """What a process printed; its output is shown, and this raises, when it fails."""
        environment = {
            **self.emulator.environment,
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'collections'}",
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            print(ended.stdout[-4000:], ended.stderr[-4000:], sep="\n", file=sys.stderr)
            raise RuntimeError(f"{command[1]} ended with status {ended.returncode}")
        return ended.stdout


def compare(folder: Path, runs: int, ways: tuple[str, ...] = WAYS) -> Samples:
    """All ways so many times, interleaved."""
    samples: Samples = {}
    first: dict[str, Any] = {}
    with Emulator(lag=None, latency=LATENCY) as emulator:
        runner = Runner(emulator, folder)
        for turn in range(runs):
            for way in ways:
                for step in steps_of(way):
                    seconds, calls = runner.run(way, step)
                    samples.setdefault((way, step), Sample()).add(seconds, calls)
                    print(f"run {turn + 1}: {way:10} {step:8} {seconds:6.2f} s, {len(calls):4} calls", flush=True)
                    if step == "create":
                        made = picture(emulator)
                        first = first or made
                        check_same(way, made, first)
                left = picture(emulator)
                assert not any(left.values()), f"{way} left something behind: {left}"
    return samples


def steps_of(way: str) -> Iterator[str]:
    """The bare program compares nothing, so it has no no-op."""
    return (step for step in STEPS if way != "bare" or step != "no-op")


def check_same(way: str, made: dict[str, Any], first: dict[str, Any]) -> None:
    """All must make the same, but for the flow log, which amazon.aws has no module for."""
    for kind, content in made.items():
        if (way, kind) != ("amazon.aws", "flow_log"):
            assert content == first[kind], f"{way} made other {kind}s: {content}\nnot {first[kind]}"
