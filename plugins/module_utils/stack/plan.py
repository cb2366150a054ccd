# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: what becomes of each resource, and the graph of steps that brings it about. Pure data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid, Key, Problem
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Step, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change


class Refused(Invalid):
    """A plan that must not be applied.

    ``problems``: (path of the document or nothing, reason with its remedy). ``protected``: what it would have to be
    allowed to delete, as ``kind.name``.
    """

    def __init__(self, problems: Sequence[Problem], protected: Sequence[str] = ()) -> None:
        super().__init__(problems)
        self.protected = list(protected)


@dataclass(frozen=True)
class Aim:
    """What a run is asked to reach."""

    absent: bool = False
    prune: bool = True
    unprotect: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    """Components that contribute nothing and are to be pruned all the same."""


@dataclass(frozen=True)
class Difference:
    field: str
    before: Any
    after: Any
    change: Change


@dataclass
class Decision:
    """What becomes of one resource: ``add``, ``change``, ``replace``, ``destroy`` or ``keep``."""

    verb: str
    key: Key
    want: Want | None = None
    have: Have | None = None
    differences: list[Difference] = field(default_factory=list)
    outdated: list[Difference] = field(default_factory=list)
    leftover: bool = False
    """A predecessor that a replacement left behind."""

    @property
    def wanted(self) -> Want:
        """The want of a decision that has one: all but ``destroy``."""
        if self.want is None:
            raise ValueError(f"{self.verb} {self.key} has no want")
        return self.want

    @property
    def standing(self) -> Have:
        """The have of a decision that has one: all but ``add``."""
        if self.have is None:
            raise ValueError(f"{self.verb} {self.key} has no have")
        return self.have

    @property
    def goes(self) -> bool:
        """Whether the resource that stands for the key now is deleted."""
        return self.verb in ("destroy", "replace") and not self.leftover

    @property
    def component(self) -> str:
        return self.want.component if self.want else self.standing.component


@dataclass
class Node:
    """One step of the plan for one resource (or several, bundled): its calls, and the nodes that come before it."""

    id: str
    action: str
    """``create``, ``complete``, ``update``, ``await``, ``clear`` or ``delete``."""
    key: Key
    steps: list[Step]
    needs: set[str] = field(default_factory=set)
    members: list[Key] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        return [step for step in self.steps if isinstance(step, Call)]


@dataclass
class Plan:
    decisions: list[Decision]
    known: dict[Key, dict[str, Any]]
    """Attributes of what exists and stays."""
    not_considered: Mapping[str, Collection[Key]]
    """Component → its resources in the account that this run leaves alone, because the component did not contribute."""
    nodes: dict[str, Node] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Quotas and other things worth knowing before applying."""

    @property
    def changed(self) -> bool:
        return bool(self.nodes)

    def of(self, verb: str) -> list[Decision]:
        return [decision for decision in self.decisions if decision.verb == verb]


def node_id(action: str, key: Key, leftover: Have | None = None) -> str:
    return f"{action} {key[0]}.{key[1]}" + (f" {leftover.id}" if leftover else "")
