# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in a registry of ECR."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from lab.account.model import Repository, empty
from lab.registry.rules import Passage, Refusal, judge, moved

RIGHT = "right"
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ACCOUNT = dataclasses.replace(
    empty("123456789012"),
    repositories={
        "arn:1": Repository("arn:1", "shop/api", "us-east-1", False),
        "arn:2": Repository("arn:2", "fixed", "us-east-1", True),
        "arn:3": Repository("arn:3", "abroad", "eu-west-1", False),
    },
)


def _token(secret: str = RIGHT, user: str = "AWS") -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def _judge(target: str, method: str = "GET", host: str = HOST, token: str | None = None) -> Refusal | Passage:
    return judge(ACCOUNT, RIGHT, method, host, target, _token() if token is None else token)


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("", 401),
        (_token("wrong"), 403),
        (_token(""), 403),
        (_token(user="admin"), 403),
        ("Bearer right", 403),
        ("Basic %%%", 403),
        ("Basic " + base64.b64encode(b"\xff\xfe").decode(), 403),
    ],
)
@pytest.mark.parametrize("target", ["/v2/", "/v2/shop/api/manifests/1", "/anything"])
def test_without_a_valid_token_nothing_is_told(token: str, status: int, target: str) -> None:
    verdict = _judge(target, token=token)
    assert isinstance(verdict, Refusal)
    assert verdict.status == status


@pytest.mark.parametrize("host", [HOST, f"{HOST}:443"])
def test_a_valid_token_is_told_so(host: str) -> None:
    assert _judge("/v2/", host=host) == Passage()


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/v2/shop/api/manifests/1.0", "/v2/us-east-1/shop/api/manifests/1.0"),
        ("HEAD", "/v2/shop/api/blobs/sha256:ab", "/v2/us-east-1/shop/api/blobs/sha256:ab"),
        ("GET", "/v2/shop/api/tags/list?n=5", "/v2/us-east-1/shop/api/tags/list?n=5"),
        ("POST", "/v2/shop/api/blobs/uploads/", "/v2/us-east-1/shop/api/blobs/uploads/"),
        ("POST", "/v2/shop/api/blobs/uploads/?mount=sha256:ab&from=abroad", "/v2/us-east-1/shop/api/blobs/uploads/"),
        (
            "PUT",
            "/v2/shop/api/blobs/uploads/5a-b?_state=x%3D&digest=sha256:ab",
            "/v2/us-east-1/shop/api/blobs/uploads/5a-b?_state=x%3D&digest=sha256:ab",
        ),
    ],
)
def test_a_request_for_a_repository_goes_to_its_region(method: str, target: str, expected: str) -> None:
    assert _judge(target, method) == Passage(expected, "/v2/us-east-1", "shop/api")


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/v2/none/manifests/1", 404, "NAME_UNKNOWN"),
        ("/v2/shop/manifests/1", 404, "NAME_UNKNOWN"),
        ("/v2/abroad/manifests/1", 404, "NAME_UNKNOWN"),
        ("/v2/../shop/api/manifests/1", 404, "UNSUPPORTED"),
        ("/v2/us-east-1/../shop/manifests/1", 404, "UNSUPPORTED"),
        ("/v2/_catalog", 404, "UNSUPPORTED"),
        ("/debug/vars", 404, "UNSUPPORTED"),
    ],
)
def test_what_does_not_exist_is_said(target: str, status: int, code: str) -> None:
    verdict = _judge(target)
    assert isinstance(verdict, Refusal)
    assert (verdict.status, verdict.code) == (status, code)


def test_the_message_names_repository_and_registry() -> None:
    verdict = _judge("/v2/none/manifests/1")
    assert isinstance(verdict, Refusal)
    assert verdict.message == "The repository with name 'none' does not exist in the registry with id '123456789012'"


def test_another_region_is_another_registry() -> None:
    verdict = _judge("/v2/abroad/manifests/1", host=HOST.replace("us-east-1", "eu-west-1"))
    assert verdict == Passage("/v2/eu-west-1/abroad/manifests/1", "/v2/eu-west-1", "abroad")


@pytest.mark.parametrize("host", ["", "198.18.1.4", "999999999999.dkr.ecr.us-east-1.amazonaws.com", f"{HOST}.evil.org"])
def test_other_hosts_are_no_registry_of_the_account(host: str) -> None:
    verdict = _judge("/v2/shop/api/manifests/1", host=host)
    assert isinstance(verdict, Refusal)
    assert verdict.status == 403


@pytest.mark.parametrize(
    ("method", "target", "tag"),
    [
        ("PUT", "/v2/fixed/manifests/1.0", "1.0"),
        ("PUT", "/v2/fixed/manifests/sha256:ab", ""),
        ("GET", "/v2/fixed/manifests/1.0", ""),
        ("PUT", "/v2/shop/api/manifests/1.0", ""),
    ],
)
def test_only_new_tags_of_an_immutable_repository_are_looked_at(method: str, target: str, tag: str) -> None:
    verdict = _judge(target, method)
    assert isinstance(verdict, Passage)
    assert verdict.tag == tag


def test_a_tag_that_must_not_move() -> None:
    assert "'1.0' already exists in the 'fixed' repository" in moved(Passage("", "", "fixed", "1.0")).message
