# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner of the layers counts, and which make targets it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import run_layers

REPORT = '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="1"/></testsuites>'
GREEN = '<testsuites><testsuite tests="9" failures="0" errors="0" skipped="1"/></testsuites>'


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run_layers, "REPORTS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("returncode", "counted"), [(0, (1, 0, 0)), (2, (0, 1, 0))])
def test_a_target_without_a_report_is_one_test(returncode: int, counted: tuple[int, int, int]) -> None:
    assert run_layers.count("ruff", returncode) == counted


@pytest.mark.parametrize(
    ("report", "returncode", "counted"),
    [(GREEN, 0, (8, 0, 1)), (REPORT, 1, (5, 3, 1)), (GREEN, 2, (8, 1, 1))],
    ids=["green", "failures", "broken off after the report"],
)
def test_a_report_counts_its_tests(reports: Path, report: str, returncode: int, counted: tuple[int, int, int]) -> None:
    (reports / "unit.xml").write_text(report)
    assert run_layers.count("unit", returncode) == counted


def test_a_run_without_any_test_is_a_failure(reports: Path) -> None:
    (reports / "unit.xml").write_text(
        '<testsuites><testsuite tests="0" failures="0" errors="0" skipped="0"/></testsuites>'
    )
    assert run_layers.count("unit", 5) == (0, 1, 0)


def test_every_target_is_in_the_makefile() -> None:
    makefile = (run_layers.ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert {target for layer in run_layers.LAYERS.values() for target in layer} - targets == set()


def test_check_runs_all_that_lint_runs() -> None:
    makefile = (run_layers.ROOT / "Makefile").read_text()
    lint = re.search(r"^lint: (.*)$", makefile, re.MULTILINE)
    assert lint
    assert set(lint[1].split()) - set(run_layers.LAYERS["check"]) == set()
