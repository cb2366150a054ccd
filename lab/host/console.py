# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console's text, from the file that podman keeps of a container's first process."""

from __future__ import annotations

import re

LENGTH = 64 * 1024
"""Bytes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html"""
# <time> <stream> F (a full line) or P (a part of one) <text>
_LINE = re.compile(r"\S+ std(?:out|err) ([FP]) (.*)\Z", re.DOTALL)


def console(log: str) -> str:
    """The last part of what was printed, without podman's frame. A first line that is cut off is left out."""
    lines = filter(None, map(_LINE.match, log.split("\n")))
    text = "".join(line[2].rstrip("\r") + ("\n" if line[1] == "F" else "") for line in lines)
    return text.encode()[-LENGTH:].decode(errors="replace")
