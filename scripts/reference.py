# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the generated pages of ``docs/reference``: ``kinds.md`` from the catalogue, ``modules.md`` from the plugins,
``lab.md`` from the lab's own command line and tables.

With ``--check`` it writes nothing, and fails where a page is not up to date.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Construct  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import COMMON  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Kind  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import ABSENT, Change, Field  # noqa: E402
from scripts.generated import differing, write_or_check  # noqa: E402
from scripts.lab_reference import lab_blocks  # noqa: E402
from scripts.role_readme import code, prose, rows, type_of  # noqa: E402

EXAMPLE = Scope(project="shop", environment="prod", region="us-east-1", account="123456789012")
HEAD = "<!-- Written by scripts/reference.py from {source}: edit that, and run python -m scripts.reference. -->"
TYPES = {
    "address": "IPv4 address",
    "cidr": "IPv4 network",
    "map": "map of strings",
    "object": "mapping",
    "policy": "policy document",
    "template": "string, may hold `${…}`",
}
IDENTITIES = {
    "tag": "its tags",
    "name": "its physical name",
    "parent": "its key in its parent",
    "token": "the mark that it was made with, or its tags",
}
CHANGES = {Change.MUTABLE: "updates", Change.REPLACE: "**replaces**", Change.CREATE_ONLY: "is reported"}

INTRODUCTION = """\
A *document* is a mapping with `type`, `name` and the fields of that type. A type is a [kind](#kinds), which is one
resource of AWS, or a [construct](#constructs), which stands for documents of several kinds.

**References.** A field that takes the name of another document is given that document's `name`: `vpc: main`. Where a
field may hold `${…}`, `${kind.name.attribute}` is an attribute of another document: `${hosted_zone.internal.domain}`.

**A change** of a field that the account holds otherwise

- *updates* the resource in place,
- *replaces* it: a new one is made and the old one deleted, in the order that the kind says,
- *is reported* as outdated and acts on nothing: the field counts at creation only.

*Late* fields are set in a step of their own after creation, so that two resources may refer to each other.

A field without a default is not managed where the document does not say it: what the account holds there stays. Fields
inside of a mapping or list (`ingress[].ports`) change with the field that they are in.

How these work together: [the engine](../explanation/engine.md), [identity](../explanation/identity.md)."""


def field_type(field: Field) -> str:
    """What a field takes, in words: ``set, each: name of [subnet](#subnet)``."""
    if field.refers:
        attribute = "" if field.attribute == "id" else f" (its `{field.attribute}`)"
        return f"name of [{field.refers}](#{field.refers}){attribute}"
    if field.type == "list" and field.items is not None:
        return f"{'set' if field.unordered else 'list'}, each: {field_type(field.items)}"
    return TYPES.get(field.type, field.type)


def limits(field: Field) -> Iterator[str]:
    """The rules of a field that its type does not say, a sentence each."""
    if field.choices:
        yield f"One of {', '.join(code(choice) for choice in field.choices)}."
    if field.minimum is not None and field.maximum is not None:
        yield f"{field.minimum} to {field.maximum}."
    elif field.minimum is not None:
        yield f"At least {field.minimum}."
    elif field.maximum is not None:
        yield f"At most {field.maximum}."
    if field.pattern:
        yield f"Matches {code(field.pattern)}."


def default_of(field: Field) -> str:
    """What holds where the document does not say it."""
    if field.required:
        return "*required*"
    return "" if field.default is ABSENT else code(field.default)


def field_rows(fields: Mapping[str, Field], changes: bool, parent: str = "") -> Iterator[str]:
    """A row a field, those inside of it under it by their path: ``ingress[].ports``."""
    for name, field in fields.items():
        path = f"{parent}{name}"
        cells = [f"`{path}`", field_type(field), default_of(field)]
        if changes:
            cells.append("" if parent else CHANGES[field.change] + (", late" if field.late else ""))
        yield f"| {' | '.join([*cells, ' '.join([cell(field.doc), *limits(field)])])} |"
        inner, separator = (field.items, "[].") if field.items else (field, ".")
        yield from field_rows(inner.fields or {}, changes, f"{path}{separator}")


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def table(heads: list[str], lines: Iterator[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *lines])


def fields_of(fields: Mapping[str, Field], changes: bool = True) -> str:
    middle = ["a change"] if changes else []
    return table(["field", "takes", "default", *middle, "what it is"], field_rows(fields, changes))


def kind_facts(kind: Kind) -> Iterator[str]:
    """What holds for every resource of the kind, a line of a list each."""
    example = kind.physical_name(EXAMPLE, "web", dict.fromkeys(kind.fields, ""))
    yield f"Named `{example}`, where the document is `web` of stack `{EXAMPLE.stack}`."
    yield f"Found again by {IDENTITIES[kind.identity]}."
    yield from replacement(kind)
    if kind.protected:
        yield "Protected: replaced and destroyed only where a run names it in `unprotect`."
    if kind.lock:
        yield f"Protected while `{kind.lock}` is on, which is turned off before it is deleted."
    if kind.after:
        yield f"Made after, and gone before: {', '.join(f'[{name}](#{name})' for name in kind.after)}."
    if kind.attributes:
        yield f"Attributes: {'; '.join(f'`{name}`, {doc}' for name, doc in kind.attributes.items())}."
    for purpose, operations in kind.calls.items():
        named = (operation if ":" in operation else f"{kind.service}:{operation}" for operation in operations)
        yield f"Calls that {purpose}: {', '.join(f'`{operation}`' for operation in named)}."


