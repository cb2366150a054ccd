# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading secrets by the names of documents and by ARN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from ansible.errors import AnsibleActionFail
from moto import mock_aws

from ansible_collections.slipway.platform.plugins.action.secrets import ActionModule
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import Session

SCOPE = {"project": "shop", "environment": "test", "region": "us-east-1"}
RDS = "rds!db-0b1c2d3e"
"""A name that no document makes."""


class Secrets:
    """An account's secrets, and the task that reads them."""

    def __init__(self) -> None:
        self.client = boto3.client("secretsmanager", "us-east-1")
        self.arns: dict[str, str] = {}

    def put(self, name: str, value: str) -> None:
        self.arns[name] = self.client.create_secret(Name=name, SecretString=value)["ARN"]

    def read(self, check: object = False, **options: object) -> dict[str, Any]:
        task = mock.Mock(args={**SCOPE, **options}, check_mode=check, async_val=0)
        return ActionModule(task, mock.Mock(), mock.Mock(), mock.Mock(), mock.Mock(), mock.Mock()).run()


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        made = Secrets()
        made.put("shop-test/orders", "one")
        made.put(RDS, "master")
        yield made


def test_values_are_under_what_was_asked_for(secrets: Secrets) -> None:
    arn = secrets.arns[RDS]
    answer = secrets.read(names=["orders"], arns=[arn])
    assert answer["secrets"] == {"orders": "one", arn: "master"}
    assert answer["unknown"] == []
    assert answer["_ansible_no_log"] is True


@pytest.mark.parametrize("way", ["names", "arns"])
def test_one_of_both_will_do(secrets: Secrets, way: str) -> None:
    asked = {"names": "orders", "arns": secrets.arns[RDS]}[way]
    assert list(secrets.read(**{way: [asked]})["secrets"]) == [asked]


def test_one_of_both_must_be_given(secrets: Secrets) -> None:
    with pytest.raises(AnsibleActionFail, match="one of the following is required: names, arns"):
        secrets.read()


def test_a_secret_may_be_asked_for_in_both_ways(secrets: Secrets) -> None:
    arn = secrets.arns["shop-test/orders"]
    assert secrets.read(names=["orders"], arns=[arn])["secrets"] == {"orders": "one", arn: "one"}


@pytest.mark.parametrize("name", ["missing", "deleted"])
def test_what_is_not_there_is_unknown(secrets: Secrets, name: str) -> None:
    secrets.put("shop-test/deleted", "late")
    secrets.client.delete_secret(SecretId="shop-test/deleted")
    assert secrets.read(check=True, names=["orders", name])["unknown"] == [name]
    answer = secrets.read(names=["orders", name])
    assert answer["failed"]
    assert name in answer["msg"]
    assert "orders" not in answer["msg"]


def test_an_arn_of_nothing_is_unknown(secrets: Secrets) -> None:
    arn = secrets.arns[RDS].replace("rds!db", "rds!other")
    assert secrets.read(check=True, arns=[arn])["unknown"] == [arn]


def test_a_refusal_is_no_absence(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    error = {"SecretId": RDS, "ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}
    monkeypatch.setattr(Session, "pages", lambda *_: [{"SecretValues": [], "Errors": [error]}])
    answer = secrets.read(check=True, names=["orders"])
    assert answer["failed"]
    assert f"GetSecretValue is not allowed: {RDS}: no kms:Decrypt" in answer["msg"]


def test_twenty_are_asked_for_at_once(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"n{number}" for number in range(41)]
    for name in names:
        secrets.put(f"shop-test/{name}", name)
    asked = []
    pages = Session.pages

    def counted(session: Session, service: str, operation: str, path: str, params: dict[str, list[str]]) -> list[Any]:
        asked.append(len(params["SecretIdList"]))
        return pages(session, service, operation, path, params)

    monkeypatch.setattr(Session, "pages", counted)
    assert secrets.read(names=names)["secrets"] == {name: name for name in names}
    assert asked == [20, 20, 1]
