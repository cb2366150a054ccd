# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings from the environment. A setting ``database_host`` is the variable ``DATABASE_HOST``.

Secrets are never values here: a setting names the file that holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Count = Annotated[int, Field(ge=1, le=1024)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class Settings(BaseModel):
    """What every service takes."""

    model_config = ConfigDict(frozen=True)

    service_version: str = "unversioned"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    request_max_bytes: Annotated[int, Field(ge=1)] = 65_536
    """A larger body is answered with 413."""

    workers: Count = 2
    """Processes of the server."""
    threads: Count = 8
    """Threads of each, so requests it answers at once."""
    graceful_timeout: Annotated[int, Field(ge=1, le=600)] = 30
    """Seconds that requests in flight have to end in after SIGTERM."""
    keepalive: Annotated[int, Field(ge=0, le=600)] = 75
    """Seconds that an idle connection stays open. Longer than the load balancer's own idle timeout, 60 by default: the
    side that sends requests has to be the one that closes."""

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Self:
        """The settings of ``environment``, where an empty variable counts as one not set.

        Raises SystemExit with one line that names every variable that is missing or wrong, and never shows a value.
        """
        names = {field: field.upper() for field in cls.model_fields}
        values = {field: environment[name] for field, name in names.items() if environment.get(name)}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SystemExit("; ".join(_line(one["loc"], one["msg"]) for one in error.errors())) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    variable = str(location[0]).upper()
    return f"{variable}: {'is not set' if message == 'Field required' else message}"
