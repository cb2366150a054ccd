# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be chosen about one emulator; shared by the program and the library."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

ACCOUNT_ID = "123456789012"
DEFAULT_CREDENTIALS = ("AKIASLIPWAYEMULATOR0", "slipway-emulator-secret-access-key-00000")


@dataclasses.dataclass(frozen=True)
class Options:
    """Behaviour of one emulator.

    ``lag``: read-after-write lag as (shortest, longest) in milliseconds; None shows everything at once.
    ``latency``: milliseconds added to every call. ``transition``: milliseconds a resource stays pending; 0 is at once.
    ``seed``: makes the lags repeatable. ``credentials``: the (access key, secret) pair that is accepted.
    ``quotas``: quota code to value. ``state_dir``: where the state is kept from one run to the next.
    """

    lag: tuple[int, int] | None = (100, 500)
    latency: int = 0
    transition: int = 300
    seed: int = 1
    port: int = 0
    credentials: tuple[str, str] = DEFAULT_CREDENTIALS
    quotas: dict[str, float] = dataclasses.field(default_factory=dict)
    state_dir: Path | None = None

    def arguments(self) -> list[str]:
        """The command line of ``python -m lab.emulator serve`` that means these options."""
        arguments = [f"--port={self.port}", f"--latency={self.latency}", f"--transition={self.transition}"]
        arguments += [f"--seed={self.seed}", f"--credentials={':'.join(self.credentials)}"]
        arguments += [f"--lag={self.lag[0]}-{self.lag[1]}" if self.lag else "--lag=0"]
        arguments += [f"--quota={code}={value:g}" for code, value in self.quotas.items()]
        return arguments + ([f"--state-dir={self.state_dir}"] if self.state_dir else [])


def add_behaviour(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the API behaves."""
    parser.add_argument("--lag", type=_lag, default=None, metavar="A-B[ms]", help="hide new resources for A..B ms")
    parser.add_argument("--latency", type=_milliseconds, default=0, metavar="MS", help="added to every call")
    parser.add_argument("--transition", type=_milliseconds, default=300, metavar="MS", help="time spent pending")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random lags")
    parser.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="CODE=VALUE",
        help="a quota to keep to, for example L-0263D0A3=5 (Elastic IPs); may be given again",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of an emulator to `parser`; `from_arguments` reads them back."""
    add_behaviour(parser)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks a free one")
    parser.add_argument(
        "--credentials",
        type=_credentials,
        default=DEFAULT_CREDENTIALS,
        metavar="KEY:SECRET",
        help="the one pair that is accepted",
    )
    parser.add_argument("--state-dir", type=Path, default=None, help="keep the state here from one run to the next")


def from_arguments(arguments: argparse.Namespace) -> Options:
    """The options that `add_arguments` or `add_behaviour` parsed."""
    names = ("lag", "latency", "transition", "seed", "port", "credentials", "state_dir")
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return Options(quotas=dict(arguments.quota), **given)


def _milliseconds(text: str) -> int:
    value = int(text.removesuffix("ms"))
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _lag(text: str) -> tuple[int, int] | None:
    low, _, high = text.removesuffix("ms").partition("-")
    pair = (_milliseconds(low), _milliseconds(high or low))
    if pair[0] > pair[1]:
        raise argparse.ArgumentTypeError(f"{text}: the first number must not be the larger")
    return pair if pair[1] else None


def _credentials(text: str) -> tuple[str, str]:
    key, separator, secret = text.partition(":")
    if not (key and separator and secret):
        raise argparse.ArgumentTypeError("must be ACCESS_KEY:SECRET_KEY")
    return key, secret


def _quota(text: str) -> tuple[str, float]:
    code, separator, value = text.partition("=")
    if not (code and separator):
        raise argparse.ArgumentTypeError("must be CODE=VALUE, for example L-0263D0A3=20")
    return code, float(value)
