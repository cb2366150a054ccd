# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers, by podman: what stands behind instances and managed services."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.machine import run
from lab.place import Place

_LAB = "slipway.lab"
_PART = "slipway.part"
_SPEC = "slipway.spec"
# systemd wants capabilities, but none that reach the machine's clock, modules or memory, and none of its devices, which
# is what --privileged gives. Of what podman hides, lsblk wants /sys/dev/block and sysctl its folder.
_SYSTEM = (
    "--systemd=always", "--tty",
    "--cap-add=all", "--cap-drop=sys_time", "--cap-drop=sys_module", "--cap-drop=sys_rawio",
    "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
    "--security-opt=unmask=/proc/sys:/sys/dev/block",
)  # fmt: skip
_PROCESSES = 32768


@dataclass(frozen=True)
class Container:
    """What to run. ``part``: who answers for it (``host``, ``database``, …). ``namespace``: its network.

    ``system``: it boots systemd (`command` is then ``/sbin/init``). ``restarts``: podman starts such a one again
    whenever it ends. ``mounts``: (source, target, options). ``devices`` as podman's ``--device``. ``memory`` in MiB,
    0: no limit. ``log``: the file to which the first process's output goes, else podman's own place.
    """

    name: str
    part: str
    image: str
    namespace: str
    hostname: str
    command: tuple[str, ...] = ("/sbin/init",)
    system: bool = False
    restarts: bool = True
    mounts: tuple[tuple[str, str, str], ...] = ()
    devices: tuple[str, ...] = ()
    device_rules: tuple[str, ...] = ()
    memory: int = 0
    cpus: float = 0
    log: str = ""

    @property
    def digest(self) -> str:
        """Changes with anything that only a new container can change."""
        return hashlib.sha256(repr(dataclasses.astuple(self)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Standing:
    """A container that exists. ``state`` is podman's: created, running, stopping, stopped, exited, …

    ``exit_code``: of a first process that a signal ended, 128 and the signal. ``pid``: the first process, 0: none.
    """

    name: str
    part: str
    state: str
    digest: str
    exit_code: int
    pid: int

    @property
    def running(self) -> bool:
        """Whether it has processes."""
        return self.state in ("running", "paused", "stopping")


def standing(place: Place, part: str | None = None) -> dict[str, Standing]:
    """The lab's containers by name, of one part or of all."""
    filters = [f"--filter=label={_LAB}={place.name}"] + ([f"--filter=label={_PART}={part}"] if part else [])
    listed = json.loads(_podman(["ps", "--all", "--format=json", *filters]) or "[]")
    return {each.name: each for each in map(_standing, listed)}


def start(place: Place, wanted: Container) -> None:
    """Make a container and start it; one of its name must not exist. Returns when its first process runs."""
    _podman(["run", "--detach", *_options(place, wanted), wanted.image, *wanted.command])


def restart(name: str) -> None:
    """Start a container that has stopped, with the file system it had."""
    _podman(["start", name])


def stop(name: str, seconds: int = 20) -> None:
    """Ask a container to end, and end it by force when it has not within `seconds`."""
    _podman(["stop", f"--time={seconds}", name], seconds=seconds + 60)


def signal(name: str, which: str) -> None:
    """Send a signal to a container's first process."""
    _podman(["kill", f"--signal={which}", name])


def remove(names: Sequence[str]) -> None:
    """Remove containers with their file systems, running or not; those that are not there count as removed."""
    if names:
        _podman(["rm", "--force", "--ignore", "--time=0", "--volumes", *names], seconds=120)


def execute(name: str, command: Sequence[str], *, text: str | None = None, seconds: float = 60) -> str:
    """Run a command in a container and return what it printed."""
    return _podman(["exec", *(["--interactive"] if text is not None else []), name, *command], text, seconds)


def logs(name: str, lines: int = 200) -> str:
    """The last lines that a container's first process printed."""
    return _podman(["logs", f"--tail={lines}", name])


def _options(place: Place, wanted: Container) -> list[str]:
    labels = {_LAB: place.name, _PART: wanted.part, _SPEC: wanted.digest}
    mounts = [f"--volume={source}:{target}:{options}" for source, target, options in wanted.mounts]
    return [
        "--runtime=runc",
        "--pull=never",  # a missing image would make podman look for it in registries
        "--no-hosts",
        "--dns=none",
        "--cgroups=enabled",
        f"--network=ns:/run/netns/{wanted.namespace}",
        f"--name={wanted.name}",
        f"--hostname={wanted.hostname}",
        *(f"--label={name}={value}" for name, value in labels.items()),
        *limits(),
        *(_SYSTEM if wanted.system else ()),
        *(["--restart=always"] if wanted.system and wanted.restarts else []),
        *mounts,
        *(f"--device={device}" for device in wanted.devices),
        *(f"--device-cgroup-rule={rule}" for rule in wanted.device_rules),
        *([f"--memory={wanted.memory}m"] if wanted.memory else []),
        *([f"--cpus={wanted.cpus:g}"] if wanted.cpus else []),
        *(["--log-driver=k8s-file", f"--log-opt=path={wanted.log}"] if wanted.log else []),
    ]


def limits() -> list[str]:
    """This process's own limits: podman's are higher, which the machine may refuse even to root."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = _PROCESSES if processes == resource.RLIM_INFINITY else min(processes, _PROCESSES)
    return [f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]


def _standing(listed: Mapping[str, Any]) -> Standing:
    labels = listed.get("Labels") or {}
    return Standing(
        name=listed["Names"][0],
        part=labels.get(_PART, ""),
        state=listed["State"],
        digest=labels.get(_SPEC, ""),
        exit_code=int(listed.get("ExitCode") or 0),
        pid=int(listed.get("Pid") or 0),
    )


def _podman(arguments: Sequence[str], text: str | None = None, seconds: float = 60) -> str:
    # A container's monitor leaves a file where podman was called when the container runs out of memory.
    return run(["podman", *arguments], text=text, seconds=seconds, folder="/run")
