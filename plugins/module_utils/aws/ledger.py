# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's store: one DynamoDB table ``slipway`` per account and region, made on first use and kept by destroy.

DynamoDB because its conditional put compares and swaps; a bucket would be part of a stack, and SSM parameters cannot
swap.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.session import Session
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.journal import Entry

TABLE = "slipway"
_ACTIVE_SECONDS = 120


class Ledger:
    """``stack.journal.Store`` on DynamoDB."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self, stack: str) -> Entry | None:
        params = {"TableName": TABLE, "Key": {"stack": {"S": stack}}, "ConsistentRead": True}
        answer = self._session.call("dynamodb", "GetItem", params, missing=("ResourceNotFoundException",))
        return _entry(answer["Item"]) if answer and "Item" in answer else None

    def swap(self, stack: str, entry: Entry, seen: Entry | None) -> bool:
        params: dict[str, Any] = {"TableName": TABLE, "Item": {"stack": {"S": stack}, **_item(entry)}}
        if seen is None:
            params["ConditionExpression"] = "attribute_not_exists(stack)"
        else:
            params["ConditionExpression"] = "run = :run AND beat = :beat"
            params["ExpressionAttributeValues"] = {":run": {"S": seen.run}, ":beat": {"N": repr(seen.beat)}}
        try:
            self._put(params)
        except ProviderError as error:
            if error.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _put(self, params: dict[str, Any]) -> None:
        try:
            self._session.send("dynamodb", "PutItem", params)
        except ProviderError as error:
            if error.code != "ResourceNotFoundException":
                raise
            self._create_table()
            self._session.send("dynamodb", "PutItem", params)

    def _create_table(self) -> None:
        table = {
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "stack", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "stack", "KeyType": "HASH"}],
            "Tags": as_list({"ManagedBy": "Slipway"}),
        }
        try:
            self._session.send("dynamodb", "CreateTable", table)
        except ProviderError as error:
            if error.code != "ResourceInUseException":
                raise
        self._session.wait("dynamodb", "table_exists", {"TableName": TABLE}, _ACTIVE_SECONDS)


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "run": {"S": entry.run},
        "owner": {"S": entry.owner},
        "lease_until": {"N": repr(entry.lease_until)},
        "beat": {"N": repr(entry.beat)},
        "intents": {"S": json.dumps(entry.intents, sort_keys=True)},
        "finished": {"BOOL": entry.finished},
        "note": {"S": entry.note},
    }


def _entry(item: dict[str, Any]) -> Entry:
    return Entry(
        run=item["run"]["S"],
        owner=item["owner"]["S"],
        lease_until=float(item["lease_until"]["N"]),
        beat=float(item["beat"]["N"]),
        intents=json.loads(item["intents"]["S"]),
        finished=item["finished"]["BOOL"],
        note=item["note"]["S"],
    )
