# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is killed, and whenever: `lab up` and the playbook once more, and everything is as declared."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import re
import signal
import subprocess
import threading
from collections.abc import Callable

import pytest

from lab import podman
from lab.place import Place
from tests.lab.waiting import eventually
from tests.lab.whole.program import ROOT, Lab

PLAYBOOK = str(ROOT / "tests/lab/whole/small.yml")
MOMENTS = range(10 if os.environ.get("SLIPWAY_SOAK") else 1)
LONGEST = 8.0
"""Seconds that a run takes at most before something is killed: it is somewhere between its first call and its end."""


def converge(lab: Lab, count: int) -> str:
    return lab.execute("ansible-playbook", PLAYBOOK, "-e", f"count={count}")


def kill_daemon(lab: Lab, _: Place, __: random.Random) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(lab.daemon, signal.SIGKILL)


def kill_host(_: Lab, place: Place, chance: random.Random) -> None:
    running = [each.name for each in podman.standing(place, "host").values() if each.state == "running"]
    if running:
        podman.signal(chance.choice(running), "KILL")


def kill_up(lab: Lab, place: Place, chance: random.Random) -> None:
    kill_daemon(lab, place, chance)
    starting = lab.start("up")
    with contextlib.suppress(subprocess.TimeoutExpired):
        starting.wait(chance.uniform(0, 3))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(starting.pid, signal.SIGKILL)
    starting.wait()


@pytest.mark.parametrize("kill", [kill_daemon, kill_host, kill_up])
@pytest.mark.parametrize("moment", MOMENTS)
def test_everything_is_as_declared_after_a_kill(
    lab: Lab, place: Place, kill: Callable[[Lab, Place, random.Random], None], moment: int
) -> None:
    chance = random.Random(f"{kill.__name__} {moment}")  # noqa: S311 # a moment, not a secret
    count = 1 + moment % 2
    going = lab.start("exec", "--", "ansible-playbook", PLAYBOOK, "-e", f"count={count}")
    moment_of_death = threading.Event()
    moment_of_death.wait(chance.uniform(0, LONGEST))  # the moment itself is what is tested
    kill(lab, place, chance)
    lab.good("up")
    going.wait()
    converge(lab, count)
    assert re.search(r"^localhost .* changed=0 .* failed=0 ", converge(lab, count), re.MULTILINE)
    told = lab.settled()
    assert sorted(host["name"] for host in told["hosts"]) == [f"host-{index + 1}" for index in range(count)]
    standing = podman.standing(place, "host")
    assert sorted(standing) == sorted(place.container(host["id"]) for host in told["hosts"])
    for host in told["hosts"]:
        eventually(functools.partial(lab.run, "ssh", host["name"], "true"), lambda done: done.code == 0)
