# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on to the services behind, what comes back, and what is made of their failures."""

from __future__ import annotations

from time import monotonic

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from api_gateway import create_app
from api_gateway.application import GatewaySettings
from services.api_gateway.tests.stub import answer, nobody, stub

PAGE = answer(200, {"items": [], "next_cursor": None})
ORDER = answer(202, {"id": 1, "status": "pending"}, Location="/billing/orders/1")


def gateway(inventory: list[str], billing: list[str] | None = None, **changes: float) -> FlaskClient:
    times = {"upstream_connect_timeout": 0.3, "upstream_read_timeout": 0.3, "upstream_timeout": 1.0, **changes}
    given = {"inventory_urls": ",".join(inventory), "billing_urls": ",".join(billing) if billing else None}
    return create_app(GatewaySettings.model_validate({**given, **times})).test_client()


def attempts(outcome: str) -> float:
    return REGISTRY.get_sample_value("upstream_requests_total", {"upstream": "inventory", "outcome": outcome}) or 0


def test_a_request_for_movies_goes_on_with_its_query_and_identity() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with stub(PAGE) as inventory:
        headers = {"X-Request-ID": "abc", "traceparent": trace, "Cookie": "secret", "Authorization": "secret"}
        found = gateway([f"{inventory.url}/"]).get("/api/movies?limit=5&x=%C3%BC+%00&y=a%2Fb", headers=headers)
    assert (found.status_code, found.json) == (200, {"items": [], "next_cursor": None})
    assert found.headers["X-Request-ID"] == "abc"
    (received,) = inventory.received
    assert received.line == "GET /inventory/movies?limit=5&x=%C3%BC+%00&y=a%2Fb HTTP/1.1"
    assert (received.headers["X-Request-ID"], received.headers["traceparent"]) == ("abc", trace)
    assert "secret" not in str(received.headers)


def test_an_order_goes_on_as_it_is() -> None:
    with stub(ORDER) as billing:
        found = gateway([nobody()], [billing.url]).post(
            "/api/orders", data=b'{"a": 1}', content_type="application/json"
        )
    assert (found.status_code, found.json) == (202, {"id": 1, "status": "pending"})
    assert found.headers["Location"] == "/billing/orders/1"
    (received,) = billing.received
    assert (received.line, received.body) == ("POST /billing/orders HTTP/1.1", b'{"a": 1}')
    assert received.headers["Content-Type"] == "application/json"


def test_an_order_that_is_not_json_goes_nowhere() -> None:
    with stub(ORDER) as billing:
        assert gateway([nobody()], [billing.url]).post("/api/orders", data=b"a").status_code == 415
    assert billing.received == []


@pytest.mark.parametrize("status", [400, 404, 409, 422, 429])
def test_the_errors_of_a_client_come_back_as_they_are(status: int) -> None:
    problem = {"status": status, "detail": "so it is"}
    with stub(answer(status, problem, "application/problem+json", Retry_After="7")) as inventory:
        found = gateway([inventory.url]).get("/api/movies")
    assert (found.status_code, found.json, found.mimetype) == (status, problem, "application/problem+json")
    assert found.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        ([answer(500, {"detail": "internal secret"})], "status 500"),
        ([answer(503, {"detail": "internal secret"})], "status 503"),
        ([answer(302, b"", Location="http://elsewhere/")], "status 302"),
        ([answer(200, b"<html>", "text/html")], "not JSON"),
        ([answer(404, b"<html>", "text/html")], "not JSON"),
        ([b"nonsense\r\n\r\n"], "connection lost"),
        ([b""], "connection lost"),
        ([PAGE[:-5]], "connection lost"),
        ([answer(200, b"x" * (9 * 1024 * 1024))], "answer too large"),
    ],
)
def test_a_bad_answer_is_502(parts: list[bytes], outcome: str) -> None:
    with stub(*parts) as inventory:
        found = gateway([inventory.url]).get("/api/movies")
    assert (found.status_code, found.mimetype) == (502, "application/problem+json")
    assert found.json
    assert found.json["detail"] == f"The service inventory does not answer as it should: {outcome}."


