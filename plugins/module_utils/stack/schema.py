# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared fields: what a document may say, how it is checked, and how two values compare."""

from __future__ import annotations

import enum
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.values import (
    Json,
    Ref,
    Text,
    deferred,
    interpolate,
)

ABSENT: Any = object()
"""No default: the field is not managed where a document does not say it."""


class Change(enum.Enum):
    """What a difference in a field asks for."""

    MUTABLE = "update"
    REPLACE = "replace"
    CREATE_ONLY = "outdated"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a kind. ``late`` fields are set in a step of their own after creation, so that two resources may
    refer to each other. A reference that does not ``hold`` lets what it refers to be deleted first.
    """

    type: str
    doc: str
    required: bool = False
    default: Any = ABSENT
    choices: tuple[Any, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    change: Change = Change.MUTABLE
    late: bool = False
    holds: bool = True
    refers: str = ""
    attribute: str = "id"
    items: Field | None = None
    fields: Mapping[str, Field] | None = None
    unordered: bool = False
    normalise: Callable[[Any], Any] | None = None


def string(doc: str, **options: Any) -> Field:
    return Field(type="string", doc=doc, **options)


def integer(doc: str, **options: Any) -> Field:
    return Field(type="integer", doc=doc, **options)


def boolean(doc: str, **options: Any) -> Field:
    return Field(type="boolean", doc=doc, **options)


def cidr(doc: str, **options: Any) -> Field:
    """An IPv4 network in CIDR notation with no host bits set."""
    return Field(type="cidr", doc=doc, **options)


def address(doc: str, **options: Any) -> Field:
    return Field(type="address", doc=doc, **options)


def template(doc: str, **options: Any) -> Field:
    """A string in which ``${kind.name.attribute}`` refers to another document."""
    return Field(type="template", doc=doc, **options)


def policy(doc: str, **options: Any) -> Field:
    """A JSON document given as data, with ``${kind.name.attribute}`` in its strings; compared by meaning."""
    return Field(type="policy", doc=doc, normalise=canonical_policy, **options)


def reference(kind: str, doc: str, **options: Any) -> Field:
    return Field(type="reference", doc=doc, refers=kind, **options)


def list_of(items: Field, doc: str, **options: Any) -> Field:
    return Field(type="list", doc=doc, items=items, **options)


def set_of(items: Field, doc: str, **options: Any) -> Field:
    """A list whose order says nothing."""
    return Field(type="list", doc=doc, items=items, unordered=True, **options)


def record(fields: Mapping[str, Field], doc: str, **options: Any) -> Field:
    return Field(type="object", doc=doc, fields=fields, **options)


def mapping(doc: str, **options: Any) -> Field:
    """A map of strings to strings."""
    return Field(type="map", doc=doc, **options)


def anything(doc: str, **options: Any) -> Field:
    """Passed on unchecked: for constructs, whose documents are checked once expanded."""
    return Field(type="anything", doc=doc, **options)


ANYTHING = anything("Anything.")


class Problems(list[tuple[str, str]]):
    """What is wrong with a document, each as (path, message): all of it, so that a user mends it in one go."""

    def add(self, path: str, message: str) -> None:
        self.append((path, message))


class Checker:
    """Validates documents' fields; ``kinds`` are the names that an interpolation may refer to."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds
        self.problems = Problems()

    def fields(
        self, given: Mapping[str, Any], declared: Mapping[str, Field], path: str, also: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The checked fields of one (sub)document, defaults filled in, references as ``Ref``.

        ``also``: fields that the document may have and that are checked elsewhere.
        """
        for unknown in given.keys() - declared.keys():
            known = ", ".join(sorted({*declared, *also}))
            self.problems.add(f"{path}.{unknown}", f"no such field; known fields are {known}")
        checked: dict[str, Any] = {}
        for name, field in declared.items():
            value = given.get(name, ABSENT)
            if value is ABSENT or value is None:
                if field.required:
                    self.problems.add(f"{path}.{name}", f"required: {field.doc}")
                elif field.default is not ABSENT:
                    checked[name] = field.default
                continue
            checked[name] = self.value(value, field, f"{path}.{name}")
        return checked

    def value(self, value: Any, field: Field, path: str) -> Any:
        checked = getattr(self, f"_{field.type}")(value, field, path)
        if field.choices and checked not in field.choices:
            self.problems.add(path, f"{value!r} is none of {', '.join(map(str, field.choices))}")
        return checked

    def _string(self, value: Any, field: Field, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            self.problems.add(path, f"must be a string, not {value!r}")
            return ""
        if field.pattern and not re.fullmatch(field.pattern, str(value)):
            self.problems.add(path, f"{value!r} does not match {field.pattern}")
        return str(value)

    def _anything(self, value: Any, field: Field, path: str) -> Any:
        return value

    def _template(self, value: Any, field: Field, path: str) -> Any:
        return interpolate(self._string(value, field, path), self.kinds)

    def _integer(self, value: Any, field: Field, path: str) -> Any:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
            self.problems.add(path, f"must be a whole number, not {value!r}")
            return 0
        number = int(value)
        if field.minimum is not None and number < field.minimum:
            self.problems.add(path, f"{number} is below the least value, {field.minimum}")
        if field.maximum is not None and number > field.maximum:
            self.problems.add(path, f"{number} is above the greatest value, {field.maximum}")
        return number

    def _boolean(self, value: Any, field: Field, path: str) -> Any:
        # An extra variable (-e name=true) arrives as a string.
        words = {"true": True, "yes": True, "false": False, "no": False}
        known = words.get(str(value).lower())
        if known is None:
            self.problems.add(path, f"must be true or false, not {value!r}")
        return bool(known)

    def _cidr(self, value: Any, field: Field, path: str) -> Any:
        try:
            return str(ipaddress.IPv4Network(value))
        except ValueError as error:
            self.problems.add(path, f"{value!r} is no IPv4 network in CIDR notation ({error})")
            return str(value)

    def _address(self, value: Any, field: Field, path: str) -> Any:
        try:
            return str(ipaddress.IPv4Address(value))
        except ValueError:
            self.problems.add(path, f"{value!r} is no IPv4 address")
            return str(value)

    def _reference(self, value: Any, field: Field, path: str) -> Any:
        return Ref(field.refers, self._string(value, field, path), field.attribute)

    def _list(self, value: Any, field: Field, path: str) -> Any:
        if not isinstance(value, list):
            self.problems.add(path, f"must be a list, not {value!r}")
            return []
        items = field.items or ANYTHING
        return [self.value(item, items, f"{path}[{index}]") for index, item in enumerate(value)]

    def _object(self, value: Any, field: Field, path: str) -> Any:
        if not isinstance(value, Mapping):
            self.problems.add(path, f"must be a mapping, not {value!r}")
            return {}
        return self.fields(value, field.fields or {}, path)

    def _map(self, value: Any, field: Field, path: str) -> Any:
        if not isinstance(value, Mapping):
            self.problems.add(path, f"must be a mapping, not {value!r}")
            return {}
        return {str(key): str(item) for key, item in value.items()}

    def _policy(self, value: Any, field: Field, path: str) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                self.problems.add(path, f"is no JSON document: {error}")
                return {}
        if not isinstance(value, Mapping):
            self.problems.add(path, f"must be a mapping, not {value!r}")
            return {}
        return self._interpolated(value)

    def _interpolated(self, value: Any) -> Any:
        match value:
            case str():
                return interpolate(value, self.kinds)
            case Mapping():
                return {str(key): self._interpolated(item) for key, item in value.items()}
            case list():
                return [self._interpolated(item) for item in value]
            case _:
                return value


def comparable(value: Any, field: Field) -> Any:
    """A value in the form in which two of them are compared: the field's own normal form, sets sorted, policies by
    meaning.
    """
    if field.normalise and (field.type == "policy" or not deferred(value)):
        value = field.normalise(value)
    if isinstance(value, (list, tuple)) and field.items:
        return _comparable_list(value, field.items, field.unordered)
    if isinstance(value, Mapping) and field.fields:
        return _comparable_object(value, field.fields)
    return value


def _comparable_list(values: Sequence[Any], items: Field, unordered: bool) -> list[Any]:
    compared = [comparable(value, items) for value in values]
    return sorted(compared, key=_sort_key) if unordered else compared


def _comparable_object(value: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    return {name: comparable(value[name], inner) for name, inner in fields.items() if value.get(name) is not None}


def canonical_policy(value: Any) -> Any:
    """An IAM-style document in one form: single-item lists as scalars, lists sorted, strings for numbers and booleans.

    AWS reorders and unwraps what it is given: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    match value:
        case Json(inner):
            return canonical_policy(inner)
        case str() if value.startswith("{"):
            return canonical_policy(json.loads(value))
        case bool():
            return str(value).lower()
        case Mapping():
            return {key: canonical_policy(item) for key, item in sorted(value.items())}
        case list() | tuple():
            items = sorted((canonical_policy(item) for item in value), key=_sort_key)
            return items[0] if len(items) == 1 else items
        case int():
            return str(value)
        case _:
            return value


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_sortable)


def _sortable(value: Any) -> str:
    return str(value.parts) if isinstance(value, Text) else str(value)
