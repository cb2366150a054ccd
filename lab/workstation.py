# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's side: commands run in the lab's control network, turned to the lab's account."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import files
from lab.emulator.options import DEFAULT_CREDENTIALS
from lab.emulator.process import KEPT
from lab.machine import run
from lab.namespaces import path
from lab.place import API, PUBLIC_RESOLVER, Place

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
BASTION_USER = "admin"
"""Of the Debian images."""
_MACHINE_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# A file system of its own, for one file: the lab's resolver stands where programs look for theirs.
_ENTER = 'mount --bind "$1" "$(readlink -f /etc/resolv.conf)"; shift; exec "$@"'


def prepare(lab: Place) -> None:
    """Make what commands need and find in place: the operator's key, the resolver's file, the trusted authorities."""
    folder = lab.part("operator")
    if not (folder / "id_ed25519").exists():
        run(
            [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                f"slipway-lab-{lab.name}",
                "-f",
                str(folder / "id_ed25519"),
            ]
        )
    files.write(folder / "resolv.conf", f"nameserver {PUBLIC_RESOLVER}\n", mode=0o644)
    own = _MACHINE_BUNDLE.read_text() if _MACHINE_BUNDLE.exists() else ""
    trusted = own + (lab.folder / "authority/authority.pem").read_text()
    files.write(folder / "ca-certificates.crt", trusted, mode=0o644)


def environment(lab: Place, parent: Mapping[str, str]) -> dict[str, str]:
    """A command's environment: the lab's account in place of the user's, and the key that its hosts let in."""
    folder = lab.folder / "operator"
    kept = {name: value for name, value in parent.items() if not name.startswith("AWS_") or name in KEPT}
    region = kept.get("AWS_REGION") or kept.get("AWS_DEFAULT_REGION") or "us-east-1"
    key, secret = DEFAULT_CREDENTIALS
    return {
        **kept,
        **dict.fromkeys(_BUNDLES, str(folder / "ca-certificates.crt")),
        "AWS_ENDPOINT_URL": f"http://{API}",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws-credentials"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        # Shared connections are named by address, and hosts of two labs may have the same.
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "ansible/cp"),
        "ANSIBLE_PRIVATE_KEY_FILE": str(folder / "id_ed25519"),
        "SLIPWAY_PUBLIC_KEY": (folder / "id_ed25519.pub").read_text().strip(),
    }


def start(lab: Place, command: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
    """Start a command in the control network. Raises OSError where the program is not there."""
    resolver = str(lab.folder / "operator/resolv.conf")
    network = f"--net={path(lab.namespace('control'))}"
    entered = ["nsenter", network, "unshare", "--mount", "sh", "-ec", _ENTER, "sh", resolver, *command]
    return subprocess.Popen(entered, env=environment(lab, os.environ), **options)  # type: ignore[call-overload,no-any-return]


def ssh(lab: Place, address: str, user: str, jump: str | None, host_keys: Mapping[str, str]) -> list[str]:
    """The ssh command for a host, through another where it has no public address. ``host_keys``: address → key."""
    folder = lab.folder / "operator"
    known = folder / "known_hosts"
    with contextlib.suppress(FileNotFoundError):
        known.unlink()
    known.write_text("".join(f"{host} {key}\n" for host, key in host_keys.items()))
    options = ["-i", str(folder / "id_ed25519"), "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
    proxy = ["-o", f"ProxyCommand=ssh {' '.join(options)} -W %h:%p {BASTION_USER}@{jump}"] if jump else []
    return ["ssh", *options, *proxy, f"{user}@{address}"]
