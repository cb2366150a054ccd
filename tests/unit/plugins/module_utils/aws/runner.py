# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of moto's, and just enough of an executor to send to it what kinds yield.

    account.create(Vpc(), "main", cidr="10.0.0.0/16")
    have = account.have(Vpc(), "main")
    assert account.differences(Vpc(), "main") == {}
    account.update(Vpc(), "main", cidr="10.0.0.0/16", dns_support=False)
    account.delete(Vpc(), "main")

``account`` is a fixture of conftest.py. The real executor and reader have tests of their own.
"""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError

from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    PAGE,
    Call,
    Have,
    Item,
    Kind,
    Listing,
    Reader,
    Request,
    Result,
    Step,
    Swept,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change, comparable
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, deferred, resolve, reveal
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import SCOPE, problems, want

WAIT_SECONDS = 5.0
"""How long a wait may last here: moto's states change at once or at the next reads."""


@cache
def _session() -> Any:
    """One for all tests: it keeps the services' models, which take long to load."""
    return boto3.Session()


class MotoReader(Reader):
    """Reads through boto3, one after the other."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.clients: dict[str, Any] = {}
        self.operations: list[str] = []
        """Every read sent, in order, as ``service:Operation``; a page counts as one."""

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = _session().client(service, region_name=self.scope.region)
        return self.clients[service]

    def call(
        self, service: str, operation: str, params: Mapping[str, Any] | None = None, missing: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        self.operations.append(f"{service}:{operation}")
        try:
            answer: dict[str, Any] = getattr(self.client(service), xform_name(operation))(**(params or {}))
        except ClientError as error:
            if error.response["Error"]["Code"] in missing:
                return None
            raise
        return answer

    def pages(
        self,
        service: str,
        operation: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        missing: Sequence[str] = (),
    ) -> list[Any]:
        client = self.client(service)
        if not client.can_paginate(xform_name(operation)):
            return jmespath.search(path, self.call(service, operation, params, missing)) or []
        items: list[Any] = []
        try:
            for page in client.get_paginator(xform_name(operation)).paginate(**(params or {})):
                self.operations.append(f"{service}:{operation}")
                items += jmespath.search(path, page) or []
        except ClientError as error:
            if error.response["Error"]["Code"] not in missing:
                raise
        return items

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        return [function(item) for item in items]


class Account:
    """What stands in the account, by kind and name, and what was sent to it."""

    def __init__(self, scope: Scope = SCOPE) -> None:
        self.scope = scope
        self.reader = MotoReader(scope)
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        self.wants: dict[tuple[str, str], Want] = {}
        self.kinds: dict[str, Kind] = {}
        self.sent: list[Call] = []
        """Every call sent, in order, as sent but for secrets."""

    def client(self, service: str) -> Any:
        """boto3, to make or look at what no kind covers."""
        return self.reader.client(service)

    def want(self, kind: Kind, name: str = "main", /, **given: Any) -> Want:
        """The document with the references resolved to what this account holds."""
        wanted = want(kind, name, **given)
        wanted.values = {field: resolve(value, self._lookup({})) for field, value in wanted.values.items()}
        self.wants[wanted.key] = wanted
        self.kinds[kind.name] = kind
        return wanted

    def create(self, kind: Kind, name: str = "main", /, **given: Any) -> dict[str, Any]:
        """Create and complete a resource; its attributes as the responses gave them."""
        wanted = self.want(kind, name, **given)
        own: dict[str, Any] = {}
        self.run(kind, kind.create(wanted), own)
        assert kind.bundled or kind.identity == "parent" or own.get("id"), f"{kind.name}: no call gave an id"
        self.known[wanted.key] = own
        self.run(kind, kind.complete(self.want(kind, name, **given)), own)
        return own

    def read(self, kind: Kind, swept: Sequence[Swept] = ()) -> list[Have]:
        """All of ``kind`` that the kind's own read finds."""
        wants = [wanted for (kind_name, _name), wanted in self.wants.items() if kind_name == kind.name]
        return kind.read(self.reader, Request(wants, swept, lambda parent: self.read(self.kinds[parent])))

    def have(self, kind: Kind, name: str = "main") -> Have:
        found = [have for have in self.read(kind) if have.name == name]
        assert len(found) == 1, f"{kind.name}.{name}: {len(found)} found"
        return found[0]

    def differences(self, kind: Kind, name: str = "main") -> dict[str, tuple[Any, Any]]:
        """Fields whose observed value is not the last wanted one: field → (wanted, observed). {} = converged."""
        return _differences(kind, self.wants[kind.name, name], self.have(kind, name))

    def update(self, kind: Kind, name: str = "main", /, **given: Any) -> list[Call]:
        """Bring an existing resource to the document given; the calls this took. What differs must be mutable."""
        have, wanted, before = self.have(kind, name), self.want(kind, name, **given), len(self.sent)
        changed = frozenset(
            field for field in _differences(kind, wanted, have) if kind.fields[field].change is not Change.CREATE_ONLY
        )
        assert changed, "the update changes nothing"
        replaced = [field for field in changed if kind.fields[field].change is Change.REPLACE]
        assert not replaced, f"{replaced} ask for a replacement"
        self.run(kind, kind.update(have, wanted, changed), have.attributes)
        return self.sent[before:]

    def delete(self, kind: Kind, name: str = "main", *, twice: bool = True) -> list[Call]:
        """Clear and delete a resource; the calls this took. Deleted twice, because a delete must be idempotent.

        ``twice=False`` where moto answers the second time otherwise than AWS: say how, beside it.
        """
        have, before = self.have(kind, name), len(self.sent)
        self.run(kind, kind.clear(have), have.attributes)
        self.run(kind, kind.delete(have), have.attributes)
        calls = self.sent[before:]
        if twice:
            self.run(kind, kind.delete(have), have.attributes)
        del self.known[have.key], self.wants[have.key]
        return calls

    def run(self, kind: Kind, steps: Iterable[Step], own: dict[str, Any]) -> None:
        """Send steps as the executor does: ``own`` collects what they give. Every request is checked first."""
        steps = list(steps)
        if kind.bundled and steps:
            steps = [kind.merge([step for step in steps if isinstance(step, Call)])]
        for step in steps:
            assert problems(kind, [step]) == []
            if isinstance(step, Call) and step.each:
                self._send_each(step, step.each)
                continue
            params = resolve(step.params, self._lookup(own))
            if isinstance(step, Call):
                answer = self._send(step, params)
            else:
                answer = self._await(dataclasses.replace(step, path=resolve(step.path, self._lookup(own))), params)
            gives = resolve(step.gives, self._lookup(own))
            given = {attribute: jmespath.search(path, answer) for attribute, path in gives.items()}
            own.update({attribute: value for attribute, value in given.items() if value is not None})

    def _send_each(self, call: Call, listing: Listing) -> None:
        while True:
            answer = self.reader.call(listing.service, listing.operation, listing.params, call.done) or {}
            page = jmespath.search(listing.path, answer)
            if not page:
                return
            self._send(call, resolve(call.params, lambda ref: page if ref == PAGE else ref))  # noqa: B023

    def _lookup(self, own: Mapping[str, Any]) -> Callable[[Ref | Own], Any]:
        def lookup(reference: Ref | Own) -> Any:
            if isinstance(reference, Own):
                return own.get(reference.attribute, reference)
            return self.known.get((reference.kind, reference.name), {}).get(reference.attribute, reference)

        return lookup

    def _send(self, call: Call, params: dict[str, Any]) -> Any:
        self.sent.append(Call(call.service, call.operation, params, call.gives, call.token, call.done, call.patience))
        revealed = reveal(params)
        assert not deferred(revealed), f"{call.operation}: not all known: {revealed}"
        if call.token:
            revealed[call.token] = uuid.uuid4().hex
        try:
            answer = getattr(self.client(call.service), xform_name(call.operation))(**revealed)
            _raise_unsuccessful(call.operation, answer)
            return answer
        except ClientError as error:
            if error.response["Error"]["Code"] in call.done:
                return {}
            raise

    def _await(self, wait: Wait, params: dict[str, Any]) -> Any:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = self.reader.call(wait.service, wait.operation, params, wait.gone)
            value = jmespath.search(wait.path, answer) if answer is not None else None
            if answer is None or (value in wait.until if wait.until else not value):
                return answer or {}
            assert value not in wait.fail, f"{wait.operation}: {wait.path} is {value!r}"
            assert time.monotonic() < deadline, f"{wait.operation}: {wait.path} stays {value!r}, not {wait.until}"
            time.sleep(0.02)


def _raise_unsuccessful(operation: str, answer: Mapping[str, Any]) -> None:
    """EC2's calls for several resources answer 200 and list what failed."""
    for item in answer.get("Unsuccessful", []):
        raise ClientError({"Error": item["Error"]}, operation)


def _differences(kind: Kind, wanted: Want, have: Have) -> dict[str, tuple[Any, Any]]:
    """As the planner compares: only declared fields; what cannot be observed must be create-only."""
    pairs = {
        field: (comparable(value, kind.fields[field]), comparable(have.fields.get(field), kind.fields[field]))
        for field, value in wanted.values.items()
        if field in have.fields or kind.fields[field].change is not Change.CREATE_ONLY
    }
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
