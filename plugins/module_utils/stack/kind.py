# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of resource is: declared fields, a bounded read, and pure functions that give the calls of each step.

A kind sends nothing itself. ``create``, ``complete``, ``update``, ``clear`` and ``delete`` yield calls and waits;
the planner shows
them and the executor sends exactly them. Only ``read`` talks to the provider, through a ``Reader``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils.stack.names import GENERATION_TAG, NAME_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Field
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, references

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Listing:
    """A page of a read, and what is under ``path`` (JMESPath) of it. ``what``: that in words, for the plan."""

    service: str
    operation: str
    params: Mapping[str, Any]
    path: str
    what: str


PAGE = Own("page")
"""In a call's parameters: what is under the path of the page that it is sent for."""


@dataclass(frozen=True)
class Call:
    """One mutating request.

    ``gives``: attribute of the resource → path (JMESPath, a string or ``Text``) in the response. ``token``: the
    parameter that carries a client token.
    ``done``: error codes that mean the work is already done. ``patience``: error codes to try again on, for what the
    provider
    does not see yet or still holds → seconds.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    gives: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    done: tuple[str, ...] = ()
    patience: Mapping[str, int] = field(default_factory=dict)
    beside: bool = False
    """It is sent at once with the calls next to it that say so too."""
    each: Listing | None = None
    """It is sent for one page (``PAGE``) of a listing after another, until nothing is left. It must take away what it
    is sent for."""


@dataclass(frozen=True)
class Wait:
    """Poll a describe call until ``path`` (JMESPath, a string or ``Text``) has one of the values ``until``.

    ``gone`` codes count as reached.

    With ``until`` empty the wait is for absence: a ``gone`` code or an empty result.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    path: Any
    until: tuple[str, ...] = ()
    fail: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    gives: Mapping[str, Any] = field(default_factory=dict)
    deadline: int = 600


Step: TypeAlias = "Call | Wait"


@dataclass
class Want:
    """A checked document, its references resolved as far as they are known."""

    kind: str
    name: str
    values: dict[str, Any]
    component: str
    physical_name: str
    tags: dict[str, str]
    scope: Scope
    path: str = ""
    protect: bool = False
    adopt: bool = False
    generation: int = 1
    leaving: bool = False
    """A predecessor is still being deleted."""
    written: Mapping[str, Any] = field(default_factory=dict)
    """The values as the document says them, no reference resolved."""

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.name


@dataclass
class Have:
    """A resource as the account holds it. References inside ``fields`` are the referred attribute's value (ids)."""

    kind: str
    name: str
    fields: dict[str, Any]
    attributes: dict[str, Any]
    tags: dict[str, str]
    physical_name: str = ""
    foreign: bool = False
    leaving: bool = False
    """It is being deleted, and may still hold what its successor needs."""
    pending: bool = False
    """It is still being made, by a run that did not wait for the end of it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.name

    @property
    def id(self) -> Any:
        return self.attributes["id"]

    @property
    def component(self) -> str:
        return self.tags.get("Component", "")

    @property
    def generation(self) -> int:
        return int(self.tags.get(GENERATION_TAG, "1"))


class Reader(Protocol):
    """Read access to the provider, safe to share between threads."""

    scope: Scope

    def call(
        self, service: str, operation: str, params: Mapping[str, Any] | None = None, missing: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        """One read; None when it fails with one of the ``missing`` codes."""
        raise NotImplementedError

    def pages(
        self,
        service: str,
        operation: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        missing: Sequence[str] = (),
    ) -> list[Any]:
        """All items under ``path`` (JMESPath) of every page."""
        raise NotImplementedError

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """``function`` over the items, several at once, in their order."""
        raise NotImplementedError


@dataclass(frozen=True)
class Swept:
    """A resource that the provider's tag index lists as ours: minutes behind, so only a hint of where to look."""

    arn: str
    tags: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.tags.get(NAME_TAG, "")


@dataclass(frozen=True)
class Request:
    """What a kind's read is asked for."""

    wants: Sequence[Want]
    """The declared documents of this kind."""
    swept: Sequence[Swept]
    """What the tag index holds of this kind (by ``Kind.arn``)."""
    found: Callable[[str], list[Have]]
    """The resources of another kind, for kinds read with their parent; waits for that read."""


