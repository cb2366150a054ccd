# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of requests."""

from __future__ import annotations

import io
from email.message import Message

import pytest

from lab.registry.body import body


def _read(content: bytes, **headers: str) -> bytes:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return b"".join(body(io.BytesIO(content), message))


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"", {}, b""),
        (b"more than asked", {"Content_Length": "4"}, b"more"),
        (b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}, b"abc0123456789"),
        (b"0\r\nTrailer: x\r\n\r\nnext", {"Transfer_Encoding": "Chunked"}, b""),
    ],
)
def test_a_whole_body(content: bytes, headers: dict[str, str], expected: bytes) -> None:
    assert _read(content, **headers) == expected


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"abc", {"Content_Length": "4"}),
        (b"5\r\nabc", {"Transfer_Encoding": "chunked"}),
        (b"5\r\nabcde\r\n", {"Transfer_Encoding": "chunked"}),
        (b"what\r\n", {"Transfer_Encoding": "chunked"}),
    ],
)
def test_one_that_breaks_off_is_no_body(content: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(ConnectionError):
        _read(content, **headers)
