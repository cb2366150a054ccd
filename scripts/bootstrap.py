# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the virtual environment of a lock once, in the cache, and points a link to it. Standard library only.

An environment is named by the hash of its lock, so an unchanged lock costs nothing and a changed one never mixes with
the old. uv installs, as it is many times faster than pip; where uv cannot reach the packages and pip can, pip does,
from the same lock. The environment of development has the collections of collections/requirements.yml beside.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cache_folder() -> Path:
    """The absolute path of ``$SLIPWAY_CACHE``, by default ``.cache`` in the repository."""
    return Path(os.environ.get("SLIPWAY_CACHE") or ROOT / ".cache").absolute()


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two makes at once build an environment once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pip_settings(python: Path) -> dict[str, str]:
    """uv's environment for what the user has told pip: uv reads neither pip's files nor its variables."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    names = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
    found: dict[str, str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = names.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            found[name] = value.strip("'\"")
    return found


def install(python: Path, lock: Path, uv: Path | None) -> None:
    """Install exactly what the lock holds, every file checked against its hash."""
    if uv:
        command: list[str | Path] = [
            uv / "bin/uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            "--require-hashes",
            "-r",
            lock,
        ]
        settings = pip_settings(uv / "bin/python")
        if subprocess.run(command, env={**os.environ, **settings}, check=False).returncode == 0:
            return
        print("uv could not install the packages; trying pip", file=sys.stderr)
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        lock,
    ]
    subprocess.run(pip, check=True)


def collections(python: Path) -> None:
    """Put the collections of collections/requirements.yml where Ansible finds them: beside the installed packages.

    They come from the package ``ansible``, which bundles a hundred of them: for whoever has no Galaxy, and by hash.
    """
    named = re.findall(r"name: (\w+)\.(\w+)", (ROOT / "collections/requirements.yml").read_text())
    folders = tuple(f"ansible_collections/{namespace}/{name}/" for namespace, name in named)
    (packages,) = (python.parent.parent / "lib").glob("python*/site-packages")
    with tempfile.TemporaryDirectory() as downloads:
        lock = ROOT / "requirements/collections.lock"
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary=:all:"]
        subprocess.run([python, "-m", "pip", "download", *options, "--dest", downloads, "-r", lock], check=True)
        (bundle,) = Path(downloads).iterdir()
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(packages, [file for file in archive.namelist() if file.startswith(folders)])


def environment(name: str, uv: Path | None = None) -> Path:
    """The folder of the lock's environment, made if it is not there whole."""
    lock = ROOT / "requirements" / f"{name}.lock"
    folder = cache_folder() / "environments"
    sources = [lock]
    if name == "dev":
        sources += [ROOT / "requirements/collections.lock", ROOT / "collections/requirements.yml"]
    content = b"".join(source.read_bytes() for source in sources)
    key = hashlib.sha256(content + str(folder).encode()).hexdigest()[:16]
    target = folder / f"{name}-{key}"
    whole = target / ".whole"
    if not (whole.exists() and (target / "bin/python").exists()):
        print(f"Installing requirements/{name}.lock", file=sys.stderr)
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", target], check=True)
        install(target / "bin/python", lock, uv)
        if name == "dev":
            collections(target / "bin/python")
        whole.touch()
    return target


def point(link: Path, target: Path) -> None:
    """Make ``link`` lead to ``target``, at once: nobody finds it missing."""
    if link.is_symlink() and link.readlink() == target:
        return
    if link.is_dir() and not link.is_symlink():
        sys.exit(f"{link} is a folder that this program did not make: move it away, and run again")
    fresh = link.with_name(f"{link.name}.fresh")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", help="name of a file in requirements/, without .lock")
    parser.add_argument("link", help="link to make, relative to the repository")
    arguments = parser.parse_args()
    if not importlib.util.find_spec("ensurepip"):
        sys.exit("Python 3.11 is here without its venv module. Debian and Ubuntu: sudo apt-get install python3.11-venv")
    try:
        with only_one(cache_folder() / "environments"):
            uv = None if arguments.lock == "bootstrap" else environment("bootstrap")
            point(ROOT / arguments.link, environment(arguments.lock, uv))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{arguments.lock}: {error}. Packages come from the index that pip is configured for: pip config list")


if __name__ == "__main__":
    main()
