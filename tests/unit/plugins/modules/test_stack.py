# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the module tells of its progress."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path

from ansible_collections.slipway.platform.plugins.modules import stack


def test_a_run_whose_progress_nobody_reads_any_more_stops(tmp_path: Path) -> None:
    path, stop = tmp_path / "progress", threading.Event()
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with ExitStack() as resources:
        listen = stack._listener(str(path), stop, resources)
        listen({"event": "note"})
        assert not stop.is_set()
        os.close(reader)
        listen({"event": "note"})
        assert stop.is_set()