def replacement(kind: Kind) -> Iterator[str]:
    if any(field.change is Change.REPLACE for field in kind.fields.values()):
        order = "the new one is made first" if kind.create_first else "the old one goes first"
        yield f"Replaced: {order}{f'; down meanwhile: {kind.down}' if kind.down else ''}."


def kind_section(kind: Kind) -> Iterator[str]:
    yield f"### {kind.name}"
    yield kind.doc
    yield "\n".join(f"- {fact}" for fact in kind_facts(kind))
    if kind.fields:
        yield fields_of(kind.fields)


def construct_section(construct: Construct) -> Iterator[str]:
    yield f"### {construct.name}"
    yield construct.doc
    yield fields_of(construct.fields, changes=False)


def kinds_page() -> str:
    """The page of all kinds and constructs."""
    both: list[Kind | Construct] = [*CATALOGUE.kinds.values(), *CATALOGUE.constructs.values()]
    blocks = [HEAD.format(source="the catalogue"), "# Kinds and constructs", INTRODUCTION]
    blocks.append(table(["type", "what it is"], (f"| [{one.name}](#{one.name}) | {cell(one.doc)} |" for one in both)))
    blocks += ["## Fields of every document", fields_of(COMMON, changes=False), "## Kinds"]
    for kind in CATALOGUE.kinds.values():
        blocks.extend(kind_section(kind))
    blocks.append("## Constructs")
    for construct in CATALOGUE.constructs.values():
        blocks.extend(construct_section(construct))
    return page(blocks)


def documentation(kind: str) -> dict[str, Any]:
    """What ``ansible-doc`` knows of the collection's plugins of a kind, by full name."""
    names = [f"slipway.platform.{path.stem}" for path in sorted((ROOT / f"plugins/{kind}").glob("[!_]*.py"))]
    command = [sys.executable, "-m", "ansible", "doc", "--json", "--type", kind.removesuffix("s"), *names]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def return_rows(values: Mapping[str, Any], parent: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield f"| `{parent}{name}` | {type_of(value)} | {value.get('returned', '')} | {prose(value['description'])} |"
        yield from return_rows(value.get("contains", {}), f"{parent}{name}.")


def paragraphs(text: Any) -> Iterator[str]:
    yield from (f"- {prose(one)}" for one in (text if isinstance(text, list) else [text]) if one)


def module_section(name: str, plugin: Mapping[str, Any]) -> Iterator[str]:
    doc = plugin["doc"]
    yield f"## {name}"
    yield f"{prose(doc['short_description'])}."
    yield "\n".join([*paragraphs(doc["description"]), *paragraphs(doc.get("notes"))])
    support = ((each, doc.get("attributes", {}).get(each, {}).get("support")) for each in ("check_mode", "diff_mode"))
    told = [f"{each.replace('_', ' ')}: {value}" for each, value in support if value]
    yield f"Needs {', '.join(doc['requirements'])}." if doc.get("requirements") else ""
    yield f"{'; '.join(told).capitalize()}." if told else ""
    if doc.get("options"):
        yield table(["option", "type", "default", "what it is"], rows(doc["options"]))
    if plugin.get("return"):
        yield table(["returns", "type", "when", "what it is"], return_rows(plugin["return"]))
    if plugin.get("examples"):
        yield f"```yaml\n{plugin['examples'].strip()}\n```"


def modules_page() -> str:
    """The page of the modules, the inventory plugin and the callback."""
    blocks = [HEAD.format(source="the plugins' DOCUMENTATION"), "# Modules, inventory, callback"]
    blocks.append(
        "On a terminal: `ansible-doc slipway.platform.stack`, `ansible-doc -t inventory slipway.platform.ec2`."
    )
    for kind in ("modules", "inventory", "callback"):
        for name, plugin in documentation(kind).items():
            blocks.extend(module_section(name, plugin))
    return plain_code(page(blocks))


def plain_code(text: str) -> str:
    """Code as Markdown writes it, where ``prose`` gives HTML."""

    def plain(match: re.Match[str]) -> str:
        words = re.sub(r"</?strong>", "", match[1])
        return "`" + re.sub(r"\\(.)", r"\1", words) + "`"

    return re.sub(r"<code>(.*?)</code>", plain, text)


def page(blocks: list[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def lab_page() -> str:
    """The page of the lab's commands, checks, addresses and limits."""
    return page([HEAD.format(source="lab/ and scripts/lab_reference.py"), *lab_blocks()])


def stale(folder: Path) -> dict[Path, str]:
    """The pages that differ from what they are made of, and what they should be."""
    pages = {"kinds.md": kinds_page(), "modules.md": modules_page(), "lab.md": lab_page()}
    return differing({folder / name: text for name, text in pages.items()})


def main() -> None:
    write_or_check(stale(ROOT / "docs/reference"), __doc__, "python -m scripts.reference")


if __name__ == "__main__":
    main()
