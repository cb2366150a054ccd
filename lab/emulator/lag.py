# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read-after-write lag: what was just made is not seen by listing and describing calls for a while.

AWS's APIs are eventually consistent: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html. One mechanism for all services: identities are
noted with the time from which they are visible, and answers of reading calls are filtered by them. The answer of the
creating call itself, and calls that change something, see everything.
"""

from __future__ import annotations

import dataclasses
import random
import re
import time
from collections.abc import Iterator

from lab.emulator.answers import Answer, error
from lab.emulator.lag_edit import without, without_tags
from lab.emulator.lag_kinds import KINDS, Kind
from lab.emulator.request import Call

_PROFILE = next(kind for kind in KINDS["iam"] if "CreateInstanceProfile" in kind.create)


@dataclasses.dataclass(frozen=True)
class _New:
    """One resource that is not visible yet: its kind, its identities, and when it will be."""

    kind: Kind
    identities: frozenset[str]
    visible: float


class Lag:
    """The resources and tags that are not visible yet. ``bounds`` are in milliseconds."""

    def __init__(self, bounds: tuple[int, int], seed: int) -> None:
        self._bounds = bounds
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Show everything, and begin the random lags from the start."""
        self._random = random.Random(self._seed)  # noqa: S311  # repeatable on purpose
        self.show()

    def show(self) -> None:
        """Show everything that was made so far."""
        self._new: list[_New] = []
        self._tags: dict[tuple[str, str], float] = {}

    def missing(self, call: Call) -> Answer | None:
        """The "not found" for a reading call that asks by name or id for what is not visible yet."""
        self._expire()
        if call.mutating or not self._new:
            return self._profile_unseen(call)
        asked = list(call.arguments)
        for new in self._new:
            kind = new.kind
            if kind.service == call.service and kind.missing and _asks(kind, new.identities, call.operation, asked):
                identity = min(new.identities, key=len)
                return error(call.protocol, kind.missing, f"{identity} does not exist (it was just made)", kind.status)
        return None

    def _profile_unseen(self, call: Call) -> Answer | None:
        """EC2 takes as long to see a new instance profile. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"""
        for name, value in call.form.items() if call.service == "ec2" else ():
            if name.startswith("IamInstanceProfile.") and value.rpartition("/")[2] in self._identities(_PROFILE):
                parameter = f"iamInstanceProfile.{name.rpartition('.')[2].lower()}"
                message = f"Value ({value}) for parameter {parameter} is invalid. Invalid IAM Instance Profile"
                return error("ec2", "InvalidParameterValue", message)
        return None

    def apply(self, call: Call, answer: Answer) -> Answer:
        """Note what `answer` says was made, or take out of it what is not visible yet."""
        if answer.status >= 300:
            return answer
        if call.mutating:
            self._note(call, answer)
            return answer
        if call.service == "resourcegroupstaggingapi":
            return without(call, answer, "ResourceTagMappingList", "ResourceARN", self._identities(None))
        return self._listed(call, answer)

    def _listed(self, call: Call, answer: Answer) -> Answer:
        for kind in KINDS.get(call.service, ()):
            if listed := kind.lists.get(call.operation):
                hidden = self._identities(kind) | self._retagged(call)
                answer = without(call, answer, listed, kind.key, hidden)
        if call.service == "ec2" and self._tags:
            return without_tags(answer, set(self._tags))
        return answer

    def _until(self) -> float:
        return time.monotonic() + self._random.uniform(*self._bounds) / 1000

    def _expire(self) -> None:
        now = time.monotonic()
        if any(new.visible <= now for new in self._new):
            self._new = [new for new in self._new if new.visible > now]
        if any(visible <= now for visible in self._tags.values()):
            self._tags = {tag: visible for tag, visible in self._tags.items() if visible > now}

    def _note(self, call: Call, answer: Answer) -> None:
        for kind in KINDS.get(call.service, ()):
            if call.operation in kind.create:
                self._new += [_New(kind, identities, self._until()) for identities in _made(kind, call, answer)]
        if (call.service, call.operation) == ("ec2", "CreateTags"):
            self._tags.update(dict.fromkeys(_tagged(call), self._until()))

    def _identities(self, kind: Kind | None) -> set[str]:
        return {identity for new in self._new if kind in (None, new.kind) for identity in new.identities}

    def _retagged(self, call: Call) -> set[str]:
        """The resources that a filter finds only by a tag that is not visible yet."""
        names = {value for name, value in call.form.items() if re.fullmatch(r"Filter\.\d+\.Name", name)}
        return {resource for resource, key in self._tags if f"tag:{key}" in names}


def _asks(kind: Kind, identities: frozenset[str], operation: str, asked: list[tuple[str, str]]) -> bool:
    for name, value in asked:
        known = kind.parameters is None or name in kind.parameters or f"{operation}.{name}" in kind.parameters
        if known and value in identities:
            return True
    return False


def _tagged(call: Call) -> Iterator[tuple[str, str]]:
    """Each resource and key that a call sets a tag for."""
    keys = [value for name, value in call.form.items() if re.fullmatch(r"Tag\.\d+\.Key", name)]
    for name, resource in call.form.items():
        if name.startswith("ResourceId."):
            yield from ((resource, key) for key in keys)


def _made(kind: Kind, call: Call, answer: Answer) -> list[frozenset[str]]:
    """The identities of each resource that one creating call has made."""
    own = frozenset([value for name, value in call.arguments if name == kind.asked][:1])
    if kind.answered is None:
        return [own] if own else []
    values = {value.decode() for value in kind.answered.findall(answer.body) if value not in call.body}
    return [frozenset({value, value.rpartition("/")[2], *own}) for value in sorted(values)]
