# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every service answers, whatever else it does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sample import create_app

from service_kit.health import NotReady
from service_kit.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def new_client() -> FlaskClient:
    """It logs to what is standard error now."""
    return create_app(Settings(service_version="1.2.3", log_level="DEBUG", request_max_bytes=100)).test_client()


@pytest.fixture
def client() -> FlaskClient:
    return new_client()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def metrics(client: FlaskClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {key: float(value) for key, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_health_names_the_service_and_its_version(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "service": "sample", "version": "1.2.3"})
    assert client.get("/ready").json == {"status": "ready", "service": "sample", "version": "1.2.3"}


def test_ready_is_red_with_every_reason() -> None:
    def away() -> None:
        raise NotReady("is away")

    def broken() -> None:
        raise KeyError("secret")

    checks = {"database": away, "queue": broken, "disk": lambda: None}
    answer = create_app(Settings(), checks).test_client().get("/ready")
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["detail"] == "database: is away; queue: KeyError"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/health", 405), ("GET", "/broken", 500), ("BREW", "/slow", 405)],
)
def test_every_error_is_a_problem_document(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method, headers={"X-Request-ID": "abc"})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json
    assert answer.json.keys() == {"type", "title", "status", "detail", "request_id"}
    assert (answer.json["status"], answer.json["request_id"]) == (status, "abc")
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_bug_is_logged_whole_and_told_to_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    answer = new_client().get("/broken", headers={"X-Request-ID": "abc"})
    assert "a bug" not in answer.text
    (line,) = (line for line in logged(capsys) if line["level"] == "ERROR")
    assert "RuntimeError: a bug" in line["exception"]
    assert line["request_id"] == "abc"


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    assert client.put("/raw", data=b"x" * 100).text == "100"
    assert client.put("/raw", data=b"x" * 101).status_code == 413


def test_the_request_is_identified_in_answer_log_and_what_is_asked_of_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"X-Request-ID": "abc", "traceparent": TRACEPARENT, "tracestate": "a=b", "Cookie": "c"}
    answer = new_client().get("/headers", headers=given)
    assert answer.headers["X-Request-ID"] == "abc"
    assert answer.json == {"X-Request-ID": "abc", "traceparent": TRACEPARENT, "tracestate": "a=b"}
    (line,) = logged(capsys)
    assert (line["request_id"], line["trace_id"], line["status"]) == ("abc", TRACE, 200)
    assert (line["service"], line["version"], line["path"]) == ("sample", "1.2.3", "/headers")


@pytest.mark.parametrize("given", [None, "", "x" * 129, 'a"b', "a b", "ü"])
def test_a_request_without_a_usable_id_gets_one(client: FlaskClient, given: str | None) -> None:
    answers = [client.get("/headers", headers={} if given is None else {"X-Request-ID": given}) for _ in range(2)]
    ids = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(ids) == 2
    assert all(len(one) == 32 for one in ids)


@pytest.mark.parametrize(
    "given", ["", "nonsense", TRACEPARENT.upper(), f"ff{TRACEPARENT[2:]}", f"00-{'0' * 32}-b7ad6b7169203331-01"]
)
def test_a_bad_trace_is_not_passed_on(client: FlaskClient, given: str) -> None:
    answer = client.get("/headers", headers={"traceparent": given, "tracestate": "a=b"})
    assert answer.json
    assert answer.json.keys() == {"X-Request-ID"}


def test_requests_are_counted_under_labels_that_clients_cannot_multiply(client: FlaskClient) -> None:
    before = metrics(client)
    for path in ("/headers", "/headers", "/nowhere/1", "/nowhere/2"):
        client.get(path)
    client.open("/nowhere", method="BREW")
    after = metrics(client)
    grown = {
        key: value - before.get(key, 0)
        for key, value in after.items()
        if key.startswith("http_requests_total") and "/metrics" not in key and value != before.get(key, 0)
    }
    assert grown == {
        'http_requests_total{method="GET",route="/headers",status="200"}': 2,
        'http_requests_total{method="GET",route="unmatched",status="404"}': 2,
        'http_requests_total{method="other",route="unmatched",status="404"}': 1,
    }
    assert after["http_requests_in_progress"] == 1  # the one that asks
    assert after['service_build_info{service="sample",version="1.2.3"}'] == 1


def test_the_openapi_document_is_served(client: FlaskClient) -> None:
    answer = client.get("/openapi.yaml")
    assert answer.mimetype == "application/yaml"
    assert "title: Sample" in answer.text


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        (b'{"name": "a", "parts": [1]}', None),
        (b'{"name": 1, "parts": [1, "2"], "more": 0}', ["#/name", "#/parts/1", "#/more"]),
        (b'{"name": "\\ud800"}', ["#"]),
        (b'{"name": "a"', ["#"]),
        (b"\xff", ["#"]),
        (b"[" * 90, ["#"]),
        (b"", ["#"]),
    ],
)
def test_a_body_is_taken_strictly(client: FlaskClient, content: bytes, pointers: list[str] | None) -> None:
    answer = client.post("/things", data=content, content_type="application/json; charset=utf-8")
    assert answer.status_code == (422 if pointers else 200)
    assert [one["pointer"] for one in (answer.json or {}).get("errors", [])] == (pointers or [])


def test_a_body_of_another_type_is_refused(client: FlaskClient) -> None:
    assert client.post("/things", data=b'{"name": "a"}', content_type="text/plain").status_code == 415
    assert client.post("/things").status_code == 415


@pytest.mark.parametrize(
    ("given", "parameters"),
    [("limit=5", []), ("", []), ("limit=a", ["limit"]), ("limit=1&limit=1", ["limit"]), ("other=1", ["other"])],
)
def test_a_query_is_taken_strictly(client: FlaskClient, given: str, parameters: list[str]) -> None:
    answer = client.get(f"/things?{given}")
    assert answer.status_code == (422 if parameters else 200)
    assert [one["parameter"] for one in (answer.json or {}).get("errors", [])] == parameters
