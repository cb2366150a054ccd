# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes resources and tags out of an answer, in the form of each protocol."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Set as AbstractSet
from typing import Any
from xml.etree import ElementTree as Xml

from moto.core.utils import get_service_model

from lab.emulator.answers import Answer
from lab.emulator.request import Call

_NAMESPACE = re.compile(rb"\sxmlns=(\"[^\"]*\"|'[^']*')")


def without(call: Call, answer: Answer, listed: str, key: str | None, hidden: AbstractSet[str]) -> Answer:
    """The answer without those members of the list `listed` whose `key` is hidden; see `lag_kinds.Kind`."""
    if not any(identity.encode() in answer.body for identity in hidden):
        return answer
    if answer.body.lstrip()[:1] == b"{":
        content = json.loads(answer.body)
        members = content.get(listed) or []
        content[listed] = [member for member in members if not _is_hidden(member[key] if key else member, hidden)]
        return answer.with_body(json.dumps(content).encode())
    return _without_elements(answer, xml_names(call.service, call.operation, listed, key), hidden)


def _without_elements(answer: Answer, names: tuple[str, str | None], hidden: AbstractSet[str]) -> Answer:
    list_tag, key_tag = names
    root = _parse(answer.body)
    for holder in root.iter(list_tag):
        for member in list(holder):
            if _is_hidden(member.findtext(key_tag) if key_tag else member.text, hidden):
                holder.remove(member)
    return answer.with_body(Xml.tostring(root, encoding="utf-8"))


def without_tags(answer: Answer, tags: AbstractSet[tuple[str, str]]) -> Answer:
    """An answer of EC2 without these tags, each a resource's id and a key."""
    if not any(resource.encode() in answer.body for resource, _ in tags):
        return answer
    root = _parse(answer.body)
    for resource in root.iter("item"):
        own = {child.text or "" for child in resource if child.tag.endswith("Id")}
        _untag(resource, {key for identity, key in tags if identity in own})
    return answer.with_body(Xml.tostring(root, encoding="utf-8"))


def _untag(resource: Xml.Element, keys: AbstractSet[str]) -> None:
    for holder in resource.findall("tagSet") if keys else ():
        for tag in list(holder):
            if tag.findtext("key") in keys:
                holder.remove(tag)


def _is_hidden(value: str | None, hidden: AbstractSet[str]) -> bool:
    return value is not None and (value in hidden or re.split("[/:]", value)[-1] in hidden)


def _parse(body: bytes) -> Xml.Element:
    return Xml.fromstring(_NAMESPACE.sub(b"", body, count=1))  # noqa: S314  # written by this process


@functools.cache
def xml_names(service: str, operation: str, listed: str, key: str | None) -> tuple[str, str | None]:
    """The tags of a list and of the key of its members, as the service's model has them."""
    found = _find(get_service_model(service).operation_model(operation).output_shape, listed)
    assert found is not None, f"{service} {operation} lists no {listed}"
    parent, member = found
    tag = parent.members[listed].serialization.get("name", listed)
    return tag, member.members[key].serialization.get("name", key) if key else None


def _find(shape: Any, listed: str) -> tuple[Any, Any] | None:
    """The structure that has the list, and the shape of the list's members."""
    if shape.type_name == "list":
        return _find(shape.member, listed)
    if shape.type_name != "structure":
        return None
    if listed in shape.members:
        return shape, shape.members[listed].member
    return next(filter(None, (_find(s, listed) for s in shape.members.values() if s.type_name == "list")), None)
