# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes ``roles/<role>/README.md`` from the role's ``meta/argument_specs.yml``.

With ``--check`` it writes nothing, and fails where a page is not up to date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from antsibull_docs_parser import md
from antsibull_docs_parser.parser import Context, parse

from scripts.generated import ROOT, differing, write_or_check

Option = Mapping[str, Any]


def prose(text: object) -> str:
    """Ansible's markup (a string or a list of paragraphs) as Markdown on one line."""
    paragraphs = text if isinstance(text, list) else [str(text or "")]
    text = md.to_md(parse(paragraphs, Context()), par_sep=" ").replace("\n", " ").strip()
    return re.sub(r"\\([.,;:'\"()!?+/=%-])", r"\1", text)  # inside of a line these mean nothing to Markdown


def code(value: object) -> str:
    """A value as code in a table's cell, written as YAML's flow style writes it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split()).replace("|", "\\|") or '""'
    return f"``{line}``" if "`" in line else f"`{line}`"


def type_of(option: Option) -> str:
    """``list of str``, ``dict``, …"""
    kind = option.get("type", "str")
    return f"{kind} of {option['elements']}" if "elements" in option else str(kind)


def details(option: Option) -> str:
    """The description, and the choices where there are any."""
    choices = option.get("choices")
    listed = f" One of {', '.join(code(choice) for choice in choices)}." if choices else ""
    return prose(option.get("description")) + listed


def default_of(option: Option) -> str:
    """What holds where the variable is not set."""
    if option.get("required"):
        return "*required*"
    return code(option["default"]) if "default" in option else ""


def rows(options: Mapping[str, Option], parent: str = "") -> Iterator[str]:
    """A row of the table for each option, its suboptions under it by their path: ``kafka_topics[].name``."""
    for name, option in options.items():
        path = f"{parent}{name}"
        yield f"| `{path}` | {type_of(option)} | {default_of(option)} | {details(option)} |"
        separator = "[]." if option.get("type") == "list" else "."
        yield from rows(option.get("options", {}), f"{path}{separator}")


def entry_point(role: str, name: str, spec: Option) -> Iterator[str]:
    """The section of one entry point, a tasks file that the role can be entered by."""
    if name != "main":
        yield f"## `tasks_from: {name}`"
        yield prose(spec.get("short_description"))
    paragraphs = spec.get("description") or []
    yield from (prose(paragraph) for paragraph in (paragraphs if isinstance(paragraphs, list) else [paragraphs]))
    if name == "main":
        yield f"```yaml\n- hosts: {role}\n  roles:\n    - role: slipway.platform.{role}\n```"
    options = spec.get("options") or {}
    if options:
        yield "\n".join(["| variable | type | default | what it is |", "| --- | --- | --- | --- |", *rows(options)])


def readme(role: Path) -> str:
    """The page of a role: what it is for, an example, and each entry point's variables."""
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
    ordered = sorted(specs, key=lambda name: (name != "main", name))
    blocks = [
        "<!-- Written by scripts/role_readme.py from meta/argument_specs.yml: edit that, and run make format. -->",
        f"# slipway.platform.{role.name}",
        prose(specs[ordered[0]].get("short_description")),
    ]
    for name in ordered:
        blocks.extend(entry_point(role.name, name, specs[name]))
    return "\n\n".join(block for block in blocks if block) + "\n"


def stale(roles: Path) -> dict[Path, str]:
    """The pages that differ from their roles' specs, and what they should be."""
    pages = {
        spec.parent.parent / "README.md": readme(spec.parent.parent) for spec in roles.glob("*/meta/argument_specs.yml")
    }
    return differing(dict(sorted(pages.items())))


def main() -> None:
    write_or_check(stale(ROOT / "roles"), __doc__, "make format")


if __name__ == "__main__":
    main()
