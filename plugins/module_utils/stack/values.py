# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that a plan may hold before they are known, and how they become known.

A resource's parameters are plain data in which some leaves are *deferred*: a reference to another document, a text
or a policy with references inside, a secret that is made or a file that is read when the call is sent. ``resolve``
replaces what a lookup knows and leaves the rest, so one structure serves the plan (partly known), the diff (rendered)
and the call (all known).
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

NOT_YET = "(known after apply)"


@dataclass(frozen=True)
class Ref:
    """An attribute of another document's resource: ``Ref("vpc", "main")`` is the id of the VPC `main`."""

    kind: str
    name: str
    attribute: str = "id"

    def __str__(self) -> str:
        return f"${{{self.kind}.{self.name}.{self.attribute}}}"


@dataclass(frozen=True)
class Own:
    """An attribute of the very resource whose calls carry it, known once an earlier call of the list has answered."""

    attribute: str = "id"


@dataclass(frozen=True)
class Text:
    """A string with deferred parts, joined when all are known."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Json:
    """A structure sent as one JSON string (a policy document)."""

    value: Any


@dataclass(frozen=True)
class Base64:
    """A text sent base64-encoded (user data)."""

    value: Any


@dataclass(frozen=True)
class Generated:
    """A secret made at the moment its one call is sent; never planned, logged or returned.

    With ``key`` the value is a JSON object: ``fields`` plus the generated text under that key.
    """

    length: int
    punctuation: str = ""
    key: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    def make(self) -> str:
        alphabet = string.ascii_letters + string.digits + self.punctuation
        text = "".join(secrets.choice(alphabet) for _position in range(self.length))
        return json.dumps({**dict(self.fields), self.key: text}) if self.key else text


@dataclass(frozen=True)
class Contents:
    """A file's bytes, read at the moment their one call is sent; never planned, logged or returned."""

    path: str


Lookup: TypeAlias = Callable[["Ref | Own"], Any]
"""Answers the value of a reference, or the reference itself while it is not known."""


def resolve(value: Any, lookup: Lookup) -> Any:
    """Replace every reference that ``lookup`` knows; what stays unknown stays deferred. Generated secrets are left
    alone.
    """
    match value:
        case Ref() | Own():
            return lookup(value)
        case Text(parts):
            return _joined(tuple(resolve(part, lookup) for part in parts))
        case Json(inner):
            return _serialised(resolve(inner, lookup))
        case Base64(inner):
            return _encoded(resolve(inner, lookup))
        case Mapping():
            return {key: resolve(item, lookup) for key, item in value.items()}
        case list() | tuple():
            return [resolve(item, lookup) for item in value]
        case _:
            return value


def _joined(parts: tuple[Any, ...]) -> str | Text:
    return Text(parts) if deferred(parts) else "".join(map(str, parts))


def _serialised(body: Any) -> str | Json:
    return Json(body) if deferred(body) else json.dumps(body, sort_keys=True, separators=(",", ":"))


def _encoded(body: Any) -> str | Base64:
    return Base64(body) if deferred(body) else base64.b64encode(str(body).encode()).decode()


def reveal(value: Any) -> Any:
    """Make the generated secrets of a call's parameters, and read its files. Called once, on the copy that is sent."""
    match value:
        case Generated():
            return value.make()
        case Contents(path):
            return Path(path).read_bytes()
        case Mapping():
            return {key: reveal(item) for key, item in value.items()}
        case list():
            return [reveal(item) for item in value]
        case _:
            return value


def references(value: Any) -> Iterator[Ref]:
    """Every reference to another document inside a value."""
    match value:
        case Ref():
            yield value
        case Text(parts):
            yield from references(list(parts))
        case Json(inner) | Base64(inner):
            yield from references(inner)
        case Mapping():
            for item in value.values():
                yield from references(item)
        case list() | tuple():
            for item in value:
                yield from references(item)


def deferred(value: Any) -> bool:
    """Whether anything inside the value is not known yet."""
    match value:
        case Ref() | Own() | Text() | Json() | Base64() | Generated() | Contents():
            return True
        case Mapping():
            return any(deferred(item) for item in value.values())
        case list() | tuple():
            return any(deferred(item) for item in value)
        case _:
            return False


def display(value: Any) -> Any:
    """A value as a plan shows it: plain data, what is not known yet and secrets named as such."""
    match value:
        case Generated():
            return "(generated secret)"
        case Contents(path):
            return f"(contents of {path})"
        case Json(inner):
            return display(inner)
        case Ref(kind, name):
            return f"{kind} {name} {NOT_YET}"
        case Own() | Text() | Base64():
            return NOT_YET
        case Mapping():
            return {key: display(item) for key, item in value.items()}
        case list() | tuple():
            return [display(item) for item in value]
        case _:
            return value


_INTERPOLATION = re.compile(r"\$\{([a-z0-9_]+)\.([A-Za-z0-9._-]+)\.([a-z_]+)\}")


def interpolate(text: str, kinds: frozenset[str]) -> str | Ref | Text:
    """Turn each ``${kind.name.attribute}`` whose kind exists into a reference; anything else is left as written.

    IAM's own variables (``${aws:username}``) hold a colon and never match.
    """
    parts: list[Any] = []
    position = 0
    for match in _INTERPOLATION.finditer(text):
        if match[1] not in kinds:
            continue
        if match.start() > position:
            parts.append(text[position : match.start()])
        parts.append(Ref(match[1], match[2], match[3]))
        position = match.end()
    if not parts:
        return text
    if position < len(text):
        parts.append(text[position:])
    return parts[0] if len(parts) == 1 else Text(tuple(parts))
