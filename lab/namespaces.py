# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces by name, entered by one thread at a time and left again."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def path(namespace: str) -> Path:
    """The file that stands for a namespace; it is there while the namespace is."""
    return _FOLDER / namespace


def enter(namespace: str) -> None:
    """Move the calling thread into a namespace, for good. Raises OSError, also where there is none of that name."""
    _set(path(namespace))


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """The calling thread is in a namespace meanwhile: sockets made here belong to it for as long as they live."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(namespace)
        yield
    finally:
        _join(home)
        os.close(home)


def listen(namespace: str, address: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A bound socket in a namespace, listening where it is a stream's; usable from every thread."""
    with inside(namespace):
        made = socket.socket(socket.AF_INET, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        if kind == socket.SOCK_STREAM:
            made.listen(256)
    except BaseException:
        made.close()
        raise
    return made


def _set(file: Path) -> None:
    target = os.open(file, os.O_RDONLY)
    try:
        _join(target)
    finally:
        os.close(target)


def _join(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
