# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and patterns of a configuration."""

from __future__ import annotations

import re

import pytest

from lab.load_balancer.condition import acl
from lab.load_balancer.text import literal, quoted, regular_expression
from tests.lab.load_balancer.shapes import condition


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "''"),
        ("plain", "'plain'"),
        ('a "b" \\ $HOME #1', "'a \"b\" \\ $HOME #1'"),
        ("it's", r"'it'\x27's'"),
        ("a\nb", r"'a'\x0a'b'"),
        ("'", r"\x27"),
    ],
)
def test_any_text_is_one_word(text: str, word: str) -> None:
    assert quoted(text) == word


def test_a_percent_sign_is_no_variable_of_a_log_format() -> None:
    assert literal("100 %[src]") == "100 %%[src]"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("/a", "/a", "/a/"),
        ("/a*", "/a/b", "/b/a"),
        ("/a?c", "/abc", "/ac"),
        ("/a.c", "/a.c", "/abc"),
        ("/a+(b)", "/a+(b)", "/aab"),
        (r"/a\*", "/a*", "/ab"),
        (r"/a\?", "/a?", "/ab"),
        (r"a\b", r"a\b", "ab"),
        ("*", "", None),
    ],
)
def test_wild_cards_match_as_aws_says(pattern: str, matching: str, other: str | None) -> None:
    expression = regular_expression(pattern)
    assert re.search(expression, matching)
    assert other is None or not re.search(expression, other)


@pytest.mark.parametrize(
    ("field", "key", "values", "lines"),
    [
        ("path-pattern", "", ("/a", "/b*"), ["acl x path -m reg '^/a$'", "acl x path -m reg '^/b.*$'"]),
        ("host-header", "", ("*.a.b",), [r"acl x req.hdr(host),host_only -m reg -i '^.*\.a\.b$'"]),
        ("http-header", "X-A", ("b",), ["acl x req.fhdr('X-A') -m reg -i '^b$'"]),
        ("http-request-method", "", ("GET",), ["acl x method -m str 'GET'"]),
        ("query-string", "k", ("v*",), ["acl x query -m reg -i '(?:^|&)k=v[^&]*(?:&|$)'"]),
        ("query-string", "", ("v",), ["acl x query -m reg -i '(?:^|&)(?:[^&=]*=)?v(?:&|$)'"]),
        ("source-ip", "", ("10.0.0.0/8", "192.0.2.1/32"), ["acl x src '10.0.0.0/8'", "acl x src '192.0.2.1/32'"]),
    ],
)
def test_conditions(field: str, key: str, values: tuple[str, ...], lines: list[str]) -> None:
    assert acl("x", condition(field, *values, key=key)) == lines


def test_an_unknown_condition_is_an_error() -> None:
    with pytest.raises(ValueError, match="weather"):
        acl("x", condition("weather", "fair"))
