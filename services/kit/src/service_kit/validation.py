# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client sends, checked against pydantic models: what does not fit is answered with 422 and names each place."""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from service_kit.problems import Problem


class Document(BaseModel):
    """A JSON document that is taken as it is: nothing converted, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Query(BaseModel):
    """Parameters of a query, each once at most; an unknown one is an error rather than ignored."""

    model_config = ConfigDict(extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


def body(model: type[Model]) -> Model:
    """The request's body as ``model``. Raises Problem: 415 when it is not JSON by name, 422 when not by content."""
    if request.mimetype != "application/json":
        raise Problem(415, "The body has to be application/json.")
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        found = [{"pointer": _pointer(one), "detail": one["msg"]} for one in _errors(error)]
        raise Problem(422, "The body does not fit.", errors=found) from None


def query(model: type[Model]) -> Model:
    """The request's query as ``model``. Raises Problem 422."""
    given = request.args.to_dict(flat=False)
    if repeated := [name for name, values in given.items() if len(values) > 1]:
        errors = [{"parameter": name, "detail": "is given more than once"} for name in repeated]
        raise Problem(422, "The query does not fit.", errors=errors)
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        found = [{"parameter": str(one["loc"][0]), "detail": one["msg"]} for one in _errors(error)]
        raise Problem(422, "The query does not fit.", errors=found) from None


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _pointer(error: ErrorDetails) -> str:
    """JSON Pointer as a URI fragment, as in RFC 9457's example."""
    return "#" + "".join(f"/{part}" for part in error["loc"])