class Kind:
    """Base of all kinds. Subclasses are stateless; one instance serves every document of the kind."""

    name: ClassVar[str]
    doc: ClassVar[str]
    service: ClassVar[str]
    identity: ClassVar[str]
    """``tag``, ``name``, ``parent`` or ``token``: how a resource is found again and known to be ours."""
    fields: ClassVar[Mapping[str, Field]]
    attributes: ClassVar[Mapping[str, str]] = {"id": "identifier"}
    """What other documents and users may refer to → its doc."""
    resource_type: ClassVar[str] = ""
    """The `{resource-type}` of physical names; the kind's name with dashes unless said."""
    name_limit: ClassVar[int] = 255
    account_suffix: ClassVar[bool] = False
    """Whether the physical name must be globally unique, so ends in the account id."""
    create_first: ClassVar[bool] = False
    """Replacement makes the new one before the old one goes; otherwise the old one goes first, because a name,
    address or port is unique.
    """
    down: ClassVar[str] = ""
    """What a replacement takes down meanwhile, for the plan."""
    after: ClassVar[tuple[str, ...]] = ()
    """Kinds that must stand before this one although no field refers to them (and go after it)."""
    outlives: ClassVar[tuple[str, ...]] = ()
    """Kinds that go before this one although no field of theirs refers to it."""
    usable_early: ClassVar[bool] = False
    """What refers to it needs it made, not its late fields set."""
    protected: ClassVar[bool] = False
    lock: ClassVar[str] = ""
    """The field by which the provider itself refuses deletion. Where on, the resource is protected, and ``delete``
    turns it off first."""
    taggable: ClassVar[bool] = True
    tag_limit: ClassVar[int] = 50
    bundled: ClassVar[bool] = False
    """Steps of this kind with the same ``bundle`` become one step with one merged call."""
    arn: ClassVar[str] = ""
    """Regular expression of this kind's ARNs, to recognise it in the tag index. Empty: the kind's own read finds all
    that is ours.
    """
    calls: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """API operations by purpose: ``{"read": (...), "write": (...)}``, each `Operation` of ``service`` or
    `service:Operation`. A field's name as the purpose: only where a document has it on.
    """

    def read(self, reader: Reader, request: Request) -> list[Have]:
        raise NotImplementedError

    def create(self, want: Want) -> Iterator[Step]:
        """The calls that make the resource without its late fields. One of them gives the attribute ``id``."""
        raise NotImplementedError

    def complete(self, want: Want) -> Iterator[Step]:
        """The calls that set the late fields of a resource just made (``Own()`` is its id)."""
        return iter(())

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        """The calls that bring the named fields of an existing resource to what is wanted."""
        return iter(())

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        return iter(())

    def clear(self, have: Have) -> Iterator[Step]:
        """What must be taken off a resource before *others* that it refers to by late fields can be deleted."""
        return iter(())

    def delete(self, have: Have) -> Iterator[Step]:
        raise NotImplementedError

    def physical_name(self, scope: Scope, name: str, values: Mapping[str, Any]) -> str:
        return scope.physical_name(
            self.resource_type or self.name.replace("_", "-"), name, self.name_limit, self.account_suffix
        )

    def marks(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        """Tags that keep in the account what only a document says and its deletion must know."""
        return {}

    def bundle(self, subject: Want | Have) -> Any:
        """What steps are merged by: a parent's id, or its reference while it is not known."""
        raise NotImplementedError

    def merge(self, calls: Sequence[Call]) -> Call:
        raise NotImplementedError

    def forbid(self, have: Have, want: Want) -> Iterator[str]:
        """Changes of what exists that the provider would refuse: yields what is wrong, each with its remedy."""
        return iter(())

    def check(self, want: Want) -> Iterator[str]:
        """Rules between the fields of one document: yields what is wrong, each with its remedy."""
        return iter(())


def ordering_references(kind: Kind, values: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The documents that must exist before one with these values is created."""
    return {
        (ref.kind, ref.name)
        for name, value in values.items()
        if not kind.fields[name].late
        for ref in references(value)
    }


def late_references(kind: Kind, values: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The documents that must exist before the late fields are set."""
    return {
        (ref.kind, ref.name) for name, value in values.items() if kind.fields[name].late for ref in references(value)
    }
