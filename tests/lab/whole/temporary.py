# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs that last as long as a block, and the machine as it was before."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from tests.lab.whole.machine import snapshot
from tests.lab.whole.program import Lab

Kind = TypeVar("Kind", bound=Lab)


@contextlib.contextmanager
def temporary(kind: type[Kind], name: str) -> Iterator[Kind]:
    """A lab that nobody has started yet, in a folder of its own; both go with the block."""
    root = Path(tempfile.mkdtemp(prefix="lab-"))  # short: paths of sockets are bounded
    made = kind(name, root)
    try:
        yield made
    finally:
        down = made.run("down")
        shutil.rmtree(root, ignore_errors=True)
    assert down.code == 0, down.text


@contextlib.contextmanager
def as_before(name: str) -> Iterator[None]:
    """After the block nothing on the machine is another than before; ``name``: the lab that is in it."""
    before = snapshot(name)
    yield
    after = snapshot(name)
    for matter, lines in before.items():
        assert after[matter] == lines, f"{matter} are not as before"
