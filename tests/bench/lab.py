# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a lab takes and what it costs: up, a few hosts from the playbook's start to SSH, at rest, down. As root."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lab import podman
from lab.place import Place
from tests.lab.whole.program import ROOT, Lab

PLAYBOOK = str(ROOT / "tests/lab/whole/small.yml")
REST_SECONDS = 20.0
DEADLINE = 180.0
_TICKS = 100.0


@dataclass
class Row:
    """One size of a lab. Seconds, but for the last two: percent of one processor, and MiB, of the whole lab at rest."""

    hosts: int
    up: float
    playbook: float
    first_login: float
    last_login: float
    down: float
    idle_percent: float
    memory: float


def measure(hosts: int) -> Row:
    """Make a lab with so many hosts, let it rest, and remove it."""
    root = Path(tempfile.mkdtemp(prefix="lab-"))
    lab = Lab(f"b{secrets.token_hex(3)}", root)
    place = Place(lab.name, lab.folder)
    try:
        up = _seconds(lambda: lab.good("up"))
        memory = _available()
        begun = time.monotonic()
        lab.execute("ansible-playbook", PLAYBOOK, "-e", f"count={hosts}")
        playbook = time.monotonic() - begun
        logins = _logins(lab, hosts, begun)
        lab.settled()
        idle = _idle(place, lab)
        used = memory - _available()
    finally:
        down = _seconds(lambda: lab.run("down"))
        shutil.rmtree(root, ignore_errors=True)
    return Row(hosts, up, playbook, logins[0], logins[-1], down, idle, used)


def table(rows: list[Row]) -> list[str]:
    """Markdown."""
    lines = [
        "| hosts | up | playbook | first login | last login | down | processor at rest | memory |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        seconds = (row.up, row.playbook, row.first_login, row.last_login, row.down)
        cells = " | ".join(f"{each:.1f} s" for each in seconds)
        lines.append(f"| {row.hosts} | {cells} | {row.idle_percent:.0f} % | {row.memory:.0f} MiB |")
    return lines


def _logins(lab: Lab, hosts: int, begun: float) -> list[float]:
    """Seconds from the playbook's start until each host runs a command by SSH."""
    waiting = {f"host-{index + 1}" for index in range(hosts)}
    seen: list[float] = []
    while waiting:
        for name in sorted(waiting):
            if lab.run("ssh", name, "true").code == 0:
                waiting.discard(name)
                seen.append(time.monotonic() - begun)
        if time.monotonic() - begun > DEADLINE:
            raise RuntimeError(f"no login after {DEADLINE:g} s: {sorted(waiting)}")
    return seen


def _idle(place: Place, lab: Lab) -> float:
    """Percent of one processor that the daemon and all containers take while nothing happens."""
    before = _used(place, lab)
    time.sleep(REST_SECONDS)  # the time over which is measured
    return (_used(place, lab) - before) / REST_SECONDS * 100


def _used(place: Place, lab: Lab) -> float:
    """Processor seconds so far of the daemon with its children and of every container."""
    own = Path(f"/proc/{lab.daemon}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, own[11:15])) / _TICKS + sum(_container_seconds(each.pid) for each in _containers(place))


def _containers(place: Place) -> list[podman.Standing]:
    return [each for each in podman.standing(place).values() if each.running]


def _container_seconds(process: int) -> float:
    """Processor seconds of a container's control group, version 1 or 2."""
    for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpuacct" in controllers:
            file = Path(f"/sys/fs/cgroup/cpuacct{path}/cpuacct.usage")
            return int(file.read_text()) / 1e9 if file.exists() else 0.0
        usage = Path(f"/sys/fs/cgroup{path}/cpu.stat")
        if not controllers and usage.exists():
            return int(usage.read_text().split()[1]) / 1e6
    return 0.0


def _available() -> float:
    """MiB of the machine's memory that are available."""
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) / 1024


def _seconds(act: object) -> float:
    assert callable(act)
    begun = time.monotonic()
    act()
    return time.monotonic() - begun
