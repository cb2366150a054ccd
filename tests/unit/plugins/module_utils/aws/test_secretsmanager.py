# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Swept
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import display
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

KMS = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
GENERATE = {"length": 20, "key": "password", "fields": {"username": "slipway"}}


def value(account: Account, name: str) -> str:
    found: str = account.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return found


def operations(calls: list[Call]) -> list[str]:
    return [call.operation for call in calls]


def test_secret(account: Account) -> None:
    kind = Secret()
    attributes = account.create(kind, "db", description="Password", generate=GENERATE, kms_key=KMS)
    assert account.have(kind, "db").attributes == attributes
    assert attributes["secret_name"] == "shop-test/db"
    assert account.differences(kind, "db") == {}
    made = json.loads(value(account, "shop-test/db"))
    assert made["username"] == "slipway"
    assert len(made["password"]) == 20
    assert made["password"] not in repr(account.sent)
    calls = account.delete(kind, "db")
    assert [(call.operation, call.params["RecoveryWindowInDays"]) for call in calls] == [("DeleteSecret", 7)]
    assert account.read(kind) == []


def test_secret_of_plain_text(account: Account) -> None:
    account.create(Secret(), generate={})
    assert value(account, "shop-test/main").isalnum()
    assert len(value(account, "shop-test/main")) == 32


def test_secret_changes_in_place(account: Account) -> None:
    kind = Secret()
    account.create(kind, description="one")
    calls = account.update(kind, description="two", kms_key=KMS, recovery_days=30)
    assert operations(calls) == ["UpdateSecret", "TagResource"]
    assert account.differences(kind) == {}
    assert account.delete(kind)[0].params["RecoveryWindowInDays"] == 30


def test_a_deleted_secret_is_absent_and_comes_back_with_its_value(account: Account) -> None:
    kind = Secret()
    account.create(kind, generate={})
    before = value(account, "shop-test/main")
    account.delete(kind)
    account.want(kind, generate={})
    assert account.read(kind) == []
    account.create(kind, generate={})
    assert value(account, "shop-test/main") == before
    assert account.differences(kind) == {}


def test_without_days_of_recovery_it_is_gone_for_good(account: Account) -> None:
    account.create(Secret(), recovery_days=0)
    (call,) = account.delete(Secret())
    assert call.params["ForceDeleteWithoutRecovery"] is True
    listed = account.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert listed == []


@pytest.mark.parametrize("deleted", [False, True])
def test_a_secret_without_our_tags_is_foreign_deleted_or_not(account: Account, deleted: bool) -> None:
    client = account.client("secretsmanager")
    client.create_secret(Name="shop-test/main", SecretString="a")
    if deleted:
        client.delete_secret(SecretId="shop-test/main")
    assert account.read(Secret()) == []
    account.want(Secret())
    assert [(have.name, have.foreign) for have in account.read(Secret())] == [("main", True)]


def test_a_swept_secret_is_looked_at(account: Account) -> None:
    arn = account.create(Secret(), "old-one")["arn"]
    account.wants.clear()
    hints = [Swept(arn, {}), Swept(arn.replace("old-one", "gone"), {})]
    assert [have.name for have in account.read(Secret(), hints)] == ["old-one"]


def test_a_plan_shows_no_value() -> None:
    create = list(Secret().create(want(Secret(), generate=GENERATE)))[1]
    assert display(create.params)["SecretString"] == "(generated secret)"


def test_an_adopted_secret_is_deleted_with_the_days_of_aws() -> None:
    have = Have("secret", "main", {"recovery_days": None}, {"id": "arn"}, {})
    assert next(iter(Secret().delete(have))).params == {"SecretId": "arn"}


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"recovery_days": 3}, "neither 0 nor 7 to 30"),
        ({"recovery_days": 31}, "30"),
        ({"recovery_days": 0}, ""),
        ({"generate": {"fields": {"username": "a"}}}, "needs generate.key"),
        ({"generate": GENERATE}, ""),
    ],
)
def test_secret_checks(document: dict[str, Any], word: str) -> None:
    found = complaints(Secret(), **document)
    assert [word in each for each in found] == ([True] if word else [])
