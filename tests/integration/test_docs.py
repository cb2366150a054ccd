# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of README and tutorial work as they are written, and print what the pages show.

Every ``console`` block is run, in order, in one shell for each page. In what a page shows, ``…`` stands for anything.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/tutorial/first-plan.md")
BLOCK = re.compile(r"^(?P<before>[^\n]*)\n```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FAILS = "<!-- fails on purpose -->"
DEADLINE_SECONDS = 300
GENERATED = shutil.ignore_patterns(".*", "build", "__pycache__", "shared", "tests")


@dataclass(frozen=True)
class Command:
    """A command of a page, the lines that the page shows of its output, and whether it is to fail."""

    text: str
    shown: tuple[str, ...]
    fails: bool


@dataclass(frozen=True)
class Ran:
    """How a command went: its exit status and all it printed."""

    status: int
    output: str


def commands(page: str) -> Iterator[Command]:
    for block in BLOCK.finditer((ROOT / page).read_text()):
        for one in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
            text, *shown = one.splitlines()
            yield Command(text, tuple(line for line in shown if line.strip("… ")), block["before"] == FAILS)


def script(page: str) -> str:
    """The commands for a shell's standard input. What opens a shell passes the rest on to that one."""
    lines = []
    for number, command in enumerate(commands(page)):
        opens = command.text.endswith(" bash")
        lines += [
            f"echo '@@ {number}'",
            command.text if opens else f"{{ {command.text}; }} </dev/null",
            'echo "@@ =$?"',
        ]
    return "\n".join([*lines, "exit 0", ""])


def play(page: str) -> list[Ran]:
    """Run a page's commands in the repository, as one who reads it would."""
    dropped = ("AWS_", "ANSIBLE_", "MAKE", "MFLAGS", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    shell = subprocess.Popen(
        ["bash"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(script(page), timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGTERM)
        output, _ = shell.communicate()
        pytest.fail(f"{page} is not through after {DEADLINE_SECONDS} s:\n{output}")
    parts = re.findall(r"^@@ \d+\n(.*?)^@@ =(\d+)\n", output, re.MULTILINE | re.DOTALL)
    return [Ran(int(status), text) for text, status in parts]


@pytest.fixture(scope="module")
def played() -> dict[str, list[Ran]]:
    """All pages at the same time: each has an account of its own."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(PAGES, pool.map(play, PAGES), strict=True))


def same_run(line: str) -> str:
    """A line without what differs from one run to the next: order and duration of steps, width of columns."""
    line = re.sub(r"^ *\d+/(\d+) ", r"step of \1 ", line)
    return " ".join(re.sub(r"\(\d+\.\d s\)", "(… s)", line).split())


def missing(command: Command, output: str) -> list[str]:
    """What a page shows and the command did not print."""
    printed = [same_run(line) for line in output.splitlines()]

    def is_there(shown: str) -> bool:
        pattern = ".*".join(map(re.escape, same_run(shown).split("…")))
        return any(re.fullmatch(pattern, line) for line in printed)

    return [shown for shown in command.shown if not is_there(shown)]


@pytest.mark.parametrize(
    ("page", "number", "command"),
    [(page, number, command) for page in PAGES for number, command in enumerate(commands(page))],
    ids=lambda value: value.text[:60] if isinstance(value, Command) else None,
)
def test_a_command_does_what_the_page_shows(
    played: dict[str, list[Ran]], page: str, number: int, command: Command
) -> None:
    assert number < len(played[page]), f"the shell ended before: {[ran.output for ran in played[page]]}"
    ran = played[page][number]
    assert (ran.status != 0) is command.fails, ran.output
    assert missing(command, ran.output) == [], ran.output


def files_to_write(page: str) -> dict[str, str]:
    """The files that a how-to has its reader write: name on a line of its own, then the text."""
    pattern = r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$"
    return dict(re.findall(pattern, (ROOT / page).read_text(), re.MULTILINE | re.DOTALL))


def entry_of(page: str) -> str:
    """The entry of a list that a how-to has its reader add to a file that is there."""
    (entry,) = re.findall(r"^```yaml\n(  - name: .*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return str(entry)


def insert(path: Path, after: str, line: str) -> None:
    text = path.read_text()
    assert text.count(after) == 1
    path.write_text(text.replace(after, after + line))


def test_the_role_of_the_how_to_adds_what_it_says(tmp_path: Path) -> None:
    copy = tmp_path / "slipway"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=GENERATED)
    for name, text in files_to_write("docs/how-to/add-a-role.md").items():
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    insert(copy / "roles/identity/vars/main.yml", "\n__identity_roles:\n", entry_of("docs/how-to/add-a-role.md"))
    insert(copy / "inventories/dev/group_vars/all/platform.yml", "\n  - flask_service\n", "  - search\n")
    command = [sys.executable, "-m", "ansible", "playbook", "playbooks/plan.yml", "-i", "inventories/dev"]
    with Emulator() as emulator:
        environment = {**os.environ, **emulator.environment, "ANSIBLE_CONFIG": str(copy / "ansible.cfg")}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    added = re.findall(r"^  \+ (\w+) search(?:-1)? ", done.stdout, re.MULTILINE)
    assert sorted(added) == ["dns_record", "ebs_volume", "iam_role", "instance", "security_group"]
