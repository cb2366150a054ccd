# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program: ``serve`` an endpoint, ``exec`` a command against a fresh one, ``seed`` a running one."""

from __future__ import annotations

import argparse
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

from lab.emulator import options
from lab.emulator.process import Emulator, control

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    run: int = chosen.run(chosen)
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.emulator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve AWS's API; prints its endpoint when ready")
    serve.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    options.add_arguments(serve)
    serve.set_defaults(run=_serve)
    execute = commands.add_parser("exec", help="run a command against an emulator of its own")
    options.add_arguments(execute)
    execute.add_argument("command", nargs="+", metavar="-- COMMAND", help="the command and its arguments")
    execute.set_defaults(run=_execute)
    seed = commands.add_parser("seed", help="fill a running emulator with resources of somebody else")
    seed.add_argument("--endpoint", default=os.environ.get("AWS_ENDPOINT_URL"), help="default: $AWS_ENDPOINT_URL")
    seed.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    seed.add_argument("--foreign", type=int, required=True, metavar="N", help="resources of each kind")
    seed.set_defaults(run=_seed)
    return parser


def _serve(chosen: argparse.Namespace) -> int:
    from lab.emulator.server import serve  # moto takes a while to import; the other commands do not need it

    serve(options.from_arguments(chosen), with_parent=chosen.with_parent)
    return 0


def _seed(chosen: argparse.Namespace) -> int:
    if not chosen.endpoint:
        print("no endpoint: give --endpoint or set AWS_ENDPOINT_URL", file=sys.stderr)
        return 2
    made = control(chosen.endpoint, "POST", "foreign", {"count": chosen.foreign, "region": chosen.region})
    print("\n".join(f"{count} {kind}" for kind, count in made.items()))
    return 0


def _execute(chosen: argparse.Namespace) -> int:
    """Run the command with the emulator's environment."""
    with Emulator(options.from_arguments(chosen)) as emulator:
        environment = emulator.environment_of(os.environ)
        return run_to_end(lambda: subprocess.Popen(chosen.command, env=environment), chosen.command[0])


def run_to_end(start: Callable[[], subprocess.Popen[bytes]], name: str) -> int:
    """Run a command to its end and pass our signals on to it, also those that come while it starts.

    Returns its exit status, 128 + the signal that ended it, or 126 or 127 (said) where it does not start.
    """
    early: list[int] = []
    forward = early.append
    for number in _FORWARDED:
        signal.signal(number, lambda number, _frame: None if _from_terminal(number) else forward(number))
    try:
        process = start()
    except OSError as error:
        print(f"{name}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126
    forward = process.send_signal
    for sent in early:
        forward(sent)
    code = _wait(process)
    return code if code >= 0 else 128 - code


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process to end. A plain wait would miss a signal that comes just before it: PEP 475 has no cure."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    ended = os.pidfd_open(process.pid)
    while ended not in select.select([ended, reader], [], [])[0]:
        os.read(reader, 512)
    return process.wait()


def _from_terminal(number: int) -> bool:
    """Whether the terminal has sent this signal to the command as well: it goes to the whole foreground group."""
    if number == signal.SIGTERM:
        return False
    try:
        with open("/dev/tty") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
