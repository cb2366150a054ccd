# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a stack as rules between them see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref

Finding = tuple[str, str]
"""Path of a document or field, and what is wrong with it and its remedy."""
ANYWHERE = "0.0.0.0/0"
WAYS = ("internet_gateway", "nat_gateway", "instance")
"""What a route may lead to."""


@dataclass(frozen=True)
class Documents:
    """All checked documents. Every reference in them leads to one of them."""

    wants: Mapping[tuple[str, str], Want]
    scope: Scope

    @cached_property
    def by_kind(self) -> Mapping[str, list[Want]]:
        found: dict[str, list[Want]] = {}
        for want in self.wants.values():
            found.setdefault(want.kind, []).append(want)
        return found

    def of(self, kind: str) -> list[Want]:
        return self.by_kind.get(kind, [])

    def at(self, ref: Ref) -> Want:
        return self.wants[ref.kind, ref.name]

    def zones(self, want: Want) -> list[str]:
        """The zones of the subnets that a document names, one a subnet."""
        return [self.at(subnet)["zone"] for subnet in want["subnets"]]

    @cached_property
    def ways_out(self) -> Mapping[str, str]:
        """Name of a subnet → what its default route leads to, one of ``WAYS``; no entry without such a route."""
        return {
            subnet.name: way
            for table in self.of("route_table")
            for route in table.get("routes", [])
            if route["destination"] == ANYWHERE
            for way in WAYS
            if way in route
            for subnet in table.get("subnets", [])
        }

    @cached_property
    def public_instances(self) -> frozenset[str]:
        """Names of the instances that have a public address."""
        lasting = {each["instance"].name for each in self.of("elastic_ip") if "instance" in each.values}
        return frozenset(
            each.name for each in self.of("instance") if each.name in lasting or each.get("public_address", False)
        )


Rule = Callable[[Documents], Iterator[Finding]]
