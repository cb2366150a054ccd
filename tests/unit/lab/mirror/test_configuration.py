# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the mirror's content comes from, and the server's configuration for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.mirror.configuration import configuration
from lab.mirror.upstreams import Upstream, Upstreams, debian, package_index, upstream

_PUBLIC = (Upstream("https://pypi.org/simple"), Upstream("https://files.pythonhosted.org"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, _PUBLIC),
        ("https://pypi.org/simple/", _PUBLIC),
        ("file:///srv/simple", _PUBLIC),
        (
            "https://packages.example:8443/api/simple/",
            (Upstream("https://packages.example:8443/api/simple"), Upstream("https://packages.example:8443")),
        ),
        (
            "https://jane:s%40cret@packages.example/simple",
            (
                Upstream("https://packages.example/simple", "jane:s@cret"),
                Upstream("https://packages.example", "jane:s@cret"),
            ),
        ),
    ],
)
def test_files_are_beside_an_index_but_for_the_public_one(url: str | None, expected: tuple[Upstream, Upstream]) -> None:
    assert package_index(url) == expected


def test_an_upstream_keeps_its_credentials_to_itself() -> None:
    made = upstream("https://jane:secret@packages.example/simple")
    assert (made.host, made.port, made.origin) == ("packages.example", 443, "https://packages.example")
    assert "secret" not in repr(made)


def test_an_archive_that_is_no_url_is_the_public_one() -> None:
    assert debian("http://archive.example/debian", "http://public").port == 80
    assert debian("mirror+file:/etc/apt/mirrors/debian.list", "http://public") == Upstream("http://public")


def _configured(index: str | None = None) -> dict[str, list[str]]:
    """The settings of each location, without those that all have."""
    archive = Upstream("http://archive.example:8080/ftp/debian")
    security = Upstream("https://security.example/debian-security")
    text = configuration(Upstreams(archive, security, *package_index(index), Path("ca.pem")), "identity", 100)
    found: dict[str, list[str]] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("location"):
            found[line.split(" ", 1)[1].removesuffix("{").strip()] = current = []
        elif found and not line.startswith(("proxy_set_header C", "}")):
            current.append(line.removesuffix(";"))
    return found


def test_each_path_leads_to_one_upstream_and_is_kept_for_as_long_as_it_stays_true() -> None:
    found = _configured()
    assert found["/debian/pool/"] == [
        "proxy_pass http://debian/ftp/debian/pool/",
        "proxy_ssl_name archive.example",
        "proxy_cache_key http://archive.example:8080/ftp/debian:$uri",
        "proxy_cache_valid 200 60d",
        "proxy_set_header Host archive.example:8080",
        'proxy_set_header Authorization ""',
    ]
    leads = {
        path: (settings[0].split()[1], settings[3].split()[-1])
        for path, settings in found.items()
        if settings and settings[0].startswith("proxy_pass")
    }
    assert leads == {
        "/debian/dists/": ("http://debian/ftp/debian/dists/", "1m"),
        "/debian/pool/": ("http://debian/ftp/debian/pool/", "60d"),
        "/debian-security/dists/": ("https://security/debian-security/dists/", "1m"),
        "/debian-security/pool/": ("https://security/debian-security/pool/", "60d"),
        "/pypi/simple/": ("https://index/simple/", "5m"),
        "/pypi/files/": ("https://files/", "60d"),
    }


def test_the_pages_of_an_index_are_rewritten() -> None:
    assert [line for line in _configured()["/pypi/simple/"] if line.startswith("sub_filter '")] == [
        "sub_filter 'https://files.pythonhosted.org/' '/pypi/files/'"
    ]
    own = _configured("https://jane:secret@packages.example/api/pypi/simple")["/pypi/simple/"]
    assert [line for line in own if line.startswith("sub_filter '")] == [
        "sub_filter 'https://packages.example/' '/pypi/files/'",
        "sub_filter 'href=\"../../' 'href=\"/pypi/files/api/pypi/'",
        "sub_filter 'href=\"/' 'href=\"/pypi/files/'",
    ]
    assert 'proxy_set_header Authorization "Basic amFuZTpzZWNyZXQ="' in own
