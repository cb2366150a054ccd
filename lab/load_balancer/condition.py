# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions of listener rules as HAProxy's ACLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.account.model import Condition
from lab.load_balancer.text import quoted, regular_expression

_IN_QUERY = "[^&=]"


def acl(name: str, condition: Condition) -> list[str]:
    """The lines of an ACL that is true where any one value of the condition matches. Raises ValueError for a field
    that AWS does not have.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
    """
    if condition.field not in _FIELDS:
        raise ValueError(f"no condition of a rule is called {condition.field}")
    return [f"acl {name} {test}" for test in _FIELDS[condition.field](condition)]


def _path(condition: Condition) -> Iterator[str]:
    """Of the path alone, without the query; upper and lower case differ."""
    yield from (f"path -m reg {_pattern(value)}" for value in condition.values)


def _host(condition: Condition) -> Iterator[str]:
    """Upper and lower case are the same; the port does not count."""
    yield from (f"req.hdr(host),host_only -m reg -i {_pattern(value)}" for value in condition.values)


def _header(condition: Condition) -> Iterator[str]:
    """Of each header of that name, as a whole; upper and lower case are the same."""
    fetch = f"req.fhdr({quoted(condition.key)})"
    yield from (f"{fetch} -m reg -i {_pattern(value)}" for value in condition.values)


def _method(condition: Condition) -> Iterator[str]:
    """Exactly: no wild cards, upper and lower case differ."""
    yield from (f"method -m str {quoted(value)}" for value in condition.values)


def _query(condition: Condition) -> Iterator[str]:
    """Of any one parameter's value, and its key where one is given; upper and lower case are the same."""
    key = f"{regular_expression(condition.key, _IN_QUERY, False)}=" if condition.key else f"(?:{_IN_QUERY}*=)?"
    for value in condition.values:
        expression = f"(?:^|&){key}{regular_expression(value, '[^&]', False)}(?:&|$)"
        yield f"query -m reg -i {quoted(expression)}"


def _source(condition: Condition) -> Iterator[str]:
    """Of the connection, whatever X-Forwarded-For says."""
    yield from (f"src {quoted(value)}" for value in condition.values)


def _pattern(value: str) -> str:
    return quoted(regular_expression(value))


_FIELDS: dict[str, Callable[[Condition], Iterator[str]]] = {
    "path-pattern": _path,
    "host-header": _host,
    "http-header": _header,
    "http-request-method": _method,
    "query-string": _query,
    "source-ip": _source,
}
