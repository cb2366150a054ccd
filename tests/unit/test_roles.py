# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role keeps the contract: one interface, documented where it is declared, in files that can be read at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.generated import ROOT
from scripts.role_readme import stale

ROLES = ROOT / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir()) if ROLES.is_dir() else []
LINES = 120
"""The longest a role's task file may be."""

MISSING = object()


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text()) if path.exists() else None


def defaults_of(role: str) -> dict[str, Any]:
    return load(ROLES / role / "defaults/main.yml") or {}


def options_of(role: str) -> list[tuple[str, dict[str, Any]]]:
    """The options of all entry points; one of several entry points is listed for each."""
    specs = (load(ROLES / role / "meta/argument_specs.yml") or {}).get("argument_specs", {})
    return [pair for spec in specs.values() for pair in (spec.get("options") or {}).items()]


def differences(defaults: dict[str, Any], options: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Where the defaults and the specification do not say the same, one sentence each."""
    found = [
        f"{name}: in defaults/main.yml, not in argument_specs.yml" for name in defaults.keys() - dict(options).keys()
    ]
    for name, option in options:
        value, declared = defaults.get(name, MISSING), option.get("default", MISSING)
        if option.get("required"):
            if value is not MISSING or declared is not MISSING:
                found.append(f"{name}: required, and yet has a default")
        elif value is MISSING or declared is MISSING:
            found.append(f"{name}: neither required nor with a default in both files")
        elif (type(value), value) != (type(declared), declared):
            found.append(f"{name}: {value!r} in defaults/main.yml, {declared!r} in argument_specs.yml")
    return sorted(found)


def test_there_are_roles() -> None:
    assert NAMES


@pytest.mark.parametrize("role", NAMES)
def test_has_a_specification_with_a_main_entry_point(role: str) -> None:
    specs = load(ROLES / role / "meta/argument_specs.yml")
    assert specs, "meta/argument_specs.yml is missing"
    assert specs["argument_specs"]["main"]["short_description"]


@pytest.mark.parametrize("role", NAMES)
def test_defaults_and_specification_are_the_same(role: str) -> None:
    assert differences(defaults_of(role), options_of(role)) == []


@pytest.mark.parametrize("role", NAMES)
def test_public_variables_carry_the_roles_name(role: str) -> None:
    names = {*defaults_of(role), *dict(options_of(role))}
    assert sorted(name for name in names if not name.startswith(f"{role}_")) == []


@pytest.mark.parametrize("role", NAMES)
def test_every_option_is_described(role: str) -> None:
    assert [name for name, option in options_of(role) if not option.get("description")] == []


@pytest.mark.parametrize("role", NAMES)
def test_task_files_can_be_read_at_once(role: str) -> None:
    files = [path for folder in ("tasks", "handlers") for path in (ROLES / role / folder).rglob("*.yml")]
    long = {
        str(path.relative_to(ROLES)): count for path in files if (count := len(path.read_text().splitlines())) > LINES
    }
    assert long == {}


def test_readmes_are_up_to_date() -> None:
    assert [str(page.relative_to(ROOT)) for page in stale(ROLES)] == [], "run: make format"


@pytest.mark.parametrize(
    ("defaults", "options", "found"),
    [
        ({"r_a": 1}, [("r_a", {"default": 1})], []),
        ({}, [("r_a", {"required": True})], []),
        ({"r_a": 1}, [], ["r_a: in defaults/main.yml, not in argument_specs.yml"]),
        ({}, [("r_a", {"default": 1})], ["r_a: neither required nor with a default in both files"]),
        ({"r_a": 1}, [("r_a", {})], ["r_a: neither required nor with a default in both files"]),
        ({"r_a": 1}, [("r_a", {"required": True})], ["r_a: required, and yet has a default"]),
        ({"r_a": 1}, [("r_a", {"default": 2})], ["r_a: 1 in defaults/main.yml, 2 in argument_specs.yml"]),
        ({"r_a": 1}, [("r_a", {"default": True})], ["r_a: 1 in defaults/main.yml, True in argument_specs.yml"]),
        (
            {"r_a": 1},
            [("r_a", {"default": 1}), ("r_a", {"default": 3})],
            ["r_a: 1 in defaults/main.yml, 3 in argument_specs.yml"],
        ),
    ],
)
def test_differences_are_found(
    defaults: dict[str, Any], options: list[tuple[str, dict[str, Any]]], found: list[str]
) -> None:
    assert differences(defaults, options) == found
