# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Physical names and tags: the one place where both are made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

STACK_TAG = "slipway:stack"
NAME_TAG = "slipway:name"
GENERATION_TAG = "slipway:generation"
DIGEST_TAG = "slipway:digest"
GROUP_TAG = "slipway:group"
USER_TAGS_TAG = "slipway:tags"
"""Keys of the user's own tags, so that one dropped from the inventory is dropped from the resource, and no other."""
RESERVED_TAGS = frozenset({"Project", "Environment", "ManagedBy", "Component", "CostCenter", "Owner", "Name"})


@dataclass(frozen=True)
class Scope:
    """Where a stack lives and who pays for it. ``stack`` is its identity and the prefix of every name."""

    project: str
    environment: str
    region: str
    stack: str = ""
    account: str = ""
    partition: str = "aws"
    cost_center: str = "engineering"
    owner: str = "platform-team"
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stack:
            object.__setattr__(self, "stack", f"{self.project}-{self.environment}")

    def physical_name(self, resource_type: str, identifier: str, limit: int, account_suffix: bool = False) -> str:
        """``{project}-{environment}-{resource-type}[-{identifier}]``; `main` needs no identifier.

        A name longer than ``limit`` characters is cut and ends in six characters of the whole name's hash; a
        globally unique
        one ends in the account id.
        """
        parts = [self.stack, resource_type] + ([identifier] if identifier != "main" else [])
        suffix = f"-{self.account}" if account_suffix else ""
        return shorten("-".join(part for part in parts if part), limit - len(suffix)) + suffix

    def ownership(self, component: str, name: str, physical_name: str, extra: Mapping[str, str]) -> dict[str, str]:
        """The tags of one resource: the user's, the six of the house, and the engine's own."""
        user = {**self.tags, **extra}
        return {
            **user,
            **({USER_TAGS_TAG: " ".join(sorted(user))} if user else {}),
            "Project": self.project,
            "Environment": self.environment,
            "ManagedBy": "Slipway",
            "Component": component,
            "CostCenter": self.cost_center,
            "Owner": self.owner,
            "Name": physical_name,
            STACK_TAG: self.stack,
            NAME_TAG: name,
        }


def shorten(name: str, limit: int) -> str:
    """Cut a name to ``limit`` characters, keeping it distinct by six characters of its hash."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 7].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def digest(value: str) -> str:
    """A short fingerprint of something that cannot be read back (user data, key material), kept in a tag."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]
