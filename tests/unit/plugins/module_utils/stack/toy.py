# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud of boxes in memory, to test the engine without any real provider's rules.

A box has an id, a unique port, a size, a parent box and friends; the cloud refuses to delete what something refers to,
refuses a port twice, and shows a new box only some reads later when told so.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Catalogue, Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.journal import Entry
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    PAGE,
    Call,
    Have,
    Kind,
    Listing,
    Reader,
    Request,
    Step,
    Swept,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Plan
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    integer,
    reference,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own

SCOPE = Scope("toy", "test", "here")


class Box(Kind):
    """Unique by its port, so a replacement destroys first."""

    name = "box"
    doc = "A box."
    service = "toy"
    identity = "tag"
    attributes = {"id": "identifier", "key": "what opens it, once it is ready"}
    fields = {
        "size": integer("Its size.", default=1),
        "port": integer("Unique in the cloud.", default=None, change=Change.REPLACE),
        "paint": string("Only at birth.", change=Change.CREATE_ONLY),
        "parent": reference("box", "What it stands on.", default=None, change=Change.REPLACE),
        "lid": reference("lid", "What closes it.", default=None),
        "friends": set_of(reference("box", "A friend."), "Whom it knows.", default=[], late=True),
    }

    def read(self, reader: Reader, request: Request) -> list[Have]:
        return [
            Have(
                kind=self.name,
                name=row["tags"][NAME_TAG],
                fields=dict(row["fields"]),
                attributes={"id": row["id"], **({"key": row["key"]} if row["state"] == "ready" else {})},
                tags=row["tags"],
                physical_name=row["tags"]["Name"],
                pending=row["state"] == "pending",
            )
            for row in reader.pages("toy", "List", "rows", {"kind": self.name})
        ]

    def create(self, want: Want) -> Iterator[Step]:
        fields = {name: value for name, value in want.values.items() if not self.fields[name].late}
        yield Call("toy", "Create", {"kind": self.name, "fields": fields, "tags": want.tags}, gives={"id": "id"})
        yield Wait("toy", "Get", {"id": Own()}, "state", until=("ready",), gives={"key": "key"})

    def complete(self, want: Want) -> Iterator[Step]:
        if want.get("friends"):
            yield Call("toy", "Set", {"id": Own(), "fields": {"friends": want["friends"]}})

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        yield Call("toy", "Set", {"id": have.id, "fields": {name: want[name] for name in sorted(changed)}})

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        yield Call("toy", "Tag", {"id": have.id, "tags": tags, "gone": gone})

    def clear(self, have: Have) -> Iterator[Step]:
        if have.fields.get("friends"):
            yield Call("toy", "Set", {"id": have.id, "fields": {"friends": []}}, done=("NotFound",))

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("toy", "Delete", {"id": have.id}, done=("NotFound",))


class Lid(Box):
    """Replaced by making the new one first."""

    name = "lid"
    create_first = True
    fields = {
        "shape": string("Its shape.", default="round", change=Change.REPLACE),
        "size": integer("Its size.", default=1),
    }


class Crate(Box):
    """Made under a client token."""

    name = "crate"
    fields = {
        "size": integer("Its size.", default=1),
        "box": reference("box", "What holds it."),
        "key": reference("box", "The box that its key opens.", attribute="key"),
    }

    def create(self, want: Want) -> Iterator[Step]:
        params = {"kind": self.name, "fields": dict(want.values), "tags": want.tags}
        yield Call("toy", "Create", params, gives={"id": "id"}, token="token")


class Sack(Box):
    """Refused while it holds anything, so it is emptied first, two at a time."""

    name = "sack"
    fields = {"things": integer("How many things are put in.", default=0, change=Change.CREATE_ONLY)}

    def create(self, want: Want) -> Iterator[Step]:
        params = {"kind": self.name, "fields": dict(want.values), "tags": want.tags}
        yield Call("toy", "Create", params, gives={"id": "id"})

    def delete(self, have: Have) -> Iterator[Step]:
        where = {"id": have.id}
        things = Listing("toy", "Things", {**where, "most": 2}, "things", "what it holds")
        yield Call("toy", "Take", {**where, "things": PAGE}, done=("NotFound",), each=things)
        yield Call("toy", "Delete", where, done=("NotFound",))


class Killed(BaseException):
    """The process died here."""


