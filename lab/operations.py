# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, repairing and removing a lab."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import daemon, image, podman, workstation
from lab.conversation import NotRunning, ask
from lab.host import part as host
from lab.image import Say
from lab.mirror import artefacts
from lab.mirror import part as mirror
from lab.network import machine as network
from lab.place import Place

_ROOT = Path(__file__).resolve().parents[1]
_READY_SECONDS = 90.0
_QUIET_SECONDS = 20.0
_END_SECONDS = 30.0


class CannotStart(Exception):
    """The daemon ended, or did not answer in time; the message says where to read on."""


def up(lab: Place, arguments: Sequence[str], say: Say) -> dict[str, Any]:
    """Make the lab, or what is missing of it; returns its status. ``arguments``: the emulator's, for a new daemon."""
    for name in image.images():
        image.ensure(name, say)
    artefacts.fill(mirror.CACHE / "artefacts")
    lab.part()
    if not daemon.running(lab):
        _start(lab, arguments)
        say(f"started the daemon of the lab {lab.name!r}")
    told = _ready(lab)
    workstation.prepare(lab)
    return told


def down(lab: Place, say: Say) -> None:
    """Remove the lab with all it made, whatever state it is in: nothing of it is needed to find the rest."""
    _stop(lab)
    for remove in (host.remove_all, mirror.remove_all):
        remove(lab)
    podman.remove(list(podman.standing(lab)))
    network.remove_all(lab)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(lab.folder)
    with contextlib.suppress(OSError):
        lab.folder.parent.rmdir()
        image.remove_unused()  # it was the last lab
    say(f"the lab {lab.name!r} is gone")


def _start(lab: Place, arguments: Sequence[str]) -> None:
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    with (lab.folder / daemon.LOG).open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "lab.daemon", lab.name, *arguments],
            cwd="/",
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _ready(lab: Place) -> dict[str, Any]:
    """Wait until the daemon answers and has gone round twice, and a little for all to be as the account says.

    The second round sees what the first has made.
    """
    deadline = time.monotonic() + _READY_SECONDS
    quiet = time.monotonic() + _QUIET_SECONDS
    begun = False
    while time.monotonic() < deadline:
        begun = begun or daemon.running(lab) is not None
        with contextlib.suppress(NotRunning):
            told: dict[str, Any] = ask(lab, "status")
            if told["rounds"] >= 2 and (not told["pending"] or time.monotonic() > quiet):
                return told
        if begun and not daemon.running(lab):
            break
        time.sleep(0.1)
    raise CannotStart(f"the daemon of the lab {lab.name!r} does not answer; its log is {lab.folder / daemon.LOG}")


def _stop(lab: Place) -> None:
    process = daemon.running(lab)
    if process is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        deadline = time.monotonic() + _END_SECONDS
        while time.monotonic() < deadline:
            if daemon.running(lab) is None:
                return
            time.sleep(0.05)
