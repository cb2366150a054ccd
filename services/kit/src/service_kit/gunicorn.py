# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gunicorn's configuration: ``gunicorn --config python:service_kit.gunicorn --bind ADDRESS '<package>:create_app()'``.

https://gunicorn.org/reference/settings/
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from service_kit import logs
from service_kit.settings import Settings

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

_settings = Settings.load(os.environ)

# Before prometheus_client is imported: it reads the variable once. Fresh files for every start.
_metrics = tempfile.mkdtemp(prefix="metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics

# The application is made before the workers are: what is wrong with its settings ends the server with one line.
preload_app = True
worker_class = "service_kit.worker.Worker"
workers = _settings.workers
threads = _settings.threads
graceful_timeout = _settings.graceful_timeout
keepalive = _settings.keepalive
logconfig_dict = logs.configuration(_settings)
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the heartbeat, away from disks


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Gauges of a worker that has ended count no more."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _remove(owner: int) -> None:
    """Also runs in each worker as it ends, where it is not yet time."""
    if os.getpid() == owner:
        shutil.rmtree(_metrics, ignore_errors=True)


atexit.register(_remove, os.getpid())
