# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of a target group that come and go while it stands: registered until healthy, deregistered until drained.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

POLL = 1.0
"""Seconds between two looks at the health of a group."""
LEAVING = ("draining", "unhealthy.draining")
UNASKED = ("Target.NotInUse", "Target.HealthCheckDisabled")
"""Reasons of targets whose health nobody asks for: no listener leads to their group, or it has no checks."""


class Sender(Protocol):
    def send(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One request; raises ``ProviderError``."""
        raise NotImplementedError


class Late(Exception):
    """A target is not what it should be when its time is over. ``rows``: what the group last said of its targets."""

    def __init__(self, message: str, rows: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.rows = rows


@dataclass(frozen=True, order=True)
class Target:
    """An instance id or address, and a port."""

    id: str
    port: int

    def __str__(self) -> str:
        return f"{self.id}:{self.port}"


Rows = dict[Target, dict[str, Any]]
"""What a group says of each of its targets: id, port, state, reason, description."""


@dataclass(frozen=True)
class Group:
    """A target group, asked by requests through ``sender``. ``timeout``: seconds that a wait may last."""

    sender: Sender
    arn: str
    timeout: float
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def rows(self) -> Rows:
        answer = self.sender.send("elbv2", "DescribeTargetHealth", {"TargetGroupArn": self.arn})
        return {
            Target(one["Target"]["Id"], one["Target"]["Port"]): _row(one) for one in answer["TargetHealthDescriptions"]
        }

    def register(self, targets: Sequence[Target]) -> None:
        self._change("RegisterTargets", targets)

    def deregister(self, targets: Sequence[Target]) -> None:
        self._change("DeregisterTargets", targets)

    def await_healthy(self, targets: Sequence[Target]) -> Rows:
        """Wait until each is healthy, or nobody asks for its health. Raises ``Late``."""
        return self._await(targets, "healthy", lambda row: row is not None and _settled(row))

    def await_gone(self, targets: Sequence[Target]) -> Rows:
        """Wait until none is in the group any more. Raises ``Late``."""
        return self._await(targets, "drained", lambda row: row is None)

    def _change(self, operation: str, targets: Sequence[Target]) -> None:
        if targets:
            listed = [{"Id": target.id, "Port": target.port} for target in targets]
            self.sender.send("elbv2", operation, {"TargetGroupArn": self.arn, "Targets": listed})

    def _await(self, targets: Sequence[Target], state: str, done: Callable[[dict[str, Any] | None], bool]) -> Rows:
        deadline = self.clock() + self.timeout
        while True:
            rows = self.rows()
            missing = [target for target in targets if not done(rows.get(target))]
            if not missing:
                return rows
            if self.clock() >= deadline:
                raise Late(f"not {state} after {self.timeout:g} s: {_states(missing, rows)}", listed(rows))
            self.pause(POLL)


def registered(rows: Rows) -> set[Target]:
    """Those that are not on their way out."""
    return {target for target, row in rows.items() if row["state"] not in LEAVING}


def listed(rows: Rows) -> list[dict[str, Any]]:
    """As a module returns them."""
    return [rows[target] for target in sorted(rows)]


def healthy(rows: Rows, besides: Collection[Target]) -> int:
    """How many are healthy, other than those."""
    return sum(row["state"] == "healthy" for target, row in rows.items() if target not in besides)


def _row(description: Mapping[str, Any]) -> dict[str, Any]:
    target, health = description["Target"], description["TargetHealth"]
    told = {"reason": health.get("Reason", ""), "description": health.get("Description", "")}
    return {"id": target["Id"], "port": target["Port"], "state": health["State"], **told}


def _settled(row: Mapping[str, Any]) -> bool:
    return row["state"] == "healthy" or (row["state"] in ("unused", "unavailable") and row["reason"] in UNASKED)


def _states(targets: Sequence[Target], rows: Rows) -> str:
    return "; ".join(f"{target} is {_told(rows.get(target))}" for target in targets)


def _told(row: Mapping[str, Any] | None) -> str:
    """A target's state with AWS's reason for it."""
    if row is None:
        return "not registered"
    why = ", ".join(text for text in (row["reason"], row["description"]) if text)
    return f"{row['state']} ({why})" if why else str(row["state"])
