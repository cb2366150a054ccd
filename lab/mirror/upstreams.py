# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the mirror gets what it serves: the machine's own configuration of apt and pip, else the public registries."""

from __future__ import annotations

import os
import shlex
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from lab.archive import Archive, archive
from lab.machine import Failed, run

_INDEX = "https://pypi.org/simple"
_FILES = "https://files.pythonhosted.org"


@dataclass(frozen=True)
class Upstream:
    """A registry. ``url`` has no credentials and no final slash; ``credentials`` are ``user:password`` or empty."""

    url: str
    credentials: str = field(default="", repr=False)

    @property
    def split(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """Its host name."""
        return self.split.hostname or ""

    @property
    def port(self) -> int:
        """Its port, also where the URL leaves it out."""
        return self.split.port or (443 if self.split.scheme == "https" else 80)

    @property
    def origin(self) -> str:
        """Scheme and authority: ``https://pypi.org``."""
        return f"{self.split.scheme}://{self.split.netloc}"


@dataclass(frozen=True)
class Upstreams:
    """``files``: where the pages of ``index`` link to. ``authorities``: the bundle that https is checked with."""

    debian: Upstream
    security: Upstream
    index: Upstream
    files: Upstream
    authorities: Path

    def named(self) -> Mapping[str, Upstream]:
        """Each by the name of its socket."""
        return {"debian": self.debian, "security": self.security, "index": self.index, "files": self.files}


def of_machine() -> Upstreams:
    """The upstreams by this machine's configuration, read now. Raises `lab.machine.Failed`."""
    apt = archive()
    index, index_files = package_index(_pip_index())
    return Upstreams(
        debian=debian(apt.main, Archive.main),
        security=debian(apt.security, Archive.security),
        index=index,
        files=index_files,
        authorities=_authorities(),
    )


def debian(uri: str, public: str) -> Upstream:
    """An archive of apt's; the public one where apt has it by other means than HTTP, such as a list of mirrors."""
    return upstream(uri if _fetched(uri) else public)


def package_index(url: str | None) -> tuple[Upstream, Upstream]:
    """The Python package index at a URL, and where its files are: beside it, but for the public one."""
    if url is None or not _fetched(url) or upstream(url).url == _INDEX:
        return Upstream(_INDEX), Upstream(_FILES)
    index = upstream(url)
    return index, Upstream(index.origin, index.credentials)


def upstream(url: str) -> Upstream:
    """A registry by a URL that may hold credentials."""
    split = urlsplit(url)
    credentials, _, netloc = split.netloc.rpartition("@")
    return Upstream(split._replace(netloc=netloc).geturl().rstrip("/"), unquote(credentials))


def _fetched(url: str) -> bool:
    return urlsplit(url).scheme in {"http", "https"}


def _pip_index() -> str | None:
    """``index-url`` as pip itself would read it, from its files and its environment."""
    try:
        listed = run([sys.executable, "-m", "pip", "config", "list"])
    except Failed:
        return None
    found = dict(_setting(line) for line in listed.splitlines() if "=" in line)
    names = (":env:.index-url", "install.index-url", "global.index-url")
    return next((found[name] for name in names if name in found), None)


def _setting(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, " ".join(shlex.split(value))


def _authorities() -> Path:
    paths = ssl.get_default_verify_paths()
    candidates = [os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt", paths.cafile]
    return next((Path(each) for each in candidates if each and Path(each).is_file()), Path(paths.openssl_cafile))
