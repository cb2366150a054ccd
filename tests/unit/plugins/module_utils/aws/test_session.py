# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request answers besides an error."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.session import Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import SCOPE


@pytest.mark.parametrize(
    ("service", "operation", "answer", "told"),
    [
        (
            "ec2",
            "CreateFlowLogs",
            {"Unsuccessful": [{"Error": {"Code": "FlowLogAlreadyExists", "Message": "there is one"}}]},
            "FlowLogAlreadyExists: there is one",
        ),
        (
            "s3",
            "DeleteObjects",
            {"Deleted": [{"Key": "a"}], "Errors": [{"Key": "b", "Code": "InternalError", "Message": "try again"}]},
            "InternalError: b: try again",
        ),
    ],
)
def test_what_is_refused_in_an_answer_that_is_no_error_is_one(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, answer: dict[str, Any], told: str
) -> None:
    session = Session(SCOPE)
    client = session.client(service)
    client.meta.events.register(f"before-send.{service}", lambda **_event: pytest.fail("nothing is to be sent"))
    monkeypatch.setattr(client, "_make_api_call", lambda *_request: answer)
    with pytest.raises(ProviderError) as error:
        session.send(service, operation, {})
    assert str(error.value) == told
