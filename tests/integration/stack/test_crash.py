# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run killed at any moment: the next one ends with exactly what is declared, nothing lost and nothing twice.

Three points of creation and two of destruction; with `SLIPWAY_SOAK` set, ten of each.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.stack.world import ROOT, Document, World, eventually, planned

ALL = [0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0]
"""Points of a run, as the share of its calls that the account has taken."""
SOAK = bool(os.environ.get("SLIPWAY_SOAK"))
CREATION = ALL if SOAK else [0.1, 0.5, 0.85]
DESTRUCTION = ALL if SOAK else [0.3, 0.7]


def killed(world: World, documents: list[Document], point: float, *, absent: bool = False) -> None:
    """Run and die at a point of the run."""
    aim = world.aim_absent(documents) if absent else None
    calls = planned(world.plan(documents, aim)).total()
    job: dict[str, Any] = {
        "scope": [world.scope.project, world.scope.environment, world.scope.region],
        "documents": documents,
        "absent": absent,
        "unprotect": sorted(aim.unprotect) if aim else [],
        "last": max(1, int(calls * point)),
    }
    path = os.pathsep.join([str(ROOT), str(ROOT / "collections")])
    died = subprocess.run(
        [sys.executable, "-m", "tests.integration.stack.killed"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr


@pytest.fixture(scope="module")
def clean() -> dict[str, dict[str, int]]:
    """How many of each there are after an undisturbed run: taken once, by the first test that needs it."""
    return {}


@pytest.mark.parametrize("point", CREATION)
def test_a_killed_creation_is_finished_by_the_next_run(
    slow_world: World, network: list[Document], clean: dict[str, dict[str, int]], point: float
) -> None:
    if not clean:
        slow_world.apply(network)
        clean["network"] = eventually(slow_world.count, lambda count: count["DescribeFlowLogs"] == 1)
        slow_world.emulator.reset()
    killed(slow_world, network, point)
    result = slow_world.apply(network)
    assert result.outcome is None or result.outcome.complete, result.outcome.failed
    assert not slow_world.apply(network).plan.changed
    assert eventually(slow_world.count, lambda count: count == clean["network"]) == clean["network"]


@pytest.mark.parametrize("point", DESTRUCTION)
def test_a_killed_destruction_is_finished_by_the_next_run(
    slow_world: World, network: list[Document], point: float
) -> None:
    before = slow_world.count()
    result = slow_world.apply(network)
    assert result.outcome is not None
    assert result.outcome.complete, result.outcome.failed
    assert not slow_world.apply(network).plan.changed
    killed(slow_world, network, point, absent=True)
    result = slow_world.destroy(network)
    assert result.outcome is None or result.outcome.complete, result.outcome.failed
    assert eventually(slow_world.count, lambda count: count == before) == before
    assert not slow_world.plan(network, slow_world.aim_absent(network))["steps"]
