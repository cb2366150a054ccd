# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Availability zones as users write them: a letter of the stack's region, or a full name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Field, list_of, string


def zones_field(doc: str) -> Field:
    return list_of(string("A letter (`a`) or a full name (`us-east-1a`)."), doc, required=True)


def zone_name(zone: str, scope: Scope) -> str:
    """``a`` → ``us-east-1a``; a full name stays as it is."""
    return f"{scope.region}{zone}" if len(zone) == 1 else zone


def letter(zone: str) -> str:
    """The letter of a zone, by which subnets are named."""
    return zone[-1]


def zone_problems(zones: Sequence[str], scope: Scope, least: int = 1) -> Iterator[str]:
    """What is wrong with a list of zones: not of the region, named twice, fewer than ``least``."""
    for zone in zones:
        if not re.fullmatch(re.escape(scope.region) + "[a-z]", zone_name(zone, scope)):
            yield f"zones: {zone!r} is no zone of {scope.region}; write a letter such as `a`, or `{scope.region}a`"
    if len({zone_name(zone, scope) for zone in zones}) < len(zones):
        yield "zones: a zone is named twice; name each once"
    if len(zones) < least:
        yield f"zones: {len(zones)} named, at least {least} needed; add another letter"
