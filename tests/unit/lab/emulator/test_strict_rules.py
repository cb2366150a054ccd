# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each cure of the strict layer is small and says where AWS documents the behaviour."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lab.emulator import strict

_FOLDER = Path(strict.__file__).parent
_CURES = [
    pytest.param(node, id=f"{path.stem}.{node.name}")
    for path in sorted(_FOLDER.glob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef)
    and any(isinstance(d, ast.Call) and ast.unparse(d.func) in ("cured", "shown") for d in node.decorator_list)
]


@pytest.mark.parametrize("cure", _CURES)
def test_cure_is_small_and_documented(cure: ast.FunctionDef) -> None:
    assert "https://docs.aws.amazon.com/" in (ast.get_docstring(cure) or "")
    assert cure.end_lineno is not None
    assert cure.body[0].end_lineno is not None
    assert cure.end_lineno - cure.body[0].end_lineno <= 15


def test_every_file_of_cures_is_loaded_by_a_service() -> None:
    files = {path.stem for path in _FOLDER.glob("*.py")} - {"__init__"}
    assert {name for names in strict.FILES.values() for name in names} == files