class Cloud:
    """The provider's state; outlives the runs."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.hidden_reads = 0
        """For how many listings a new row stays hidden."""
        self.pending_looks = 0
        """For how many looks at it a new row stays pending."""
        self.journal: dict[str, Entry] = {}
        self.die_at: int | None = None
        """The mutating call after whose effect, but before whose answer, the process dies."""
        self.refuse: Callable[[str, dict[str, Any]], str] = lambda operation, params: ""
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}

    def show(self) -> None:
        """Let everything be seen."""
        self.hidden_reads = 0
        for row in self.rows.values():
            row["hidden"] = 0

    def state(self) -> list[Any]:
        """What there is, without ids: for comparing two ways of getting there."""
        names = {row["id"]: row["tags"][NAME_TAG] for row in self.rows.values()}

        def named(value: Any) -> Any:
            return sorted(map(named, value)) if isinstance(value, list) else names.get(value, value)

        return sorted(
            (
                row["kind"],
                row["tags"][NAME_TAG],
                # Before the first use of a set field there is none; emptied again it is an empty one.
                str(sorted((key, named(value)) for key, value in row["fields"].items() if value not in ([], None))),
            )
            for row in self.rows.values()
        )


class Toy:
    """``stack.engine.Provider`` on a cloud; also its journal's store."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.scope = SCOPE
        self.catalogue = Catalogue(
            {kind.name: kind for kind in (Box(), Lid(), Crate(), Sack())}, {}, lambda wants, scope: ()
        )

    @property
    def store(self) -> Toy:
        return self

    def identify(self, scope: Scope) -> Scope:
        return scope

    def sweep(self) -> list[Swept]:
        return []

    def prepare(self, wants: Wants) -> None:
        pass

    def preflight(self, plan: Plan) -> list[str]:
        return []

    def explain(self, step: Step, error: ProviderError) -> str:
        return ""

    def load(self, stack: str) -> Entry | None:
        return self.cloud.journal.get(stack)

    def swap(self, stack: str, entry: Entry, seen: Entry | None) -> bool:
        if self.cloud.journal.get(stack) != seen:
            return False
        self.cloud.journal[stack] = entry
        return True

    def search(self, path: str, response: Mapping[str, Any]) -> Any:
        return response.get(path)

    def call(
        self, service: str, operation: str, params: Mapping[str, Any] | None = None, missing: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        return self.send(service, operation, params or {})

    def pages(
        self,
        service: str,
        operation: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        missing: Sequence[str] = (),
    ) -> list[Any]:
        answer: list[Any] = self.send(service, operation, params or {})[path]
        return answer

    def each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [function(item) for item in items]

    def send(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        cloud = self.cloud
        with cloud._lock:
            if operation in ("List", "Get", "Things"):
                answer: dict[str, Any] = getattr(self, f"_{operation.lower()}")(**params)
                return answer
            if code := cloud.refuse(operation, dict(params)):
                raise ProviderError(code, "refused by the test")
            cloud.calls.append((operation, copy.deepcopy(dict(params))))
            answer = getattr(self, f"_{operation.lower()}")(**params)
            if cloud.die_at is not None and len(cloud.calls) >= cloud.die_at:
                raise Killed
            return answer

    def _list(self, kind: str) -> dict[str, Any]:
        shown = []
        for row in self.cloud.rows.values():
            if row["kind"] == kind:
                row["hidden"] -= 1
                if row["hidden"] < 0:
                    shown.append({**row, "tags": dict(row["tags"]), "fields": {"friends": [], **row["fields"]}})
        return {"rows": shown}

    def _get(self, id: str) -> dict[str, Any]:
        row = self._row(id)
        if row["pending_looks"] == 0:
            row["state"] = "ready"
        row["pending_looks"] -= 1
        return {"state": row["state"], "key": row["key"]}

    def _things(self, id: str, most: int) -> dict[str, Any]:
        return {"things": list(range(self._row(id)["fields"]["things"]))[:most]}

    def _take(self, id: str, things: list[int]) -> dict[str, Any]:
        self._row(id)["fields"]["things"] -= len(things)
        return {}

    def _create(self, kind: str, fields: dict[str, Any], tags: dict[str, str], token: str = "") -> dict[str, Any]:
        if token and token in self.cloud._tokens:
            return {"id": self.cloud._tokens[token]}
        port = fields.get("port")
        taken = [row["id"] for row in self.cloud.rows.values() if port and row["fields"].get("port") == port]
        if taken:
            raise ProviderError("PortInUse", f"{fields['port']} is taken by {taken[0]}")
        for other in _named(fields):
            self._row(other)
        identity = f"{kind}-{next(self.cloud._ids)}"
        row = {"id": identity, "kind": kind, "fields": fields, "tags": dict(tags), "key": f"key-of-{identity}"}
        state = {"state": "pending", "pending_looks": self.cloud.pending_looks, "hidden": self.cloud.hidden_reads}
        self.cloud.rows[identity] = {**row, **state}
        self.cloud._tokens[token] = identity
        return {"id": identity}

    def _set(self, id: str, fields: dict[str, Any]) -> dict[str, Any]:
        for other in _named(fields):
            self._row(other)
        self._row(id)["fields"].update(fields)
        return {}

    def _tag(self, id: str, tags: dict[str, str], gone: list[str]) -> dict[str, Any]:
        row = self._row(id)
        row["tags"] = {key: value for key, value in {**row["tags"], **tags}.items() if key not in gone}
        return {}

    def _delete(self, id: str) -> dict[str, Any]:
        self._row(id)
        holders = [row["id"] for row in self.cloud.rows.values() if row["id"] != id and id in _named(row["fields"])]
        if self._row(id)["fields"].get("things"):
            raise ProviderError("NotEmpty", f"{id} holds something")
        if holders:
            raise ProviderError("DependencyViolation", f"{id} is held by {holders}")
        del self.cloud.rows[id]
        return {}

    def _row(self, identity: str) -> dict[str, Any]:
        if identity not in self.cloud.rows:
            raise ProviderError("NotFound", f"{identity} does not exist", absent=True)
        return self.cloud.rows[identity]


def _named(fields: Mapping[str, Any]) -> list[str]:
    single = [fields[name] for name in ("parent", "lid", "box") if fields.get(name)]
    return [*single, *fields.get("friends", [])]
