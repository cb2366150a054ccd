# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module slipway.platform.stack does, in a process without Ansible.

Run as ``engine.py STATE FILE``: the documents are in FILE; STATE is `present`, `absent`, or `check` for a plan only.
Prints the seconds of connecting and running, after the imports, and those of the imports.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

STARTED = time.perf_counter()

from ansible_collections.slipway.platform.plugins.module_utils.aws.provider import Aws  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.engine import Job, run  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.report import failure  # noqa: E402
from tests.bench import network  # noqa: E402


def main() -> None:
    state, path = sys.argv[1:]
    documents = json.loads(Path(path).read_text())
    imported = time.perf_counter()
    scope = Scope(network.PROJECT, network.ENVIRONMENT, network.REGION)
    job = Job(scope, documents, Aim(absent=state == "absent"), check=state == "check")
    result = run(job, Aws(scope), threading.Event(), lambda event: None)
    seconds = time.perf_counter() - imported
    if result.outcome is not None and not result.outcome.complete:
        sys.exit(failure(result.outcome))
    print(json.dumps({"seconds": seconds, "imports": imported - STARTED, "changed": result.plan.changed}))


if __name__ == "__main__":
    main()
