# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls a plan that changes nothing takes: with few hosts, with many, and in an account full of others'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.emulator.process import Emulator
from tests.bench import network
from tests.bench.ways import Runner

FEW, MANY = 3, 300
FOREIGN = 500


@dataclass(frozen=True)
class Plan:
    """A plan that found nothing to do, of so many resources beside so many of somebody else of each kind."""

    resources: int
    hosts: int
    foreign: int
    calls: int


def plans(folder: Path) -> list[Plan]:
    """The network with few hosts, with many, and with many between resources of somebody else.

    The latency is left out; hosts are made at the rate that AWS grants RunInstances, so many of them take a minute.
    """
    with Emulator(lag=None, transition=0, quotas={"L-1216C47A": 4 * MANY}) as emulator:
        runner = Runner(emulator, folder)
        few, many = _apply(runner, FEW), _apply(runner, MANY)
        made = emulator.make_foreign(FOREIGN)
        assert min(made.values()) >= FOREIGN, f"too few foreign resources: {made}"
        return [few, many, _plan(runner, MANY, FOREIGN)]


def _apply(runner: Runner, hosts: int) -> Plan:
    runner.program("engine.py", "present", str(_documents(runner, hosts)))
    return _plan(runner, hosts, 0)


def _plan(runner: Runner, hosts: int, foreign: int) -> Plan:
    runner.emulator.clear_calls()
    answer = runner.program("engine.py", "check", str(_documents(runner, hosts)))
    assert not answer["changed"], f"with {hosts} hosts and {foreign} foreign resources the plan is not empty"
    return Plan(network.RESOURCES + hosts, hosts, foreign, len(runner.emulator.calls()))


def _documents(runner: Runner, hosts: int) -> Path:
    return runner.write(f"hosts-{hosts}.json", [*network.documents(), *network.hosts(hosts)])
