# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application load balancer with real requests."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.lab.load_balancer.shapes import (
    condition,
    fixed,
    forward,
    group,
    listener,
    load_balancer,
    redirect,
    rule,
)
from tests.lab.load_balancer.world import World

RULES = (
    rule(1, fixed(200, "path"), condition("path-pattern", "/api/*", "/v?/x")),
    rule(2, fixed(200, "host"), condition("host-header", "*.Example.org")),
    rule(3, fixed(200, "header"), condition("http-header", "*mobile*", key="User-Agent")),
    rule(4, fixed(200, "method"), condition("http-request-method", "PUT", "DELETE")),
    rule(5, fixed(200, "query"), condition("query-string", "v?", key="version")),
    rule(6, fixed(200, "any query"), condition("query-string", "*needle*")),
    rule(7, fixed(200, "literal"), condition("query-string", r"a\*b")),
    rule(8, fixed(200, "both"), condition("path-pattern", "/both"), condition("source-ip", "10.0.0.0/24")),
    rule(9, fixed(200, "never"), condition("path-pattern", "/else*"), condition("source-ip", "192.0.2.0/24")),
    rule(10, fixed(503, "<p>it's \"so\" #1\n100 %</p>", "text/html"), condition("path-pattern", "/odd")),
    rule(11, redirect(Protocol="HTTPS", Port="443", StatusCode="HTTP_301"), condition("path-pattern", "/secure*")),
    rule(12, redirect(Host="new.#{host}", Path="/x/#{path}/100%", Query="from=#{port}&#{query}", StatusCode="HTTP_302"),
         condition("path-pattern", "/moved/*")),
    rule(13, redirect(Path="/", Query="", StatusCode="HTTP_302"), condition("path-pattern", "/home")),
    rule(14, fixed(204), condition("path-pattern", "/empty")),
    rule(15, fixed(200, "too late"), condition("path-pattern", "/api/late")),
    rule(None, fixed(404, "not here")),
)  # fmt: skip


@pytest.fixture(scope="module")
def ruled(vpc: World) -> World:
    """A load balancer that answers everything itself."""
    vpc.put(load_balancer(listener(80, *RULES)))
    vpc.settle()
    return vpc


@pytest.mark.parametrize(
    ("request_of", "body"),
    [
        ({"path": "/api/late"}, "path"),
        ({"path": "/v1/x?y=z"}, "path"),
        ({"path": "/v12/x"}, "not here"),
        ({"path": "/API/late"}, "not here"),
        ({"path": "/x?/api/"}, "not here"),
        ({"path": "/", "host": "a.b.EXAMPLE.org"}, "host"),
        ({"path": "/", "host": "example.org"}, "not here"),
        ({"path": "/", "headers": {"user-agent": "A MOBILE thing, 1"}}, "header"),
        ({"path": "/", "headers": {"x-agent": "mobile"}}, "not here"),
        ({"path": "/", "method": "DELETE"}, "method"),
        ({"path": "/", "method": "POST"}, "not here"),
        ({"path": "/?a=b&VERSION=V2"}, "query"),
        ({"path": "/?a=b&version=v22"}, "not here"),
        ({"path": "/?aversion=v2"}, "not here"),
        ({"path": "/?a=a%20needle%20b"}, "any query"),
        ({"path": "/?needle"}, "any query"),
        ({"path": "/?x=a*b"}, "literal"),
        ({"path": "/?x=aab"}, "not here"),
        ({"path": "/both"}, "both"),
        ({"path": "/else"}, "not here"),
        ({"path": "/odd"}, '<p>it\'s "so" #1\n100 %</p>'),
        ({"path": "/empty"}, ""),
    ],
)
def test_first_rule_that_matches_decides(ruled: World, request_of: dict[str, Any], body: str) -> None:
    answer = ruled.get(**request_of)
    assert answer.body == body
    assert answer.headers["server"] == "awselb/2.0"


@pytest.mark.parametrize(
    ("path", "status", "kind"), [("/", 404, "text/plain"), ("/odd", 503, "text/html"), ("/empty", 204, None)]
)
def test_fixed_responses_have_their_status_and_content_type(
    ruled: World, path: str, status: int, kind: str | None
) -> None:
    answer = ruled.get(path)
    assert (answer.status, answer.headers.get("content-type")) == (status, kind)


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/secure/a?b=c&d", 301, "https://web.example.com:443/secure/a?b=c&d"),
        ("/secure", 301, "https://web.example.com:443/secure"),
        ("/moved/a", 302, "http://new.web.example.com:80/x/moved/a/100%?from=80&"),
        ("/moved/a?b=1", 302, "http://new.web.example.com:80/x/moved/a/100%?from=80&b=1"),
        ("/home?b=1", 302, "http://web.example.com:80/"),
    ],
)
def test_redirects_lead_where_they_say(ruled: World, path: str, status: int, location: str) -> None:
    answer = ruled.get(path)
    assert (answer.status, answer.headers["location"]) == (status, location)


