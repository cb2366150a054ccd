# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of one lab: AWS's API, and the reconciler that makes real what the account says."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.place import Place, place

_LOCK = "daemon.lock"
LOG = "daemon.log"


class AlreadyRunning(Exception):
    """Another daemon serves this lab."""


def running(lab: Place) -> int | None:
    """The process id of the lab's daemon, if one runs."""
    try:
        with (lab.folder / _LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int((lab.folder / _LOCK).read_text() or 0) or None
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one lab until SIGTERM or SIGINT. What it made on the machine stays, for the next daemon or `lab down`."""
    # moto reads its settings when it is imported, which lab.emulator.server arranges.
    from lab.emulator import options
    from lab.emulator.server import forget_own_account

    parser = argparse.ArgumentParser(prog="python -m lab.daemon", description=__doc__)
    parser.add_argument("name")
    options.add_arguments(parser)
    chosen = parser.parse_args(arguments)
    lab = place(chosen.name)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    forget_own_account()
    with _only_one(lab):
        _serve(lab, dataclasses.replace(options.from_arguments(chosen), state_dir=lab.part("account")))
    sys.stderr.flush()
    os._exit(0)  # all that is left is to free memory piece by piece, which takes a second


def _serve(lab: Place, chosen: options.Options) -> None:  # type: ignore[name-defined] # noqa: F821
    from lab.assembly import Assembly

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    assembly = Assembly(lab, chosen)
    assembly.start()
    logging.info("serving, process %d", os.getpid())
    ended.wait()
    logging.info("ending")
    assembly.end()


@contextlib.contextmanager
def _only_one(lab: Place) -> Iterator[None]:
    lab.part()
    path: Path = lab.folder / _LOCK
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise AlreadyRunning(f"another daemon serves {lab.folder}") from cause
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


if __name__ == "__main__":
    sys.exit(main())
