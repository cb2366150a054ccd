# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's images: made from the folders of ``lab/images``, named by their content, kept by podman for all labs.

A folder holds a ``Containerfile``, the file ``parent`` with the name of the image it begins with, and whatever else the
build needs. ``base`` alone has neither: it is Debian, put together by mmdebstrap from its file ``packages``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.archive import SUITE, archive, configuration
from lab.machine import Failed, run

FOLDER = Path(__file__).parent / "images"
_REPOSITORY = "localhost/slipway"
_WORK = Path("/var/tmp/slipway-images")  # noqa: S108 # made by root alone, mode 0700
_LOCK = Path("/run/lock/slipway-images")
_SECONDS = 1800.0

Say = Callable[[str], None]
"""Tells a person how it goes on."""
Ensure = Callable[[str, Say], str]
"""`ensure`, for those who are given it."""


def images() -> list[str]:
    """The names of all images that can be made."""
    return sorted(each.name for each in FOLDER.iterdir() if (each / "parent").exists() or each.name == "base")


def tag(name: str) -> str:
    """An image's full name: it changes with the content of its folder and with its parent's. Raises ValueError."""
    own = FOLDER / name
    if not own.is_dir():
        raise ValueError(f"there is no image {name!r}: {own} is no folder")
    content = hashlib.sha256()
    for file in sorted(each for each in own.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
        body = file.read_bytes()
        executable = bool(file.stat().st_mode & 0o100)
        content.update(f"{file.relative_to(own)}\0{executable}\0{len(body)}\0".encode() + body)
    parent = parent_of(name)
    content.update((tag(parent) if parent else "").encode())
    return f"{_REPOSITORY}/{name}:{content.hexdigest()[:12]}"


def parent_of(name: str) -> str | None:
    """The image that an image begins with."""
    file = FOLDER / name / "parent"
    return file.read_text().strip() if file.exists() else None


def ensure(name: str, say: Say) -> str:
    """The tag of an image that exists now: it and its parents are made when they do not. Takes minutes then.

    Builders wait for each other. ``say`` is told what is being made. Raises `Failed` and ValueError.
    """
    wanted = tag(name)
    if not _exists(wanted):
        with _alone(say):
            _make(name, say)
    return wanted


def remove_unused() -> list[str]:
    """Remove images that no folder stands for any more and no container uses; returns their tags."""
    current = {tag(name) for name in images()}
    with _alone(lambda _text: None):
        _clear()
        old = [each for each in _present() if each not in current]
        return [each for each in old if _removed(each)]


def _make(name: str, say: Say) -> None:
    wanted = tag(name)
    if _exists(wanted):  # the builder before this one made it
        return
    parent = parent_of(name)
    if parent:
        _make(parent, say)
    _clear()
    say(f"making image {name}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=_WORK) as folder:
        if parent:
            _build(name, wanted, tag(parent), Path(folder))
        else:
            _bootstrap(name, wanted, Path(folder))
    say(f"image {name} made in {time.monotonic() - began:.0f} s")


def _bootstrap(name: str, wanted: str, folder: Path) -> None:
    """Debian's essential packages and those of the file ``packages``, as an image."""
    source = archive()
    packages = (FOLDER / name / "packages").read_text().split()
    conf = folder / "apt.conf"
    conf.write_text("\n".join(source.settings) + "\n")
    options = ["force-unsafe-io", "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/locale/*"]
    tar = folder / "root.tar"
    sources = shlex.quote(str(FOLDER / name / "sources.list"))
    run(
        [
            "mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", f"--aptopt={conf}",
            *(f"--dpkgopt={option}" for option in options),
            f"--customize-hook=copy-in {sources} /etc/apt",
            '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/hostname" "$1/etc/resolv.conf"',
            SUITE, str(tar), "-",
        ],
        text=source.sources, seconds=_SECONDS,
    )  # fmt: skip
    run(["podman", "import", "--quiet", '--change=CMD ["/bin/sh"]', str(tar), wanted], seconds=_SECONDS)


def _build(name: str, wanted: str, parent: str, folder: Path) -> None:
    mounts = [f"--volume={source}:{target}:ro" for source, target in configuration(archive(), folder)]
    run(
        [
            "podman", "build", "--quiet", "--runtime=runc", "--network=host", "--pull-never", "--layers=false",
            "--force-rm", f"--build-arg=PARENT={parent}", *mounts, f"--tag={wanted}", str(FOLDER / name),
        ],
        seconds=_SECONDS,
    )  # fmt: skip


def _present() -> list[str]:
    listed = json.loads(run(["podman", "images", "--format=json"]) or "[]")
    names = [name for each in listed for name in each.get("Names") or []]
    return [name for name in names if name.startswith(f"{_REPOSITORY}/")]


def _exists(wanted: str) -> bool:
    return wanted in _present()


def _removed(wanted: str) -> bool:
    try:
        run(["podman", "rmi", wanted])
    except Failed:  # a container or another image stands on it
        return False
    return True


def _clear() -> None:
    """Remove what a killed build left: its containers, which podman lists as another program's, and its files."""
    listed = json.loads(run(["podman", "ps", "--all", "--external", "--format=json"]) or "[]")
    left = [
        each["Id"] for each in listed
        if each.get("State") == "storage" and each.get("Image", "").startswith(f"{_REPOSITORY}/")
    ]  # fmt: skip
    if left:
        run(["podman", "rm", "--force", *left])
    if _WORK.exists():
        shutil.rmtree(_WORK)  # mmdebstrap mounts in a namespace of its own: nothing is mounted below
    _WORK.mkdir(mode=0o700)


@contextlib.contextmanager
def _alone(say: Say) -> Iterator[None]:
    """One builder on the machine at a time; the lock ends with its holder."""
    descriptor = os.open(_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another builder of images")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
