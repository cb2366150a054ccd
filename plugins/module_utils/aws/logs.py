# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups of CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.keys import kms_key
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import integer

GONE = ("ResourceNotFoundException",)
FOR_EVER = 0
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


def log_group_arn(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{name}"


class LogGroup(Kind):
    name = "log_group"
    doc = "A log group of CloudWatch Logs."
    service = "logs"
    identity = "name"
    arn = r"arn:aws[a-z-]*:logs:[^:]+:\d+:log-group:.+"
    fields = {
        "retention": integer(
            "Days to keep events; 0 to keep them for ever.", default=30, choices=(FOR_EVER, *RETENTIONS)
        ),
        "kms_key": kms_key("ARN of the key that encrypts it, instead of the service's own."),
    }
    attributes = {"id": "its name", "arn": "its ARN"}
    calls = {
        "read": ("DescribeLogGroups", "ListTagsForResource"),
        "write": (
            "CreateLogGroup",
            "PutRetentionPolicy",
            "DeleteRetentionPolicy",
            "AssociateKmsKey",
            "TagResource",
            "UntagResource",
            "DeleteLogGroup",
        ),
    }

    def physical_name(self, scope: Scope, name: str, values: Mapping[str, Any]) -> str:
        return f"/slipway/{scope.stack}/{name}"

    def read(self, reader: Reader, request: Request) -> list[Have]:
        wanted = {want.physical_name: want.name for want in request.wants}
        swept = {one.arn.split(":", 6)[6].removesuffix(":*") for one in request.swept}
        found = reader.each(lambda name: self._read(reader, name, wanted), sorted(wanted.keys() | swept))
        return [have for have in found if have and (not have.foreign or have.physical_name in wanted)]

    def _read(self, reader: Reader, name: str, wanted: Mapping[str, str]) -> Have | None:
        # Groups are listed in the order of their names, so one that has the prefix itself for its name comes first.
        answer = reader.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": name, "limit": 1}) or {}
        row = next((row for row in answer["logGroups"] if row["logGroupName"] == name), None)
        if row is None:
            return None
        arn = row["arn"].removesuffix(":*")
        labels = reader.call("logs", "ListTagsForResource", {"resourceArn": arn}, missing=GONE) or {}
        tags = labels.get("tags", {})
        fields = {"retention": row.get("retentionInDays", FOR_EVER), "kms_key": row.get("kmsKeyId")}
        foreign = tags.get(STACK_TAG) != reader.scope.stack
        document = wanted.get(name) or tags.get(NAME_TAG, "")
        return Have(self.name, document, fields, {"id": name, "arn": arn}, tags, name, foreign)

    def create(self, want: Want) -> Iterator[Step]:
        name = want.physical_name
        params = {"logGroupName": name, "tags": dict(want.tags)}
        if "kms_key" in want.values:
            params["kmsKeyId"] = want["kms_key"]
        gives = {"id": f"'{name}'", "arn": f"'{log_group_arn(want.scope, name)}'"}
        # Creation or deletion of the same name may still be under way.
        yield Call("logs", "CreateLogGroup", params, gives=gives, patience={"OperationAbortedException": 60})
        if want["retention"] != FOR_EVER:
            yield self._retain(name, want["retention"])

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        if "retention" in changed:
            yield self._retain(have.id, want["retention"])
        if "kms_key" in changed:
            yield Call("logs", "AssociateKmsKey", {"logGroupName": have.id, "kmsKeyId": want["kms_key"]})

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        group = {"resourceArn": have.attributes["arn"]}
        if tags:
            yield Call("logs", "TagResource", {**group, "tags": dict(tags)})
        if gone:
            yield Call("logs", "UntagResource", {**group, "tagKeys": list(gone)})

    def delete(self, have: Have) -> Iterator[Step]:
        busy = {"OperationAbortedException": 60}
        yield Call("logs", "DeleteLogGroup", {"logGroupName": have.id}, done=GONE, patience=busy)

    def _retain(self, group: str, days: int) -> Call:
        if days == FOR_EVER:
            return Call("logs", "DeleteRetentionPolicy", {"logGroupName": group})
        return Call("logs", "PutRetentionPolicy", {"logGroupName": group, "retentionInDays": days})
