# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRUD of movies under ``/inventory/movies``, as ``openapi.yaml`` describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Blueprint, Response
from flask.sansio.blueprints import BlueprintSetupState
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from werkzeug.routing import BaseConverter

from inventory.store import MAX_ID, Store
from service_kit.problems import Problem
from service_kit.validation import Document, Query, body, query

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
"""PostgreSQL keeps every character but NUL."""


def _digits(text: str) -> str:
    """Python's numbers may have signs, spaces and underscores; the API's do not."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("has to be a whole number")
    return text


class MovieId(BaseConverter):
    """A number from 1 to MAX_ID in a path; anything else is no movie's, so 404."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)


class MovieIn(Document):
    """What a client says of a movie."""

    title: Text
    director: Text


class Movie(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    director: str
    created_at: datetime


class Page(BaseModel):
    """Some movies; ``next_cursor`` asks for those after them, and is null on the last page."""

    items: list[Movie]
    next_cursor: str | None


class PageQuery(Query):
    limit: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=100)] = 50
    cursor: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=MAX_ID)] = MAX_ID


def _json(model: BaseModel, status: int = 200, **headers: str) -> Response:
    return Response(model.model_dump_json(), status, headers, mimetype="application/json")


def _found(movie: object | None) -> Movie:
    if movie is None:
        raise Problem(404, "There is no such movie.")
    return Movie.model_validate(movie)


def movies(store: Store) -> Blueprint:
    """The routes, on ``store``."""
    routes = Blueprint("movies", __name__, url_prefix="/inventory/movies")

    @routes.record_once
    def _converters(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["movie_id"] = MovieId

    @routes.get("")
    def page() -> Response:
        asked = query(PageQuery)
        rows = store.page(asked.limit + 1, asked.cursor)  # one more tells whether there is another page
        items = [Movie.model_validate(row) for row in rows[: asked.limit]]
        return _json(Page(items=items, next_cursor=str(items[-1].id) if len(rows) > asked.limit else None))

    @routes.post("")
    def add() -> Response:
        given = body(MovieIn)
        movie = _found(store.add(given.title, given.director))
        return _json(movie, 201, Location=f"/inventory/movies/{movie.id}")

    @routes.get("/<movie_id:movie>")
    def get(movie: int) -> Response:
        return _json(_found(store.get(movie)))

    @routes.put("/<movie_id:movie>")
    def replace(movie: int) -> Response:
        given = body(MovieIn)
        return _json(_found(store.replace(movie, given.title, given.director)))

    @routes.delete("/<movie_id:movie>")
    def remove(movie: int) -> Response:
        if not store.remove(movie):
            raise Problem(404, "There is no such movie.")
        return Response(status=204)

    return routes
