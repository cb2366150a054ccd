# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where moto is laxer than AWS: guards and states, one file a service area.

A file is loaded with the first request to its service, so that starting stays fast. Its functions wrap methods of
moto's backends by `cured`, and thereby hold for the API, Auto Scaling and CloudFormation alike.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any, NoReturn

from lab.emulator.options import Options

_EC2 = (
    *("tags", "images", "addresses", "interfaces", "nat", "network", "routes", "instances", "console", "launch"),
    *("limits", "volumes", "endpoints"),
)
FILES: dict[str, tuple[str, ...]] = {
    "acm": ("acm",),
    "autoscaling": (*_EC2, "autoscaling"),
    "cloudformation": _EC2,
    "ec2": _EC2,
    "ecr": ("ecr",),
    "elbv2": (*_EC2, "elbv2", "targets"),
    "iam": ("iam",),
    "rds": (*_EC2, "rds", "rds_groups"),
    "resourcegroupstaggingapi": ("tags",),
    "route53": ("route53",),
    "s3": ("s3",),
    "secretsmanager": ("secrets",),
    "service-quotas": ("quotas",),
    "ssm": ("images",),
}
_loaded: set[str] = set()
_options = [Options()]


def use(options: Options) -> None:
    """Set the options that the cures read."""
    _options[0] = options


def options() -> Options:
    """The options of this emulator."""
    return _options[0]


def load(service: str) -> None:
    """Put the cures of one service in place; does nothing the second time."""
    if service in _loaded:
        return
    for name in FILES.get(service, ()):
        importlib.import_module(f"{__name__}.{name}")
    _loaded.add(service)


class Refused(Exception):  # not a failure of this program
    """The call is answered with an error of AWS: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def refuse(code: str, message: str, status: int = 400) -> NoReturn:
    """Answer the call with an error of AWS."""
    raise Refused(code, message, status)


def shown(kind: Any, attribute: str) -> Callable[[Callable[[Callable[[Any], Any], Any], Any]], None]:
    """Decorator: the function takes the place of a property and gets the original's getter as its first argument."""
    original = vars(kind)[attribute].fget

    def put(cure: Callable[[Callable[[Any], Any], Any], Any]) -> None:
        setattr(kind, attribute, property(functools.partial(cure, original)))

    return put


def uncured(backend: type, method: str) -> Callable[..., Any]:
    """The method that the cure of `backend.method` has taken the place of."""
    original: Callable[..., Any] = getattr(backend, method).__wrapped__
    return original


def cured(backend: type, method: str) -> Callable[[Callable[..., Any]], None]:
    """Decorator: the function takes the place of `backend.method` and gets the original as its first argument."""
    original = getattr(backend, method)

    def put(cure: Callable[..., Any]) -> None:
        @functools.wraps(original)
        def method_with_cure(self: Any, *arguments: Any, **named: Any) -> Any:
            return cure(functools.partial(original, self), self, *arguments, **named)

        setattr(backend, method, method_with_cure)

    return put
