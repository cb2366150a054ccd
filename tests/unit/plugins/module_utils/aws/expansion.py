# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constructs' documents as the engine gets them: fields checked, rules asked, expanded."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Construct, Document
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Checker
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import KINDS, SCOPE

Documents = dict[tuple[str, str], Document]


def expand(construct: Construct, name: str = "main", /, **given: Any) -> Documents:
    """The documents that a valid one stands for, by type and name. Raises AssertionError for a bad document."""
    values = checked(construct, given)
    assert not (broken := list(construct.check(name, values, SCOPE))), broken
    documents = list(construct.expand(name, values, SCOPE))
    by_key = {(each["type"], each["name"]): each for each in documents}
    assert len(by_key) == len(documents), "two documents of one type and name"
    return by_key


def complaints(construct: Construct, /, **given: Any) -> list[str]:
    """What the construct's own rules find wrong."""
    return list(construct.check("main", checked(construct, given), SCOPE))


def checked(construct: Construct, given: dict[str, Any]) -> dict[str, Any]:
    checker = Checker(KINDS)
    values = checker.fields(given, construct.fields, construct.name)
    assert not checker.problems, checker.problems
    return values


def names(documents: Documents, kind: str) -> list[str]:
    return [name for one, name in documents if one == kind]