def test_nobody_there_is_502() -> None:
    assert gateway([nobody(), nobody()]).get("/api/movies").status_code == 502
    assert gateway([nobody()]).post("/api/orders", json={}).status_code == 502


@pytest.mark.parametrize("parts", [[b"", b""], [PAGE[:20], PAGE[20:]]])
def test_silence_is_504(parts: list[bytes]) -> None:
    with stub(*parts, pause=5) as inventory:
        started = monotonic()
        assert gateway([inventory.url]).get("/api/movies").status_code == 504
    assert monotonic() - started < 2


def test_an_answer_that_drips_is_504_at_the_deadline() -> None:
    head = answer(200, b"1" * 100).removesuffix(b"1" * 100)
    with stub(head, *[b"1"] * 100, pause=0.05) as inventory:
        started = monotonic()
        assert gateway([inventory.url]).get("/api/movies").status_code == 504
    assert monotonic() - started < 2


def test_whoever_refuses_is_followed_by_the_next_and_then_asked_last() -> None:
    before = attempts("no connection")
    with stub(PAGE) as inventory:
        client = gateway([nobody(), nobody(), inventory.url])
        assert [client.get("/api/movies").status_code for _ in range(20)] == [200] * 20
    assert len(inventory.received) == 20
    assert attempts("no connection") - before <= 2


def test_an_order_goes_on_to_the_next_only_if_nobody_received_it() -> None:
    with stub(ORDER) as billing:
        client = gateway([nobody()], [nobody(), billing.url])
        assert [client.post("/api/orders", json={}).status_code for _ in range(10)] == [202] * 10


@pytest.mark.parametrize("parts", [[b""], [answer(503, {})], [b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n"]])
def test_an_order_that_somebody_may_have_received_is_sent_once(parts: list[bytes]) -> None:
    with stub(*parts) as first, stub(*parts) as second:
        client = gateway([nobody()], [first.url, second.url])
        assert [client.post("/api/orders", json={}).status_code for _ in range(10)] == [502] * 10
        assert len(first.received) + len(second.received) == 10


@pytest.mark.parametrize("parts", [[b""], [answer(503, {})], [PAGE[:-5]]])
def test_a_get_is_sent_again(parts: list[bytes]) -> None:
    with stub(*parts) as first, stub(PAGE) as second:
        client = gateway([first.url, second.url])
        assert [client.get("/api/movies").status_code for _ in range(10)] == [200] * 10
        assert len(second.received) == 10


def test_kept_connections_are_used_again() -> None:
    """A stub of one connection: more would find no answer."""
    with stub(*[PAGE.replace(b"Connection: close", b"Connection: keep-alive")], pause=5) as inventory:
        client = gateway([inventory.url])
        assert client.get("/api/movies").status_code == 200
        assert client.get("/api/movies").status_code == 504  # on the same connection, where the stub is silent now


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "INVENTORY_URLS: is not set"),
        ({"INVENTORY_URLS": "here"}, "INVENTORY_URLS: Input should be a valid URL, relative URL without a base"),
        ({"INVENTORY_URLS": "ftp://here"}, "INVENTORY_URLS: URL scheme should be 'http' or 'https'"),
        (
            {"INVENTORY_URLS": "http://here", "BILLING_URLS": ","},
            "BILLING_URLS: Input should be a valid URL, input is empty",
        ),
    ],
)
def test_a_bad_address_is_one_line(given: dict[str, str], line: str) -> None:
    with pytest.raises(SystemExit) as ended:
        GatewaySettings.load(given)
    assert str(ended.value).split("; ")[0] == line


def test_several_addresses_are_separated_by_commas() -> None:
    found = GatewaySettings.load({"INVENTORY_URLS": "http://a.example:8080, http://b.example:8080"})
    assert [str(url) for url in found.inventory_urls] == ["http://a.example:8080/", "http://b.example:8080/"]
