# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first value of a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from ansible_collections.slipway.platform.plugins.action.secret_value import ActionModule
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError

SCOPE = {"project": "shop", "environment": "test", "region": "us-east-1", "name": "host-key"}


def give(value: str, check: bool = False) -> dict[str, Any]:
    """What the task answers that gives the secret this value."""
    task = mock.Mock(args={**SCOPE, "value": value}, check_mode=check, async_val=0)
    return ActionModule(task, mock.Mock(), mock.Mock(), mock.Mock(), mock.Mock(), mock.Mock()).run()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield boto3.client("secretsmanager", "us-east-1")


def test_the_first_value_is_put_and_stays(client: Any) -> None:
    client.create_secret(Name="shop-test/host-key")
    first, second = give("one"), give("two")
    assert (first["changed"], first["value"]) == (True, "one")
    assert (second["changed"], second["value"]) == (False, "one")
    assert client.get_secret_value(SecretId="shop-test/host-key")["SecretString"] == "one"
    assert first["_ansible_no_log"] is second["_ansible_no_log"] is True


def test_a_check_tells_and_puts_nothing(client: Any) -> None:
    client.create_secret(Name="shop-test/host-key")
    assert give("one", check=True)["changed"]
    assert give("two")["value"] == "two"


def test_a_check_needs_no_secret_yet(client: Any) -> None:
    assert give("one", check=True)["changed"]
    assert client.list_secrets()["SecretList"] == []


def test_a_secret_that_no_document_made_is_an_error_with_its_remedy(client: Any) -> None:
    answer = give("one")
    assert answer["failed"]
    assert "no secret host-key in stack shop-test; declare a document of type secret" in answer["msg"]


def test_another_error_is_told_without_the_value(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ProviderError("AccessDeniedException", "PutSecretValue is not allowed")

    client.create_secret(Name="shop-test/host-key")
    monkeypatch.setattr(Session, "send", refuse)
    answer = give("canary")
    assert answer["failed"]
    assert "not allowed" in answer["msg"]
    assert "canary" not in str(answer)
