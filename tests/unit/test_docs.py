# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages say what is so: generated ones are up to date, and what is named and linked exists."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from moto import mock_aws

from ansible_collections.slipway.platform.plugins.module_utils.aws import permissions
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account
from scripts.reference import stale

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
RUN = ("README.md", "docs/tutorial/first-plan.md")
"""Pages whose commands tests/integration/test_docs.py runs."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MADE = re.compile(r"^`([\w./-]+)`:$", re.MULTILINE)
"""A file that the reader writes: its name on a line of its own, before its text."""
OWN = re.compile(r"(?<![\w./~-])((?:docs|inventories|lab|playbooks|plugins|roles|scripts|tests|collections)/[\w./-]*)")
INVENTED = ("inventories/mine", "inventories/prod/stack.slipway.yml")
"""Inventories that pages make up."""

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code(text: str) -> Iterator[str]:
    """The code of a page: fenced blocks, then what stands between backticks."""
    yield from (block for _language, block in FENCE.findall(text))
    yield from SPAN.findall(FENCE.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    there = (page.parent / name).resolve() if name else page
    return not there.exists() or bool(anchor and anchor not in anchors(there))


def test_generated_pages_are_up_to_date() -> None:
    found = [str(page.relative_to(ROOT)) for page in stale(ROOT / "docs/reference")]
    assert found == [], "run: python -m scripts.reference"


@pages
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(FENCE.sub("", page.read_text()))
    assert [target for target in targets if "://" not in target and dead(page, target)] == []


@pages
def test_the_index_lists_every_page(page: Path) -> None:
    index = ROOT / "docs/README.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text()) if "://" not in target}
    assert page in {*linked, index, ROOT / "README.md"}


@pages
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    written = MADE.findall(text)
    made = (*written, *INVENTED, *(role[0] for name in written if (role := re.match(r"roles/\w+/", name))))
    named = {name.rstrip(".") for block in code(text) for name in OWN.findall(block)}
    assert sorted(name for name in named if not name.startswith(made) and not (ROOT / name).exists()) == []


@pages
def test_make_knows_the_targets_that_are_named(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for block in code(page.read_text()) for name in re.findall(r"\bmake ([a-z][\w-]+)", block)}
    assert sorted(named - targets) == []


@pages
def test_every_block_of_code_says_what_it_is(page: Path) -> None:
    languages = [language for language, _block in FENCE.findall(page.read_text())]
    assert {"console", "python", "sh", "text", "yaml"}.issuperset(languages)


@pytest.mark.parametrize("name", RUN)
def test_commands_that_no_test_runs_say_why(name: str) -> None:
    reasons = re.findall(r"^(.*)\n```sh$", (ROOT / name).read_text(), re.MULTILINE)
    assert [line for line in reasons if not line.startswith("<!-- not run by the tests: ")] == []


def test_the_inventory_in_the_readme_is_the_real_one() -> None:
    excerpt = next(block for language, block in FENCE.findall((ROOT / "README.md").read_text()) if language == "yaml")
    real = (ROOT / "inventories/prod/group_vars/all/platform.yml").read_text().splitlines()
    shown = [line for line in excerpt.splitlines() if line and "…" not in line]
    assert [line for line in shown if line not in real] == []
    assert [real.index(line) for line in shown] == sorted(real.index(line) for line in shown)


def test_the_kind_of_the_how_to_works(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/how-to/add-a-kind.md").read_text()
    kind, resources, its_tests = (block for language, block in FENCE.findall(text) if language == "python")
    module = ModuleType("sns")
    name = "ansible_collections.slipway.platform.plugins.module_utils.aws.sns"
    monkeypatch.setitem(sys.modules, name, module)
    exec(kind, vars(module))  # noqa: S102 - a page of ours
    tests = ModuleType("test_sns")
    exec(its_tests, vars(tests))  # noqa: S102 - a page of ours
    ran = [test for key, test in vars(tests).items() if key.startswith("test_")]
    for test in ran:
        with mock_aws():
            test(Account())
    assert len(ran) == 2
    entry = eval(f"{{{resources}}}")  # noqa: S307 - a page of ours
    monkeypatch.setattr(permissions, "RESOURCES", permissions.RESOURCES | entry)
    policies = permissions.policies([module.Topic()], Scope("shop", "prod", "us-east-1", account="123456789012"))
    assert "arn:aws:sns:us-east-1:123456789012:shop-prod-*" in str(policies)