def test_all_nodes_serve_all_targets_of_the_group_that_the_path_names(world: World) -> None:
    web, api = group("web", *world.targets.values()), group("api", world.targets["two"])
    rules = rule(1, forward(api), condition("path-pattern", "/api/*")), rule(None, forward(web))
    with world.serving("one", "two"):
        world.put(load_balancer(listener(80, *rules)), web, api)
        world.settle()
        world.healthy(web)
        world.healthy(api)
        for node in ("10.0.0.10", "10.0.1.10"):
            assert {world.get("/", node=node).server for _ in range(4)} == {"one", "two"}
            assert {world.get("/api/x", node=node).server for _ in range(4)} == {"two"}


def test_requests_tell_the_target_of_their_client(world: World) -> None:
    web = group("told", world.targets["one"])
    with world.serving("one") as servers:
        world.put(load_balancer(listener(8080, rule(None, forward(web)))), web)
        world.settle()
        world.healthy(web)
        answer = world.get("/a?b=c", 8080)
        assert answer.body.split("\n")[1] == "/a?b=c"
        named = ("host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port")
        assert [answer.told(name) for name in named] == ["web.example.com", "10.0.0.30", "http", "8080"]
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", answer.told("x-amzn-trace-id") or "")
        before = {
            "X-Forwarded-For": "192.0.2.1",
            "X-Forwarded-Proto": "gopher",
            "X-Amzn-Trace-Id": "Root=1-67-abc;Me=2",
        }
        passed = world.get("/", 8080, headers=before)
        assert [passed.told(name) for name in named[1:3]] == ["192.0.2.1, 10.0.0.30", "http"]
        assert re.fullmatch(r"Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67-abc;Me=2", passed.told("x-amzn-trace-id") or "")
        check = servers["one"].checks[0]
        assert (check["host"], check["user-agent"]) == ("10.0.0.21:8080", "ELB-HealthChecker/2.0")


def test_weights_share_requests(world: World) -> None:
    old, new = group("old", world.targets["one"]), group("new", world.targets["two"])
    with world.serving("one", "two"):
        world.put(load_balancer(listener(80, rule(None, forward((old, 3), (new, 1))))), old, new)
        world.settle()
        world.healthy(old)
        world.healthy(new)
        served = [world.get().server for _ in range(120)]
        assert 0.55 < served.count("one") / len(served) < 0.92  # five deviations either side of 3/4
        world.put(load_balancer(listener(80, rule(None, forward((old, 0), (new, 1))))), old, new)
        world.settle()
        assert {world.get().server for _ in range(10)} == {"two"}


def test_sticky_clients_stay_with_their_target(world: World) -> None:
    web = group("sticky", *world.targets.values(), stickiness=600)
    with world.serving("one", "two"):
        world.put(load_balancer(listener(80, rule(None, forward(web)))), web)
        world.settle()
        world.healthy(web)
        first = world.get()
        cookie, _semicolon, attributes = first.headers["set-cookie"].partition(";")
        assert cookie.startswith("AWSALB=")
        assert "Expires=" in attributes
        again = [world.get(headers={"Cookie": cookie}) for _ in range(4)]
        assert {answer.server for answer in again} == {first.server}
        assert {answer.headers["set-cookie"].partition(";")[0] for answer in again} == {cookie}
        assert world.get(headers={"Cookie": cookie}, node="10.0.1.10").server == first.server


def test_a_group_without_targets_is_503(world: World) -> None:
    web = group("empty")
    world.put(load_balancer(listener(80, rule(None, forward(web)))), web)
    world.settle()
    answer = world.get()
    assert (answer.status, answer.headers["server"]) == (503, "awselb/2.0")


def test_a_target_that_refuses_is_502_and_one_that_does_not_answer_504(world: World) -> None:
    web = group("refusing", world.targets["one"])
    world.put(load_balancer(listener(80, rule(None, forward(web))), idle_timeout=1), web)
    world.settle()
    assert world.get().status == 502
    with world.serving("one"):
        assert world.get("/slow").status == 504


def test_a_target_s_own_503_is_passed_on(world: World) -> None:
    web = group("failing", world.targets["one"])
    with world.serving("one") as servers:
        servers["one"].health = 503
        world.put(load_balancer(listener(80, rule(None, forward(web)))), web)
        world.settle()
        assert world.get("/health").status == 503
