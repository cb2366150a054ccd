# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind may say of its order: usable early, outlives, a reference that does not hold, a predecessor leaving."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Catalogue
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Kind, Step, Wait, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.order import make_plan
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import reference
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own
from tests.unit.plugins.module_utils.stack.toy import SCOPE


class Road(Kind):
    """Its way is set late."""

    name = "road"
    doc = "A road."
    service = "toy"
    identity = "tag"
    fields = {"bridge": reference("bridge", "Where it leads.", late=True)}

    def create(self, want: Want) -> Iterator[Step]:
        if want.leaving:
            yield Wait("toy", "Get", {"name": want.name}, "id")
        yield Call("toy", "Create", {"name": want.name}, gives={"id": "id"})

    def complete(self, want: Want) -> Iterator[Step]:
        yield Call("toy", "Set", {"id": Own(), "bridge": want.get("bridge")})

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("toy", "Delete", {"id": have.id})


class Bridge(Road):
    name = "bridge"
    fields = {}

    def complete(self, want: Want) -> Iterator[Step]:
        return iter(())


class Path(Road):
    """Taken before it leads anywhere, and lets bridges fall."""

    name = "path"
    usable_early = True
    fields = {"bridge": reference("bridge", "Where it leads.", late=True, holds=False)}


class River(Bridge):
    name = "river"
    outlives = ("bridge",)


class House(Bridge):
    name = "house"
    fields = {"road": reference("road", "Its road."), "path": reference("path", "Its path.")}


KINDS: dict[str, Kind] = {kind.name: kind for kind in (Bridge(), Road(), Path(), River(), House())}
DOCUMENTS = [
    {"type": "bridge", "name": "b"},
    {"type": "road", "name": "r", "bridge": "b"},
    {"type": "path", "name": "p", "bridge": "b"},
    {"type": "river", "name": "w"},
    {"type": "house", "name": "h", "road": "r", "path": "p"},
]
WANTS = Catalogue(KINDS, {}, lambda wants, scope: ()).load(DOCUMENTS, SCOPE)


def have(kind: str, name: str, leaving: bool = False, **fields: Any) -> Have:
    return Have(kind, name, fields, {"id": f"{kind}-{name}"}, {NAME_TAG: name}, leaving=leaving)


STANDING = [
    have("bridge", "b"),
    have("road", "r", bridge="bridge-b"),
    have("path", "p", bridge="bridge-b"),
    have("river", "w"),
    have("house", "h", road="road-r", path="path-p"),
]


def needs(haves: list[Have], identity: str, **aim: Any) -> set[str]:
    return make_plan(KINDS, WANTS, haves, dataclasses.replace(Aim(), **aim)).nodes[identity].needs


def test_a_reference_waits_for_the_whole_of_it_unless_it_is_usable_early() -> None:
    assert needs([], "create house.h") == {"create road.r", "complete road.r", "create path.p"}


def test_what_refers_to_a_resource_goes_before_it_unless_the_reference_does_not_hold() -> None:
    assert needs(STANDING, "delete bridge.b", absent=True) == {"delete road.r"}


def test_a_kind_that_outlives_another_goes_after_it() -> None:
    assert needs(STANDING, "delete river.w", absent=True) == {"delete bridge.b"}


def test_a_predecessor_that_is_leaving_does_not_stand_and_is_waited_for() -> None:
    nodes = make_plan(KINDS, WANTS, [have("road", "r", leaving=True)], Aim()).nodes
    assert [type(step) for step in nodes["create road.r"].steps] == [Wait, Call]
    assert [type(step) for step in nodes["create path.p"].steps] == [Call]
