# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the machine, run to their end."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


class Failed(Exception):
    """A program ended with another status than 0; the message holds its command and what it said."""


def run(command: Sequence[str], *, text: str | None = None, seconds: float = 60, folder: str | None = None) -> str:
    """Run a command, in a folder, and return its standard output. ``text`` goes to its input. Raises `Failed`."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise Failed(f"{' '.join(command)}: no end after {seconds:g} s") from cause
    except OSError as cause:
        raise Failed(f"{command[0]}: {cause.strerror}") from cause
    if done.returncode:
        raise Failed(
            f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout
