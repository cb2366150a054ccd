# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this machine gets Debian's packages from, so that images are made from there too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lab.machine import run

SUITE = "bookworm"
_RELEASE = re.compile(r"(?:oldstable|stable|testing|bullseye|bookworm|trixie|forky)(-security)?")
_SETTING = re.compile(r"Acquire::https?::(?!CaInfo)\S+ .*;", re.IGNORECASE)
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "/run/machine"
"""Where `configuration` is seen while an image is built."""


@dataclass(frozen=True)
class Archive:
    """``main`` and ``security``: URIs. ``settings``: lines of apt's configuration, such as a proxy's."""

    main: str = "http://deb.debian.org/debian"
    security: str = "http://deb.debian.org/debian-security"
    settings: tuple[str, ...] = ()

    @property
    def sources(self) -> str:
        """The text of a ``sources.list``."""
        return (
            f"deb {self.main} {SUITE} main\ndeb {self.main} {SUITE}-updates main\n"
            f"deb {self.security} {SUITE}-security main\n"
        )


def archive() -> Archive:
    """This machine's own archive of Debian; the public one where it is another distribution. Raises `Failed`."""
    targets = run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"])
    return parse(targets, run(["apt-config", "dump"]))


def parse(targets: str, settings: str) -> Archive:
    """From apt's own words: lines ``release URI``, and its whole configuration."""
    found: dict[str, str] = {}
    for line in targets.splitlines():
        release, _, uri = line.partition(" ")
        if match := _RELEASE.fullmatch(release):
            found.setdefault("security" if match[1] else "main", uri.rstrip("/"))
    return Archive(**found, settings=tuple(filter(_SETTING.fullmatch, settings.splitlines())))


def configuration(archive: Archive, folder: Path) -> list[tuple[Path, str]]:
    """Write into ``folder`` what a build needs of this machine; returns what to mount where, read only."""
    (folder / "sources.list").write_text(archive.sources)
    (folder / "ca.crt").write_bytes(_AUTHORITIES.read_bytes())
    lines = [
        f'Dir::Etc::SourceList "{INSIDE}/sources.list";',
        'Dir::Etc::SourceParts "-";',
        f'Acquire::https::CaInfo "{INSIDE}/ca.crt";',
        'APT::Install-Recommends "false";',
        *archive.settings,
    ]
    (folder / "apt.conf").write_text("\n".join(lines) + "\n")
    return [(folder, INSIDE), (folder / "apt.conf", "/etc/apt/apt.conf.d/99machine")]
