# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages say of the lab's command lines and environment is what the program takes and gives."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from lab.__main__ import _parser as parser
from lab.place import Place
from lab.workstation import environment
from scripts.lab_reference import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\bbin/lab ([^`\n]+?)\s*(?:#.*)?$|`(?:sudo )?bin/lab ([^`]+)`", re.MULTILINE)


def commands(page: Path) -> list[str]:
    """The command lines of the lab on a page, of its blocks and of its running text, without the program's name."""
    text = page.read_text()
    blocks = "".join(BLOCK.findall(text))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL).replace("\n", " ")
    return [one or other for part in (blocks, prose) for one, other in COMMAND.findall(part) if "COMMAND" not in other]


@pytest.mark.parametrize(
    ("page", "command"),
    [(page, command) for page in PAGES for command in commands(page)],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_the_program_takes_the_commands_of_the_pages(page: Path, command: str) -> None:
    parser().parse_args(shlex.split(command))


def test_there_are_commands_to_be_tried() -> None:
    found = {shlex.split(command)[0] for command in commands(ROOT / "docs/how-to/lab.md")}
    assert found >= {"doctor", "up", "down", "status", "exec", "ssh", "logs"}


def test_the_reference_names_what_commands_find_in_their_environment(tmp_path: Path) -> None:
    lab = Place("docs", tmp_path)
    (lab.part("operator") / "id_ed25519.pub").write_text("ssh-ed25519 AAAA operator\n")
    assert set(environment(lab, {})) == set(VARIABLES)
