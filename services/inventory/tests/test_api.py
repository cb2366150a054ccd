# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies are made, found, listed, changed and removed; everything else is told what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MOVIES = "/inventory/movies"


def add(client: FlaskClient, title: str = "Alien", director: str = "Ridley Scott") -> Any:
    answer = client.post(MOVIES, json={"title": title, "director": director})
    assert answer.status_code == 201
    return answer.json


def places(answer: TestResponse) -> list[str]:
    """Where a problem says that something does not fit."""
    assert answer.mimetype == "application/problem+json"
    return [one.get("pointer") or one["parameter"] for one in (answer.json or {})["errors"]]


def test_a_movie_is_where_its_location_says(client: FlaskClient) -> None:
    answer = client.post(MOVIES, json={"title": "Alien", "director": "Ridley Scott"})
    assert answer.status_code == 201
    movie: Any = answer.json
    assert answer.headers["Location"] == f"{MOVIES}/{movie['id']}"
    assert (movie["title"], movie["director"]) == ("Alien", "Ridley Scott")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(movie["created_at"])).total_seconds()) < 60
    assert client.get(answer.headers["Location"]).json == movie


def test_a_movie_is_replaced_but_for_its_identity(client: FlaskClient) -> None:
    movie = add(client)
    answer = client.put(f"{MOVIES}/{movie['id']}", json={"title": "Aliens", "director": "James Cameron"})
    assert answer.status_code == 200
    assert answer.json == {**movie, "title": "Aliens", "director": "James Cameron"}
    assert client.get(f"{MOVIES}/{movie['id']}").json == answer.json


def test_a_removed_movie_is_gone(client: FlaskClient) -> None:
    movie, other = add(client), add(client)
    answer = client.delete(f"{MOVIES}/{movie['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{MOVIES}/{movie['id']}").status_code == 404
    assert client.get(f"{MOVIES}/{other['id']}").status_code == 200


@pytest.mark.parametrize(
    "movie", ["999999999999999999", "1000000000000000000", "1" * 5000, "0", "-1", "01", "1.0", "x", "٣", "%00", "1_0"]
)
def test_what_is_no_movie_is_not_found(client: FlaskClient, movie: str) -> None:
    answers = [
        client.get(f"{MOVIES}/{movie}"),
        client.put(f"{MOVIES}/{movie}", json={"title": "a", "director": "b"}),
        client.delete(f"{MOVIES}/{movie}"),
    ]
    assert [(one.status_code, one.mimetype) for one in answers] == [(404, "application/problem+json")] * 3


@pytest.mark.parametrize(
    "title", ["x", "x" * 200, "\U0001f47d" * 200, " ", "\n", "'; DROP TABLE movies; --", "\x7f\u200f"]
)
def test_a_title_is_any_text(client: FlaskClient, title: str) -> None:
    assert add(client, title)["title"] == title
    assert client.get(MOVIES).json["items"][0]["title"] == title  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"title": ""}, ["#/title"]),
        ({"title": "x" * 201}, ["#/title"]),
        ({"title": "a\x00b"}, ["#/title"]),
        ({"title": 5, "director": None}, ["#/title", "#/director"]),
        ({"title": ["a"]}, ["#/title"]),
        ({"id": 7}, ["#/id"]),
        ({"created_at": "2026-01-01T00:00:00Z"}, ["#/created_at"]),
    ],
)
def test_a_movie_that_does_not_fit_is_refused(client: FlaskClient, changes: dict[str, Any], found: list[str]) -> None:
    body = {"title": "a", "director": "b", **changes}
    movie = add(client)
    for answer in (client.post(MOVIES, json=body), client.put(f"{MOVIES}/{movie['id']}", json=body)):
        assert answer.status_code == 422
        assert places(answer) == found
    assert client.get(MOVIES).json["items"] == [movie]  # type: ignore[index]


def test_pages_have_every_movie_once_and_the_newest_first(client: FlaskClient) -> None:
    titles = [str(number) for number in range(7)]
    for title in titles:
        add(client, title)
    seen: list[str] = []
    query = "limit=3"
    while query:
        page: Any = client.get(f"{MOVIES}?{query}").json
        seen += [movie["title"] for movie in page["items"]]
        add(client, "added meanwhile")
        query = f"limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == titles[::-1]


def test_a_page_that_is_just_full_is_the_last(client: FlaskClient) -> None:
    assert client.get(MOVIES).json == {"items": [], "next_cursor": None}
    add(client)
    assert client.get(f"{MOVIES}?limit=1").json["next_cursor"] is None  # type: ignore[index]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=",
        "limit=1_0",
        "limit=+5",
        "limit=1.0",
        "cursor=x",
        "cursor=%00",
        f"cursor={2**63}",
    ],
)
def test_a_query_that_does_not_fit_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"{MOVIES}?{query}")
    assert answer.status_code == 422
    assert places(answer) == [query.partition("=")[0]]
