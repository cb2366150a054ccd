# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine's archive, from what apt says."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.archive import Archive, configuration, parse

PUBLIC = Archive()
OWN = """\
nodistro https://other.example/
bookworm http://own.example/debian/
bookworm-updates http://x.example/
bookworm-security http://own.example/security/
bookworm http://second.example/
"""
SETTINGS = """\
Acquire "";
Acquire::http::Proxy "http://proxy:3142";
Acquire::https::CaInfo "/x";
APT::Architecture "amd64";
"""


@pytest.mark.parametrize(
    ("targets", "settings", "archive"),
    [
        ("", "", PUBLIC),
        ("jammy http://archive.ubuntu.com/ubuntu/\njammy-security http://security.ubuntu.com/ubuntu/", "", PUBLIC),
        (
            OWN,
            "",
            Archive("http://own.example/debian", "http://own.example/security"),
        ),
        (
            "trixie https://own.example/debian",
            SETTINGS,
            Archive("https://own.example/debian", settings=('Acquire::http::Proxy "http://proxy:3142";',)),
        ),
    ],
)
def test_archive(targets: str, settings: str, archive: Archive) -> None:
    assert parse(targets, settings) == archive


def test_a_build_uses_it(tmp_path: Path) -> None:
    archive = Archive("http://own.example/debian", settings=('Acquire::http::Proxy "http://proxy:3142";',))
    mounts = dict(configuration(archive, tmp_path))
    assert set(mounts.values()) == {"/run/machine", "/etc/apt/apt.conf.d/99machine"}
    assert "deb http://own.example/debian bookworm main\n" in (tmp_path / "sources.list").read_text()
    assert archive.settings[0] in (tmp_path / "apt.conf").read_text()
