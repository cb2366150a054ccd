# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account from one run of the emulator to the next: moto's backends in one file.

The file holds secrets and is a pickle: readable by its owner only, and read only from a directory that is the owner's.
"""

from __future__ import annotations

import collections
import io
import os
import pickle
import stat
import threading
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import moto
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict

from lab import files

FILE = "account.pickle"
_LOCKS = {type(threading.RLock()): threading.RLock, type(threading.Lock()): threading.Lock}
_Backend = tuple[str, str, str, Any]


class _Pickler(pickle.Pickler):
    """Writes the dictionaries that hold the backends by name: they belong to the process, not to the account."""

    def persistent_id(self, thing: Any) -> tuple[str, str] | None:
        if isinstance(thing, BackendDict):
            return (thing.service_name, "")
        if isinstance(thing, AccountSpecificBackend):
            return (thing.service_name, thing.account_id)
        return None

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, types.FunctionType) and "<lambda>" in thing.__qualname__:
            return _factory, (thing.__module__,)
        if isinstance(thing, collections.defaultdict) and type(thing) is not collections.defaultdict:
            return _default_dictionary, (type(thing), thing.default_factory), vars(thing), None, iter(thing.items())
        for kind, make in _LOCKS.items():
            if isinstance(thing, kind):
                return make, ()
        if isinstance(thing, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (dict(thing),)
        if type(thing).__module__.startswith("cryptography."):
            return _of_cryptography(thing)
        return NotImplemented


def _of_cryptography(thing: Any) -> Any:
    """A certificate or private key that moto has read; what else the library has is pickled as usual."""
    if isinstance(thing, x509.Certificate):
        return _certificate, (thing.public_bytes(serialization.Encoding.PEM),)
    if hasattr(thing, "private_bytes"):
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return _private_key, (thing.private_bytes(*form),)
    return NotImplemented


def _certificate(pem: bytes) -> Any:
    return x509.load_pem_x509_certificate(pem)


def _private_key(pem: bytes) -> Any:
    return serialization.load_pem_private_key(pem, None)


def _default_dictionary(kind: Any, factory: Any) -> Any:
    """An empty dictionary of one of moto's kinds, whose constructors want more than pickle gives them."""
    made = kind.__new__(kind)
    collections.defaultdict.__init__(made, factory)
    return made


def _factory(module: str) -> Any:
    """The anonymous functions that some of moto's dictionaries make their values with."""
    return {"moto.ssm.models": _nested_tags, "moto.awslambda.models": dict}[module]


def _nested_tags() -> Any:
    return collections.defaultdict(dict)


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, identity: Any) -> Any:
        service, account = identity
        backends = get_backend(service)
        return backends[account] if account else backends


def content(more: object) -> bytes:
    """The account, and `more` beside it: what refers to the account's own objects there refers to them again later."""
    written = io.BytesIO()
    _Pickler(written, pickle.HIGHEST_PROTOCOL).dump((moto.__version__, list(_backends()), more))
    return written.getvalue()


def write(directory: Path, saved: bytes) -> None:
    """Write what `content` returned in one step: an interrupted write leaves the file before."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(directory / FILE, saved)


def restore(directory: Path) -> Any:
    """Read the account back; returns what was saved beside it, or None where nothing was.

    Raises RuntimeError for a file of another moto, or one that somebody else could have written.
    """
    path = directory / FILE
    if not path.exists():
        return None
    status = path.stat()
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RuntimeError(f"{path} could have been written by somebody else: remove it or correct its owner and mode")
    with path.open("rb") as file:
        version, backends, more = _Unpickler(file).load()
    if version != moto.__version__:
        raise RuntimeError(f"{path} is of moto {version}, this is {moto.__version__}: remove it and make the lab anew")
    for service, account, region, backend in backends:
        dict.__setitem__(get_backend(service)[account], region, backend)
    _restore_bucket_names(backends)
    return more


def _backends() -> Iterator[_Backend]:
    every: Any = BackendDict
    for backends in every._instances:
        for account, region, backend in backends.iter_backends():
            yield backends.service_name, account, region, backend


def _restore_bucket_names(backends: list[_Backend]) -> None:
    """Bucket names are the world's: S3 keeps them beside its backends."""
    for service, account, partition, backend in backends:
        if service == "s3":
            names = dict.fromkeys(backend.buckets, (partition, account))
            get_backend("s3").bucket_accounts.update(names)  # type: ignore[attr-defined]
