# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-test sanity`` on the collection as it ships: built, unpacked, outside of the repository's links.

ansible-test keeps its environments below HOME and fetches get-pip from its vendor. It gets a HOME of its own in the
cache, with a get-pip that installs from the index pip is configured for, so that the user's ``~/.ansible`` is untouched
and a mirror is enough.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import ansible_test

from scripts.bootstrap import ROOT, cache_folder

# The options that ansible-test passes to the real get-pip and pip itself does not know are dropped.
GET_PIP = """\
import ensurepip, os, subprocess, sys
ensurepip.bootstrap()
os.environ.pop("PIP_CONFIG_FILE", None)  # ensurepip points it to /dev/null
options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *options]))
"""


def pip_version() -> str:
    """The version that ansible-test asks get-pip for, ``pip='…'`` in its source."""
    source = Path(ansible_test.__path__[0], "_internal/python_requirements.py").read_text()
    found = re.findall(r"\bpip='([0-9.]+)'", source)
    if len(found) != 1:
        sys.exit("ansible-test no longer says which pip it bootstraps the way scripts/sanity.py reads it")
    return str(found[0])


def pip_configuration() -> str:
    """The effective configuration of pip as one file: ansible-test passes no variable on to pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = (line.partition("=") for line in listed.splitlines())
    options = {key.rpartition(".")[2]: ast.literal_eval(value) for key, _, value in pairs}
    return "\n".join(["[global]", "quiet = 1", *(f"{key} = {value}" for key, value in options.items())]) + "\n"


def prepare_home() -> Path:
    """A HOME for ansible-test, with get-pip and pip's configuration in place."""
    home = cache_folder() / "ansible-test"
    bootstrap = home / f".ansible/test/cache/get_pip_{pip_version().replace('.', '_')}.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.write_text(GET_PIP)
    configuration = home / ".config/pip/pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.touch(mode=0o600)  # an index's URL may hold a password
    configuration.write_text(pip_configuration())
    return home


def unpack(folder: Path) -> Path:
    """The built collection, unpacked where ansible-test insists on finding it: below no folder that git manages."""
    if any((parent / ".git").exists() for parent in folder.parents):
        sys.exit(
            f"{folder} lies in a git repository, where ansible-test finds no files: set TMPDIR to a folder outside"
        )
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", folder, ROOT], check=True)
    collection = folder / "ansible_collections/slipway/platform"
    with tarfile.open(next(folder.glob("*.tar.gz"))) as artefact:
        artefact.extractall(collection, filter="data")
    if any(path.read_text().strip() for path in (collection / "tests/sanity").glob("ignore*")):
        sys.exit("tests/sanity: the ignore files are kept empty; mend what ansible-test reports")
    return collection


def main() -> None:
    command = ["ansible-test", "sanity", "--requirements", "--python", "3.11", "--color", "no", *sys.argv[1:]]
    environment = {**os.environ, "HOME": str(prepare_home())}
    with tempfile.TemporaryDirectory(prefix="slipway-sanity-") as folder:
        sys.exit(subprocess.run(command, cwd=unpack(Path(folder)), env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
