# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator in a process of its own, started and stopped by the one who uses it."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from lab.emulator.calls import LoggedCall
from lab.emulator.options import Options

_ROOT = Path(__file__).resolve().parents[2]
_DEADLINE = 30.0
# The user's AWS variables that mean no account: everything else starting with AWS_ is kept from a command.
KEPT = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_PAGER")


class Emulator:
    """A context manager: AWS's API on a free port of 127.0.0.1, gone when the context ends.

    Takes the fields of `Options`: ``Emulator(lag=None, latency=60)``. Raises RuntimeError when it does not start.
    """

    def __init__(self, options: Options | None = None, **changes: Any) -> None:
        self.options = dataclasses.replace(options or Options(), **changes)
        self.endpoint = ""
        self._process: subprocess.Popen[str] | None = None
        self._home = tempfile.TemporaryDirectory(prefix="emulator-")

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "lab.emulator", "serve", "--with-parent", *self.options.arguments()]
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        # Its own session: an interrupt from the terminal reaches the command, which may still need the emulator.
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        if not self.endpoint:
            code = self._process.wait(_DEADLINE)
            self._home.cleanup()
            raise RuntimeError(f"the emulator did not start (exit status {code}); its message is above")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        process = self._process
        assert process is not None
        process.terminate()
        try:
            process.communicate(timeout=_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        self._home.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that turn an AWS SDK or tool to this emulator and away from the user's own account."""
        key, secret = self.options.credentials
        home = Path(self._home.name)
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
            "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1")),
            "AWS_EC2_METADATA_DISABLED": "true",
            "SLIPWAY_HOST_KEY_TIMEOUT": "0",  # nothing boots here that could publish one
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        }

    def environment_of(self, parent: Mapping[str, str]) -> dict[str, str]:
        """`parent` as a command's environment: turned to this emulator, without the user's profile and tokens."""
        kept = {name: value for name, value in parent.items() if not name.startswith("AWS_") or name in KEPT}
        return {**kept, **self.environment}

    def calls(self) -> list[LoggedCall]:
        """Every call so far, in order; see `lab.emulator.calls`."""
        calls: list[LoggedCall] = control(self.endpoint, "GET", "calls")
        return calls

    def clear_calls(self) -> None:
        """Empty the log of calls."""
        control(self.endpoint, "DELETE", "calls")

    def reset(self) -> None:
        """Make the account empty again, and the log of calls."""
        control(self.endpoint, "POST", "reset")

    def settle(self) -> None:
        """End all lags and transitions now: what was made is visible and in its final state."""
        control(self.endpoint, "POST", "settle")

    def make_foreign(self, count: int, region: str = "us-east-1") -> dict[str, int]:
        """Make `count` resources of each kind that belong to somebody else; returns how many of each there are."""
        made: dict[str, int] = control(self.endpoint, "POST", "foreign", {"count": count, "region": region})
        return made


def control(endpoint: str, method: str, name: str, body: object = None) -> Any:
    """Call the control path of the emulator at `endpoint`; returns the decoded answer or raises RuntimeError."""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=600)
    try:
        connection.request(method, f"/_emulator/{name}", body=json.dumps(body))
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    if response.status != 200:
        raise RuntimeError(f"{method} {endpoint}/_emulator/{name}: {response.status}: {text}")
    return json.loads(text)
