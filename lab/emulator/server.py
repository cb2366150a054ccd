# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server around the application: werkzeug's, on the loopback interface only, a thread a connection."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

# moto reads these when it is imported.
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.setdefault("MOTO_ENABLE_AMI_VALIDATION", "true")
os.environ.setdefault("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "true")

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from lab.emulator.application import Application
from lab.emulator.options import Options

HOST = "127.0.0.1"


class Handler(MotoRequestHandler):
    """A handler that keeps connections open and writes no access log: the call log is the log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def forget_own_account() -> None:
    """Drop the user's own AWS variables: they are not ours, and botocore would look for the profile they name."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]


def serve(options: Options, *, with_parent: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; with `with_parent` also until standard input ends, however the parent died.

    Prints the endpoint in one line when ready.
    """
    forget_own_account()
    application = Application(options)
    server: Any = make_server(HOST, options.port, application, threaded=True, request_handler=Handler)
    server.daemon_threads = True  # open connections of clients do not hold up the end
    application.restore()

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    def watch() -> None:
        sys.stdin.read()
        stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if with_parent:
        threading.Thread(target=watch, daemon=True).start()
    threading.Thread(target=application.preload, args=(["ec2"],), daemon=True).start()
    print(f"http://{HOST}:{server.server_port}", flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # moto prints; nobody may be reading our output any more
    try:
        server.serve_forever(poll_interval=0.05)
    finally:
        server.server_close()
        application.save()
    sys.stderr.flush()
    os._exit(0)  # all that is left is to free memory piece by piece, which takes a second
