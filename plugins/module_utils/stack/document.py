# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From documents as a user writes them to checked wants: expansion, validation, references, cycles. Pure, before
anything is read.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Construct, Document
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Kind, Want, ordering_references
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import RESERVED_TAGS, USER_TAGS_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Checker, boolean, mapping, string
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, references, resolve

Key = tuple[str, str]
Problem = tuple[str, str]
"""Where and what: a path, beginning with ``resources[INDEX]`` (empty where no document is to blame), and a message."""
Wants = dict[Key, Want]
StaticCheck = Callable[[Mapping[Key, Want], Scope], Iterable[Problem]]

COMMON = {
    "name": string(
        "Name of the document: letters, digits, dots, dashes.", required=True, pattern=r"[A-Za-z0-9][A-Za-z0-9.-]*"
    ),
    "component": string("The role that contributes it; prune looks at the components of a run.", default="main"),
    "tags": mapping("Further tags.", default={}),
    "protect": boolean("Refuse to replace or delete it unless it is named in `unprotect`."),
    "adopt": boolean("Take over a resource of this name that exists already without our tags.", default=False),
    "physical_name": string("Its exact name, instead of the derived one; of a kind only."),
}
_INHERITED = ("component", "tags", "protect", "adopt")
_OF_CONSTRUCTS = {field: COMMON[field] for field in ("name", *_INHERITED)}
"""What a construct stands for has several physical names, so it takes none."""


class Invalid(Exception):
    """Documents that cannot be planned, with everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{path}: {message}" if path else message for path, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Catalogue:
    """All that documents may be: kinds, constructs, and rules between documents."""

    kinds: Mapping[str, Kind]
    constructs: Mapping[str, Construct]
    check: StaticCheck

    def load(self, documents: Sequence[Any], scope: Scope) -> Wants:
        """The wants of all documents, or ``Invalid`` with everything that is wrong with them."""
        checker = Checker(frozenset(self.kinds))
        wants: Wants = {}
        for path, document in self._expanded(documents, checker, scope):
            want = self._want(path, document, checker, scope)
            if want is None:
                continue
            if want.key in wants:
                other = wants[want.key].path
                checker.problems.add(
                    path, f"{want.kind} {want.name} is declared already at {other}; rename one of them"
                )
            wants[want.key] = want
        problems = list(checker.problems) or list(self._references(wants)) or list(_cycles(self.kinds, wants))
        problems = problems or list(self.check(wants, scope))
        if problems:
            raise Invalid(list(dict.fromkeys(problems)))
        return wants

    def _expanded(self, documents: Sequence[Any], checker: Checker, scope: Scope) -> Iterator[tuple[str, Document]]:
        for index, document in enumerate(documents):
            path = f"resources[{index}]"
            if not isinstance(document, Mapping):
                checker.problems.add(path, f"must be a mapping with type and name, not {document!r}")
                continue
            construct = self.constructs.get(str(document.get("type")))
            if construct is None:
                yield path, dict(document)
            else:
                yield from _expansion(construct, path, document, checker, scope)

    def _want(self, path: str, document: Document, checker: Checker, scope: Scope) -> Want | None:
        kind = self.kinds.get(str(document.get("type")))
        if kind is None:
            checker.problems.add(f"{path}.type", self._unknown_type(document))
            return None
        before = len(checker.problems)
        common, given = _split(document, COMMON)
        house = checker.fields(common, COMMON, path)
        _reserved(house.get("tags", {}), path, checker)
        values = checker.fields(given, kind.fields, path, also=("type", *COMMON))
        if len(checker.problems) > before:
            return None
        name = house["name"]
        values = _own_name(kind.name, name, values)
        physical_name = house.get("physical_name") or kind.physical_name(scope, name, values)
        tags = {**house["tags"], **kind.marks(values)}
        want = Want(
            kind=kind.name,
            name=name,
            values=values,
            component=house["component"],
            physical_name=physical_name,
            tags=_fitting(kind, scope.ownership(house["component"], name, physical_name, tags)),
            scope=scope,
            path=path,
            protect=house.get("protect", kind.protected),
            adopt=house["adopt"],
            written=values,
        )
        for message in (*_too_many_tags(kind, want), *kind.check(want)):
            checker.problems.add(path, message)
        return want

    def _unknown_type(self, document: Document) -> str:
        if "type" not in document:
            return "required: what kind of resource this is"
        known = sorted([*self.kinds, *self.constructs])
        close = get_close_matches(str(document["type"]), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known types are {', '.join(known)}"
        return f"{document['type']!r} is no known type; {hint}"

    def _references(self, wants: Wants) -> Iterator[Problem]:
        for want in wants.values():
            for field, value in want.values.items():
                for ref in references(value):
                    problem = self._dangling(wants, ref.kind, ref.name, ref.attribute)
                    if problem:
                        yield f"{want.path}.{field}", problem

    def _dangling(self, wants: Wants, kind: str, name: str, attribute: str) -> str:
        if (kind, name) not in wants:
            known = sorted(other for one, other in wants if one == kind)
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"declared are: {', '.join(known) or 'none'}"
            return f"refers to {kind} {name}, which no document declares; {hint}"
        if attribute not in self.kinds[kind].attributes:
            return f"{kind} has no attribute {attribute}; it has {', '.join(self.kinds[kind].attributes)}"
        return ""


def _own_name(kind: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """`self` in a reference to the document's own kind is the document itself."""

    def named(ref: Ref | Own) -> Ref | Own:
        return (
            Ref(kind, name, ref.attribute) if isinstance(ref, Ref) and (ref.kind, ref.name) == (kind, "self") else ref
        )

    return {field: resolve(value, named) for field, value in values.items()}


