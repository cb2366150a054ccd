# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generator of the roles' pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.role_readme import readme, stale

SPEC = """
argument_specs:
  verify:
    short_description: Proves it works
    options:
      queue_url: {type: str, required: true, description: Where it answers.}
  main:
    short_description: A queue
    description: [Runs O(queue_mode).]
    options:
      queue_mode: {type: str, default: a|b, choices: [a|b, c], description: How it runs.}
      queue_topics:
        type: list
        elements: dict
        default: []
        description: What it holds.
        options:
          name: {type: str, required: true, description: Its name.}
"""


@pytest.fixture
def role(tmp_path: Path) -> Path:
    spec = tmp_path / "queue/meta/argument_specs.yml"
    spec.parent.mkdir(parents=True)
    spec.write_text(SPEC)
    return tmp_path / "queue"


def test_main_comes_first_then_the_other_entry_points(role: Path) -> None:
    page = readme(role)
    assert page.index("# slipway.platform.queue") < page.index("A queue") < page.index("## `tasks_from: verify`")


def test_a_row_says_type_default_and_description(role: Path) -> None:
    page = readme(role)
    assert "| `queue_url` | str | *required* | Where it answers. |" in page
    assert "| `queue_topics` | list of dict | `[]` | What it holds. |" in page


def test_suboptions_are_listed_by_path(role: Path) -> None:
    assert "| `queue_topics[].name` | str | *required* | Its name. |" in readme(role)


def test_a_bar_in_a_value_does_not_end_the_cell(role: Path) -> None:
    row = next(line for line in readme(role).splitlines() if line.startswith("| `queue_mode`"))
    assert row.count("|") - row.count("\\|") == 5


def test_a_page_is_stale_until_it_is_written_and_again_when_the_specification_changes(role: Path) -> None:
    page = role / "README.md"
    assert list(stale(role.parent)) == [page]
    page.write_text(readme(role))
    assert stale(role.parent) == {}
    spec = role / "meta/argument_specs.yml"
    spec.write_text(spec.read_text().replace("A queue", "A better queue"))
    assert list(stale(role.parent)) == [page]
