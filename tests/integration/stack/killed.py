# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that dies: `python -m tests.integration.stack.killed < job.json`, by SIGKILL after so many mutating calls,
refused ones too, whatever other calls are in flight.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.provider import Aws
from ansible_collections.slipway.platform.plugins.module_utils.stack.engine import Job, run
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim
from lab.emulator.request import READING
from tests.integration.stack.world import HORIZON


class Mortal(Aws):
    """Dies before it learns the answer of its last call."""

    def __init__(self, scope: Scope, last: int) -> None:
        super().__init__(scope)
        self._left = last
        self._count = threading.Lock()

    def send(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return super().send(service, operation, params)
        finally:
            if service != "dynamodb" and not READING.match(operation):
                self._age()

    def _age(self) -> None:
        with self._count:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the job that standard input describes, and die on the way."""
    given = json.load(sys.stdin)
    scope = Scope(*given["scope"])
    aim = Aim(absent=given["absent"], unprotect=frozenset(given["unprotect"]))
    job = Job(scope, given["documents"], aim, horizon=HORIZON)
    run(job, Mortal(scope, given["last"]), threading.Event(), lambda event: None)


if __name__ == "__main__":
    main()
