# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the metadata service: sessions, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from lab.metadata.service import LIFETIME, SESSION, Request, Response, respond
from lab.metadata.tokens import Tokens
from tests.lab.accounts import Accounts
from tests.unit.lab.metadata.subjects import ACCOUNT, PLAIN, RICH, give

NOW = 1e9
TOKENS = Tokens(Tokens.new_key())


def ask(
    method: str, target: str, headers: dict[str, str] | None = None, now: float = NOW, *, required: bool = True
) -> Response:
    instance = dataclasses.replace(RICH, tokens_required=required)
    return respond(Request(method, target, headers or {}), ACCOUNT, instance, TOKENS, give, now)


def session(seconds: int = 60, instance: str = RICH.id) -> dict[str, str]:
    return {SESSION: TOKENS.issue(instance, seconds, NOW)}


def test_a_session() -> None:
    begun = ask("PUT", "/latest/api/token", {LIFETIME: "60"})
    assert (begun.status, begun.headers, begun.limited) == (200, {LIFETIME: "60"}, True)
    read = ask("GET", "/latest/meta-data/instance-id", {SESSION: begun.body.decode()}, NOW + 59)
    assert (read.status, read.body, read.headers, read.limited) == (200, RICH.id.encode(), {LIFETIME: "1"}, False)


@pytest.mark.parametrize("lifetime", [None, "", "0", "21601", "-1", "1.5", "ten", "²"])
def test_a_session_needs_a_lifetime_of_one_second_to_six_hours(lifetime: str | None) -> None:
    assert ask("PUT", "/latest/api/token", {} if lifetime is None else {LIFETIME: lifetime}).status == 400


@pytest.mark.parametrize("lifetime", ["1", "21600"])
def test_the_shortest_and_the_longest_session(lifetime: str) -> None:
    assert ask("PUT", "/latest/api/token", {LIFETIME: lifetime}).status == 200


def test_no_session_begins_through_a_proxy() -> None:
    assert ask("PUT", "/latest/api/token", {LIFETIME: "60", "x-forwarded-for": "10.0.1.9"}).status == 403


@pytest.mark.parametrize("target", ["/latest/api/token", "/latest/meta-data/instance-id", "/"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_other_methods_are_not_allowed(method: str, target: str) -> None:
    assert ask(method, target, session()).status == 405


def test_put_is_for_sessions_only() -> None:
    assert ask("PUT", "/latest/meta-data/instance-id", {LIFETIME: "60"}).status == 405


@pytest.mark.parametrize("target", ["/", "/latest/meta-data/", "/latest/user-data", "/nowhere"])
def test_without_a_token_nothing_is_said_where_one_is_required(target: str) -> None:
    assert (ask("GET", target).status, ask("GET", target).body) == (401, b"")


def test_without_a_token_all_is_said_where_none_is_required() -> None:
    assert ask("GET", "/latest/meta-data/instance-id", required=False).status == 200


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("headers", "now"),
    [
        (session(instance=PLAIN.id), NOW),
        (session(seconds=60), NOW + 60),
        ({SESSION: ""}, NOW),
        ({SESSION: "no token"}, NOW),
        ({SESSION: "é"}, NOW),
        ({SESSION: Tokens(Tokens.new_key()).issue(RICH.id, 60, NOW)}, NOW),
        ({SESSION: session()[SESSION][:-8]}, NOW),
    ],
)
def test_a_token_that_is_no_longer_or_never_was_good_is_refused(
    headers: dict[str, str], now: float, required: bool
) -> None:
    assert ask("GET", "/latest/meta-data/instance-id", headers, now, required=required).status == 401


def test_tokens_differ() -> None:
    assert session() != session()


def test_a_token_is_good_after_a_restart() -> None:
    key = Tokens.new_key()
    assert Tokens(key).left(Tokens(key).issue(RICH.id, 60, NOW), RICH.id, NOW) == 60


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/latest/meta-data/instance-id", 200),
        ("/latest/meta-data/instance-id/", 200),
        ("/latest/meta-data/instance-id?x=1", 200),
        ("/latest//meta-data/tags/instance/aws%3Aautoscaling%3AgroupName", 200),
        ("/2009-04-04/meta-data/instance-id", 200),
        ("/2021-03-23/meta-data/", 200),
        ("/2020-01-01/meta-data/", 404),
        ("/latest/meta-data/nowhere", 404),
        ("/latest/api/token", 404),
    ],
)
def test_targets(target: str, status: int) -> None:
    assert ask("GET", target, session()).status == status


def test_the_root_lists_the_versions() -> None:
    listed = ask("GET", "/", session()).body.decode().split("\n")
    assert listed[-1] == "latest"
    assert {"2009-04-04", "2021-03-23"} < set(listed)


def test_other_regions() -> None:
    held = Accounts()
    vpc = held.vpc()
    subnet = held.subnet(vpc, "10.0.1.0/24", held.table(vpc))
    identity = held.instance(subnet, "10.0.1.5", region="eu-west-1")
    request = Request("GET", "/latest/meta-data/hostname", session(instance=identity))
    account = held.account
    said = respond(request, account, account.instances[identity], TOKENS, give, NOW)
    assert said.body == b"ip-10-0-1-5.eu-west-1.compute.internal"