def _split(document: Mapping[str, Any], common: Collection[str]) -> tuple[Document, Document]:
    """What all documents have in common, and the type's own fields."""
    house = {key: value for key, value in document.items() if key in common}
    return house, {key: value for key, value in document.items() if key not in common and key != "type"}


def _reserved(tags: Mapping[str, str], path: str, checker: Checker) -> None:
    for tag in tags:
        if tag in RESERVED_TAGS or tag.startswith(("slipway:", "aws:")):
            checker.problems.add(f"{path}.tags.{tag}", "this tag is the engine's own; choose another")
        if not re.fullmatch(r"[^\s]{1,128}", tag):
            checker.problems.add(f"{path}.tags.{tag}", "a tag's key has 1 to 128 characters and no spaces")


def _fitting(kind: Kind, tags: dict[str, str]) -> dict[str, str]:
    """Where a kind takes few tags, the user's own come before the note of which they are."""
    if len(tags) > kind.tag_limit:
        tags.pop(USER_TAGS_TAG, None)
    return tags


def _too_many_tags(kind: Kind, want: Want) -> Iterator[str]:
    if len(want.tags) > kind.tag_limit:
        yield f"a {kind.name} takes {kind.tag_limit} tags, these are {len(want.tags)}; drop some of `tags`"


def _expansion(
    construct: Construct, path: str, document: Mapping[str, Any], checker: Checker, scope: Scope
) -> Iterator[tuple[str, Document]]:
    before = len(checker.problems)
    common, given = _split(document, _OF_CONSTRUCTS)
    house = checker.fields(common, _OF_CONSTRUCTS, path)
    values = checker.fields(given, construct.fields, path, also=("type", *_OF_CONSTRUCTS))
    if len(checker.problems) > before:
        return
    broken = list(construct.check(house["name"], values, scope))
    for message in broken:
        checker.problems.add(path, message)
    if broken:
        return
    inherited = {key: house[key] for key in _INHERITED if key in house}
    for part in construct.expand(house["name"], values, scope):
        tags = {**house["tags"], **part.get("tags", {})}
        yield f"{path}→{part['type']}[{part['name']}]", {**inherited, **part, "tags": tags}


def _cycles(kinds: Mapping[str, Kind], wants: Wants) -> Iterator[Problem]:
    graph = {key: ordering_references(kinds[key[0]], want.values) for key, want in wants.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        chain = " → ".join(f"{kind} {name}" for kind, name in reversed(error.args[1]))
        yield (
            wants[error.args[1][0]].path,
            f"the documents refer to each other in a circle: {chain}; drop one of the references",
        )


def locate(path: str) -> list[str | int]:
    """A path as keys into the list of documents: ``resources[3].ingress[0].port`` → ``[3, "ingress", 0, "port"]``."""
    inside = path.split("→")[0].removeprefix("resources")
    return [int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|\.([A-Za-z_]+)", inside)]
