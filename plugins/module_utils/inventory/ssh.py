# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host is reached, and which key it must show: address, ssh arguments, known_hosts."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import Instance, function_groups

HOST_KEY = re.compile(r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+={0,2}")
# cloud-init prints the public host keys to the console between these lines
# (https://cloudinit.readthedocs.io/en/latest/reference/modules.html#ssh, emit_keys_to_console).
CONSOLE_KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)


@dataclass(frozen=True)
class Access:
    """What the inventory source and the controller decide about reaching hosts; the paths are absolute."""

    connection: Literal["bastion", "ssm", "direct"]
    user: str
    bastion_group: str
    known_hosts: str
    control_path_folder: str
    private_key_file: str | None = None


def console_keys(output: str) -> list[str]:
    """The host keys of the last block that a boot printed to the console, without their comments."""
    blocks = CONSOLE_KEYS.findall(output)
    return HOST_KEY.findall(blocks[-1]) if blocks else []


def tagged_key(instance: Instance) -> str | None:
    """The key that the host published in its tag; anything but one key of a known type does not count."""
    key = " ".join(instance.tags.get("slipway:host-key", "").split()[:2])
    return key if HOST_KEY.fullmatch(key) else None


def host_keys(instance: Instance) -> list[str]:
    """The keys to pin: the published one, else those of the console, else none (and ssh refuses the host)."""
    key = tagged_key(instance)
    return [key] if key else instance.console_keys


def known_hosts(instances: Iterable[Instance]) -> str:
    """The text of a known_hosts file; a host goes by its instance id, as addresses recur in time and over regions."""
    lines = (f"{instance.instance_id} {key}\n" for instance in instances for key in host_keys(instance))
    return "".join(sorted(lines))


def write_known_hosts(path: str, text: str) -> None:
    """Makes ``path`` hold ``text``, mode 0600: in one step, so that a running ssh never reads half of it.

    Raises OSError where the folder or the file cannot be written.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if _content(path) == text:
        return
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".known_hosts-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def choose_bastion(instance: Instance, bastions: Iterable[Instance]) -> Instance | None:
    """The bastion that is nearest: of the host's own network, then of its zone, then of its region."""
    return min(
        bastions,
        key=lambda bastion: (
            bastion.vpc_id != instance.vpc_id,
            bastion.zone != instance.zone,
            bastion.region != instance.region,
            bastion.instance_id,
        ),
        default=None,
    )


class Routes:
    """The address and the ssh arguments of each host, from the topology of all."""

    def __init__(self, access: Access, instances: Iterable[Instance]) -> None:
        self._access = access
        self._bastions = [instance for instance in instances if self._is_bastion(instance)]
        self._nearest: dict[tuple[str, str, str], Instance | None] = {}
        self._commands: dict[str, str] = {}

    def __call__(self, instance: Instance) -> tuple[str, str]:
        """``ansible_host`` and ``ansible_ssh_common_args`` of a host. A host without any address has an empty one."""
        pinned = _options(self._pins(instance))
        if self._access.connection == "ssm":
            return instance.instance_id, f"{pinned} {_option('ProxyCommand', _session_manager(instance.region))}"
        if self._access.connection == "direct":
            return instance.private_ip, pinned
        if self._is_bastion(instance):
            return instance.public_ip, pinned
        bastion = self._bastion_of(instance)
        if bastion is None:
            return instance.public_ip or instance.private_ip, pinned
        return instance.private_ip, f"{pinned} {_option('ProxyCommand', self._through(bastion))}"

    def _is_bastion(self, instance: Instance) -> bool:
        reachable = bool(instance.public_ip) and not instance.stopped
        return reachable and self._access.bastion_group in function_groups(instance)

    def _bastion_of(self, instance: Instance) -> Instance | None:
        place = (instance.vpc_id, instance.zone, instance.region)
        if place not in self._nearest:
            self._nearest[place] = choose_bastion(instance, self._bastions)
        return self._nearest[place]

    def _pins(self, instance: Instance) -> dict[str, str]:
        return {
            "HostKeyAlias": instance.instance_id,
            "UserKnownHostsFile": f'"{_literal(self._access.known_hosts)}"',
            "StrictHostKeyChecking": "yes",
        }

    def _through(self, bastion: Instance) -> str:
        if bastion.instance_id not in self._commands:
            self._commands[bastion.instance_id] = self._jump(bastion)
        return self._commands[bastion.instance_id]

    def _jump(self, bastion: Instance) -> str:
        """The command that carries a connection over the bastion's one shared connection."""
        # The name is short, as a socket's path may have some 100 characters, and another for each bastion and user.
        socket = hashlib.sha256(f"{bastion.instance_id} {self._access.user}".encode()).hexdigest()[:10]
        options = {
            "ControlMaster": "auto",
            "ControlPath": f'"{_literal(self._access.control_path_folder)}/{socket}"',
            "ControlPersist": "60s",
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            **self._pins(bastion),
        }
        key = f"-i {shlex.quote(self._access.private_key_file)} " if self._access.private_key_file else ""
        command = f"ssh {_options(options)} {key}{self._access.user}@{bastion.public_ip}"
        # The outer ssh expands % in a ProxyCommand before the inner one sees it.
        return f"{_literal(command)} -W %h:%p"


def _session_manager(region: str) -> str:
    """ssh through Session Manager.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-enable-ssh-connections.html
    """
    document = "--document-name AWS-StartSSHSession --parameters portNumber=%p"
    return f"aws ssm start-session --region {region} --target %h {document}"


def _literal(text: str) -> str:
    """Text that ssh takes as it is where it would expand ``%`` tokens."""
    return text.replace("%", "%%")


def _option(name: str, value: str) -> str:
    return f"-o {shlex.quote(f'{name}={value}')}"


def _options(options: dict[str, str]) -> str:
    return " ".join(_option(name, value) for name, value in options.items())
