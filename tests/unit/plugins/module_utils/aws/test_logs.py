# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log group."""

from __future__ import annotations

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.logs import LogGroup
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Have, Swept
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

KMS = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def test_log_group(account: Account) -> None:
    kind = LogGroup()
    attributes = account.create(kind, "flow")
    assert account.have(kind, "flow").attributes == attributes
    assert attributes == {
        "id": "/slipway/shop-test/flow",
        "arn": "arn:aws:logs:us-east-1:123456789012:log-group:/slipway/shop-test/flow",
    }
    assert account.differences(kind, "flow") == {}
    operations = {90: "PutRetentionPolicy", 0: "DeleteRetentionPolicy", 30: "PutRetentionPolicy"}
    for retention, operation in operations.items():
        assert [call.operation for call in account.update(kind, "flow", retention=retention)] == [operation]
        assert account.differences(kind, "flow") == {}
    account.delete(kind, "flow")
    assert account.read(kind) == []


def test_log_group_by_a_name_of_ones_own(account: Account) -> None:
    account.create(LogGroup(), physical_name="/aws/cloud-design/applications", retention=7)
    assert account.have(LogGroup()).id == "/aws/cloud-design/applications"
    assert account.differences(LogGroup()) == {}


def test_log_group_is_not_taken_for_one_whose_name_begins_alike(account: Account) -> None:
    account.create(LogGroup(), "flow-logs")
    account.want(LogGroup(), "flow")
    assert [have.name for have in account.read(LogGroup())] == ["flow-logs"]
    account.create(LogGroup(), "flow", retention=1)
    assert account.differences(LogGroup(), "flow") == {}


def test_log_group_encryption() -> None:
    """moto does not know AssociateKmsKey."""
    have = Have("log_group", "main", {"kms_key": None}, {"id": "group"}, {})
    (call,) = LogGroup().update(have, want(LogGroup(), kms_key=KMS), frozenset({"kms_key"}))
    assert (call.operation, call.params) == ("AssociateKmsKey", {"logGroupName": "group", "kmsKeyId": KMS})


def test_log_group_retagging(account: Account) -> None:
    kind = LogGroup()
    account.create(kind)
    have = account.have(kind)
    account.run(kind, kind.retag(have, {"Owner": "data-team"}, ["CostCenter"]), have.attributes)
    tags = have.tags | {"Owner": "data-team"}
    del tags["CostCenter"]
    assert account.have(kind).tags == tags


def test_a_log_group_without_our_tags_is_foreign(account: Account) -> None:
    account.client("logs").create_log_group(logGroupName="/slipway/shop-test/main")
    account.want(LogGroup())
    assert [(have.name, have.foreign) for have in account.read(LogGroup())] == [("main", True)]


@pytest.mark.parametrize("suffix", ["", ":*"])
def test_a_swept_log_group_is_looked_at(account: Account, suffix: str) -> None:
    arn = account.create(LogGroup(), "old")["arn"]
    account.wants.clear()
    account.client("logs").create_log_group(logGroupName="/elsewhere")
    hints = [Swept(arn + suffix, {}), Swept(arn.replace("/slipway/shop-test/old", "/elsewhere"), {})]
    assert [have.name for have in account.read(LogGroup(), hints)] == ["old"]


def test_retention_is_one_of_those_that_aws_has() -> None:
    assert "31 is none of" in complaints(LogGroup(), retention=31)[0]
    assert complaints(LogGroup(), retention=14) == []
