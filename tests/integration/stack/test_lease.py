# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs of one stack at once: the second stops and says who holds it; whoever only plans is not in the way."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.stack.journal import Held
from tests.integration.stack.world import DEMO, World

DOCUMENTS = [
    {"type": "log_group", "name": "one"},
    {"type": "log_group", "name": "two"},
]


def test_the_second_run_stops_and_a_plan_works_meanwhile(world: World) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(_event: dict[str, object]) -> None:
        begun.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(world.apply, DOCUMENTS, listen=hold)
        try:
            assert begun.wait(60)
            second = World(world.emulator, world.folder, DEMO)
            second.emulator.clear_calls()
            more = [*DOCUMENTS, {"type": "log_group", "name": "three"}]
            with pytest.raises(Held) as held:
                second.apply(more)
            assert f"{DEMO.stack} is being changed by {socket.gethostname()}" in str(held.value)
            assert "wait for that run to end" in str(held.value)
            assert second.plan(more)["summary"]["add"] >= 1
            assert not second.sent()
        finally:
            go_on.set()
        outcome = first.result().outcome
    assert outcome is not None
    assert outcome.complete
    assert world.apply(more).outcome is not None
