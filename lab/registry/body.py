# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of a request, piece by piece: layers are large."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

_CHUNK = 1 << 20


def body(stream: BufferedIOBase, headers: Message) -> Iterator[bytes]:
    """What a client sends after its headers, without the marks of a chunked one. Raises OSError when it breaks off."""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _chunked(stream)
    return _counted(stream, int(headers.get("Content-Length") or 0))


def _counted(stream: BufferedIOBase, remaining: int) -> Iterator[bytes]:
    while remaining:
        piece = stream.read(min(remaining, _CHUNK))
        if not piece:
            raise ConnectionError("the client broke off")
        remaining -= len(piece)
        yield piece


def _chunked(stream: BufferedIOBase) -> Iterator[bytes]:
    while size := _size(stream.readline(1024)):
        yield from _counted(stream, size)
        stream.readline(1024)
    while stream.readline(65536).strip():  # trailers
        pass


def _size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as cause:
        raise ConnectionError(f"{line[:32]!r} is no size of a chunk") from cause
