# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program ``lab``: AWS on one machine, for as long as it is wanted."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from lab import place as places
from lab.conversation import NotRunning, ask
from lab.doctor import HOSTS
from lab.doctor import run as examine
from lab.emulator import options
from lab.emulator.__main__ import run_to_end
from lab.machine import Failed
from lab.place import Place


class Wrong(Exception):
    """What cannot be done, and what to do instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        lab = places.place(chosen.lab)
        if chosen.root and os.geteuid() != 0:
            raise Wrong(f"a lab makes network namespaces and containers: run it as root (sudo bin/lab {chosen.name})")
        status: int = chosen.run(lab, chosen)
    except (Wrong, NotRunning, Failed, ValueError, RuntimeError) as cause:
        remedy = "; start it with `lab up`" if isinstance(cause, NotRunning) else ""
        print(f"lab: {cause}{remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    parser.add_argument("--lab", metavar="NAME", help="which lab; default: $SLIPWAY_LAB, else `default`")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="name")

    def command(name: str, run: Any, text: str, root: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run, root=root)
        return made

    doctor = command("doctor", _doctor, "say what this machine lacks for a lab, and how to get it", root=False)
    doctor.add_argument("--fix", action="store_true", help="install what is missing (Debian, Ubuntu)")
    up = command("up", _up, "make the lab, or repair it; the options are for a new one's API")
    options.add_behaviour(up)
    for examined in (doctor, up):
        room = f"how many hosts there must be room for (default: {HOSTS})"
        examined.add_argument("--hosts", type=int, default=HOSTS, help=room)
    command("down", _down, "remove the lab and everything it made")
    status = command("status", _status, "hosts, services, networks, and what is pending")
    status.add_argument("--json", action="store_true", help="as JSON")
    execute = command("exec", _execute, "run a command as the operator: in the lab's network, with its account")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    ssh = command("ssh", _ssh, "log in to a host, through the bastion where it has no public address")
    ssh.add_argument("host", help="its name, its id or its address")
    ssh.add_argument("command", nargs=argparse.REMAINDER, help="what to run there instead of a shell")
    logs = command("logs", _logs, "the log of a host, a service, or the daemon")
    logs.add_argument("of", nargs="?", default="daemon", help="a host's name or id, a service's name, or `daemon`")
    logs.add_argument("--lines", type=int, default=200, help="how many of the last ones (default: 200)")
    return parser


def _doctor(_: Place, chosen: argparse.Namespace) -> int:
    return examine(fix=chosen.fix, say=print, hosts=chosen.hosts)


def _up(lab: Place, chosen: argparse.Namespace) -> int:
    from lab.operations import CannotStart, up
    from lab.status import show

    said: list[str] = []
    if examine(fix=False, say=said.append, hosts=chosen.hosts):
        _warn("\n".join(said))
        return 1
    try:
        told = up(lab, options.from_arguments(chosen).arguments(), _warn)
    except CannotStart as cause:
        raise Wrong(str(cause)) from cause
    print("\n".join(show(told)))
    return 0


def _down(lab: Place, _: argparse.Namespace) -> int:
    from lab.operations import down

    down(lab, _warn)
    return 0


def _status(lab: Place, chosen: argparse.Namespace) -> int:
    from lab.status import show

    told = ask(lab, "status")
    print(json.dumps(told, indent=2) if chosen.json else "\n".join(show(told)))
    return 0


def _execute(lab: Place, chosen: argparse.Namespace) -> int:
    from lab import workstation

    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if not command:
        raise Wrong("no command: write `lab exec -- COMMAND`")
    ask(lab, "status")
    return run_to_end(lambda: workstation.start(lab, command), command[0])


def _ssh(lab: Place, chosen: argparse.Namespace) -> int:
    from lab import workstation

    hosts = _hosts(lab)
    host = _found(hosts, chosen.host)
    jump = _jump(hosts, host)
    addresses = {host["address"]: host, jump["public"]: jump} if jump else {host["public"]: host}
    keys = {address: _host_key(lab, each["id"]) for address, each in addresses.items()}
    through = jump["public"] if jump else None
    command = workstation.ssh(lab, next(iter(addresses)), host["user"], through, keys)
    return run_to_end(lambda: workstation.start(lab, [*command, *chosen.command]), "ssh")


def _logs(lab: Place, chosen: argparse.Namespace) -> int:
    from lab import podman
    from lab.daemon import LOG

    if chosen.of == "daemon":
        lines = (lab.folder / LOG).read_text(errors="replace").splitlines()
        print("\n".join(lines[-chosen.lines :]))
        return 0
    told = ask(lab, "status")
    for host in told["hosts"]:
        if chosen.of in (host["name"], host["id"]):
            command = ["journalctl", "--no-pager", f"--lines={chosen.lines}"]
            print(podman.execute(lab.container(host["id"]), command), end="")
            return 0
    containers = {each["name"]: each["containers"] for each in told["services"]}
    containers |= {name.removeprefix(lab.prefix): [name] for name in podman.standing(lab)}
    if chosen.of not in containers:
        known = [*(host["name"] for host in told["hosts"]), *containers, "daemon"]
        raise Wrong(f"nothing here is called {chosen.of!r}: {', '.join(known)}")
    for name in containers[chosen.of]:
        print(podman.logs(name, chosen.lines), end="")
    return 0


def _hosts(lab: Place) -> list[dict[str, str]]:
    return [each for each in ask(lab, "status")["hosts"] if each["state"] != "terminated"]


def _found(hosts: Sequence[dict[str, str]], wanted: str) -> dict[str, str]:
    for host in hosts:
        if wanted in (host["name"], host["id"], host["address"], host["public"]):
            return host
    raise Wrong(f"no host is called {wanted!r}: {', '.join(_names(hosts)) or 'there is none'}")


def _names(hosts: Sequence[dict[str, str]]) -> Iterator[str]:
    return (host["name"] for host in hosts)


def _jump(hosts: Sequence[dict[str, str]], host: dict[str, str]) -> dict[str, str] | None:
    """The bastion to go through; None for itself, and for a host that alone has a public address."""
    bastions = [each for each in hosts if each["public"] != "-" and each["name"].startswith("bastion")]
    if host in bastions or (not bastions and host["public"] != "-"):
        return None
    if not bastions:
        raise Wrong(f"{host['name']} has no public address, and there is no bastion to go through")
    return bastions[0]


def _host_key(lab: Place, identity: str) -> str:
    from lab import podman

    key = podman.execute(lab.container(identity), ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"])
    return " ".join(key.split()[:2])


def _warn(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
