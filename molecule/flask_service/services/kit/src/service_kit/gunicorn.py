# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gunicorn's configuration."""

from __future__ import annotations

import os

preload_app = True
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 75
graceful_timeout = int(os.environ["GRACEFUL_TIMEOUT"])
accesslog = "-"
control_socket_disable = True
