# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of the EC2 API shares: found by the stack's tag in one paginated call, tagged by the call that
creates it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG


class Ec2Kind(Kind):
    """A resource of the EC2 API. Subclasses say how it is listed and what one row of the listing means."""

    service = "ec2"
    identity = "tag"
    listing: ClassVar[tuple[str, str]]
    """Describe operation and the path of its items: ``("DescribeVpcs", "Vpcs")``."""
    id_key: ClassVar[str]
    tag_type: ClassVar[str]
    """ResourceType of TagSpecifications."""
    state_key: ClassVar[str] = "State"
    gone_states: ClassVar[tuple[str, ...]] = ()
    """States in which the API still lists what no longer exists."""
    leaving_states: ClassVar[tuple[str, ...]] = ()
    """States in which it still holds what a successor needs."""

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of one listed row, in the document's terms."""
        raise NotImplementedError

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of one listed row."""
        return {"id": row[self.id_key]}

    def rows(self, reader: Reader) -> list[dict[str, Any]]:
        operation, path = self.listing
        filters = [{"Name": f"tag:{STACK_TAG}", "Values": [reader.scope.stack]}]
        rows = reader.pages("ec2", operation, path, {self.filter_key: filters})
        return [row for row in rows if self.state(row) not in self.gone_states]

    def state(self, row: Mapping[str, Any]) -> Any:
        return row.get(self.state_key)

    filter_key: ClassVar[str] = "Filters"

    def read(self, reader: Reader, request: Request) -> list[Have]:
        return [self.have(row) for row in self.rows(reader)]

    def have(self, row: Mapping[str, Any]) -> Have:
        tags = as_map(row.get("Tags", []))
        return Have(
            kind=self.name,
            name=tags.get(NAME_TAG, ""),
            fields=self.observe(row),
            attributes=self.describe(row),
            tags=tags,
            physical_name=tags.get("Name", ""),
            leaving=self.state(row) in self.leaving_states,
            pending=self.state(row) in ("pending", "creating"),
        )

    def tagged(self, want: Want, *more: str) -> dict[str, Any]:
        """The TagSpecifications of a create call, for this kind's type and any others that the call makes."""
        return {
            "TagSpecifications": [
                {"ResourceType": tag_type, "Tags": as_list(want.tags)} for tag_type in (self.tag_type, *more)
            ]
        }

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        if tags:
            yield Call("ec2", "CreateTags", {"Resources": [have.id], "Tags": as_list(tags)})
        if gone:
            yield Call("ec2", "DeleteTags", {"Resources": [have.id], "Tags": [{"Key": key} for key in gone]})
