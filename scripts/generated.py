# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs that write generated pages share: which pages differ, and the command line around it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def differing(pages: Mapping[Path, str]) -> dict[Path, str]:
    """The pages, in order, whose files are not there or say something else."""
    return {path: text for path, text in pages.items() if not path.exists() or path.read_text() != text}


def write_or_check(pages: Mapping[Path, str], doc: str | None, remedy: str) -> None:
    """Write the given stale pages; with ``--check`` only tell them, each with the remedy, and fail if there are any."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not up to date")
    check = parser.parse_args().check
    for path, text in pages.items():
        print(f"{path.relative_to(ROOT)} is {f'not up to date: {remedy}' if check else 'written'}")
        if not check:
            path.write_text(text)
    sys.exit(check and bool(pages))
