# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sentence for what goes wrong."""

from __future__ import annotations

import botocore.exceptions
import pytest

from ansible_collections.slipway.platform.plugins.module_utils.inventory.errors import SENTENCES, explain


def api_error(code: str) -> Exception:
    error: Exception = botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "m"}}, "DescribeInstances")
    return error


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AuthFailure", "aws sts get-caller-identity"),
        ("RequestExpired", "renew them"),
        ("UnauthorizedOperation", "ec2:DescribeInstances"),
        ("OptInRequired", "enable it, or remove it from 'regions'"),
        ("RequestLimitExceeded", "cache: true"),
    ],
)
def test_an_answer_of_the_api(code: str, remedy: str) -> None:
    sentence = explain(api_error(code), "eu-west-1")
    assert sentence.startswith("Cannot read instances of eu-west-1: ")
    assert remedy in sentence
    assert sentence.endswith(f"({code}).")


def test_no_credentials() -> None:
    assert "AWS_PROFILE" in explain(botocore.exceptions.NoCredentialsError(), "eu-west-1")


def test_an_endpoint_that_is_not_there() -> None:
    error = botocore.exceptions.EndpointConnectionError(endpoint_url="https://ec2.eu-nowhere-9.amazonaws.com/")
    assert "check the network" in explain(error, "eu-west-1")
    assert "no region of AWS" in explain(error, "eu-nowhere-9", known_region=False)


def test_what_is_not_foreseen_is_told_as_it_is() -> None:
    assert "InternalError" in explain(api_error("InternalError"), "eu-west-1")


def test_every_exception_named_exists_in_botocore() -> None:
    named = [code for code in SENTENCES if code.endswith(("Error", "NotFound"))]
    assert len(named) > 10
    assert [code for code in named if not hasattr(botocore.exceptions, code)] == []
