# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Formulas of parameter groups."""

from __future__ import annotations

import pytest

from lab.database.formulas import evaluate

VARIABLES = {"DBInstanceClassMemory": 1024**3, "AllocatedStorage": 20 * 1024**3, "EndPointPort": 5432}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("200", "200"),
        ("on", "on"),
        ('"$user", public', '"$user", public'),
        ("%t:%r:%u@%d:[%p]:", "%t:%r:%u@%d:[%p]:"),
        ("{DBInstanceClassMemory/32768}", "32768"),
        ("LEAST({DBInstanceClassMemory/9531392},5000)", "112"),
        ("GREATEST({DBInstanceClassMemory*1024/63963136},65536)", "65536"),
        ("GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)", "200"),
        ("${DBInstanceClassMemory*3/4}", "805306368"),
        ("SUM({DBInstanceClassMemory/1073741824},{EndPointPort})", "5433"),
    ],
)
def test_a_formula_becomes_its_number_and_a_text_stays(value: str, expected: str) -> None:
    assert evaluate(value, VARIABLES) == expected


@pytest.mark.parametrize(
    "value",
    ["{Memory/2}", "{DBInstanceClassMemory/0}", "LEAST()", "{DBInstanceClassMemory", "{__import__('os')}", "{1**9**9}"],
)
def test_what_is_no_formula_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no formula"):
        evaluate(value, VARIABLES)
