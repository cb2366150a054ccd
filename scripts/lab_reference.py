# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the lab in ``docs/reference``: from its parser, its doctor's checks, its addresses and its limits.

`VARIABLES` is by hand; a test holds it against what commands are really given.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence

from lab import place
from lab.__main__ import _parser as parser
from lab.doctor import HOSTS, checks
from lab.emulator.process import KEPT
from lab.host.loops import PER_HOST
from lab.mirror import CACHE
from lab.mirror.slot import _LABS as LABS
from lab.workstation import _BUNDLES as BUNDLES

INTRODUCTION = """\
`bin/lab COMMAND`, from any folder, as root. How to use it: [Work in a lab](../how-to/lab.md). What is real in it: [How
the lab works](../explanation/lab.md). Its API: [The emulator](emulator.md).

`--lab NAME`, before the command, says which lab: up to 12 lower-case letters and digits, a letter first. Without it
`$SLIPWAY_LAB` counts, else `default`.

Exit status: 0; 1 with one line that says why; 2 for a command line that is none; `exec` and `ssh` give that of the
command they ran, 127 where there is no such program. `doctor` gives 1 where a check fails, and so does `up`, which
makes all checks first."""

STATUS = """\
`lab status` shows these tables, without the empty ones; `--json` gives the same as lists under `hosts`, `services`,
`networks`, `notes` and `pending`.

| table | a line for each | of note |
| --- | --- | --- |
| `HOST` | instance | `STATE` is the API's; `ADDRESS` in its VPC, `PUBLIC` on the internet |
| `SERVICE` | database, load balancer | `NAME` is what clients connect to |
| `NETWORK` | VPC that is in use | `DROPPED`: packets by reason, since the VPC's filter was last changed |
| `NOTE` | thing that stays otherwise than the account says | such as a database of another version |
| `PENDING` | thing that is not yet as the account says | `WHY`: what goes on, or what failed and is tried again |

The reasons of `DROPPED`:

| reason | what was dropped |
| --- | --- |
| `security group in`, `out` | no rule of the receiver's, the sender's security groups allows it |
| `network acl in`, `out` | the network ACL of the receiver's, the sender's subnet denies it |
| `no route` | the subnet's route table does not lead there, or leads to something that is gone |
| `no public address` | it would go through the internet gateway, from a host without a public address |
| `from internet` | it comes from the internet, and not to a public address |
| `source check` | its source is not the sender's address |
| `address moved` | of a connection whose public address has another holder now |
| `not served` | to the router itself, which serves names, metadata and the mirror only |
| `invalid` | of no connection that is known |"""

VARIABLES = {
    "AWS_ENDPOINT_URL": "the API's address",
    "AWS_ACCESS_KEY_ID": "the account's key, the same in every lab",
    "AWS_SECRET_ACCESS_KEY": "the same",
    "AWS_REGION": "yours, else `us-east-1`",
    "AWS_DEFAULT_REGION": "the same",
    "AWS_EC2_METADATA_DISABLED": "`true`: the operator is no instance",
    "AWS_CONFIG_FILE": "none of yours",
    "AWS_SHARED_CREDENTIALS_FILE": "none of yours",
    "ANSIBLE_HOME": "Ansible's own files: host keys",
    "ANSIBLE_SSH_CONTROL_PATH_DIR": "where shared connections are: those of another lab go to other hosts",
    "ANSIBLE_PRIVATE_KEY_FILE": "the operator's SSH key",
    "SLIPWAY_PUBLIC_KEY": "its public half, which the inventories in `inventories/` put on new hosts",
    "SSL_CERT_FILE": "the machine's authorities and the lab's",
    "REQUESTS_CA_BUNDLE": "the same",
    "CURL_CA_BUNDLE": "the same",
    "AWS_CA_BUNDLE": "the same",
}
"""What commands of ``lab exec`` find in their environment."""

ADDRESSES = (
    (f"{place.CONTROL}", "", "the operator: where commands of `lab exec` run"),
    (f"{place.PUBLIC}", "`ec2-….compute-1.amazonaws.com`", "elastic IPs, assigned public addresses"),
    (f"{place.API}", "`<service>.<region>.amazonaws.com`", "AWS's API, with and without TLS"),
    (f"{place.S3}", "`s3.<region>.amazonaws.com`, `<bucket>.s3.<region>.amazonaws.com`", "S3"),
    (f"{place.DYNAMODB}", "`dynamodb.<region>.amazonaws.com`", "DynamoDB"),
    (f"{place.REGISTRY}", "`<account>.dkr.ecr.<region>.amazonaws.com`", "ECR's registry"),
    (f"{place.PUBLIC_RESOLVER}", "", "DNS of the internet: AWS's names, public zones, load balancers, databases"),
    ("the VPC's second, " + f"{place.RESOLVER}", "", "DNS of a VPC: all of that, its private zones and hosts' names"),
    (f"{place.METADATA}", "`instance-data.ec2.internal`", "instance metadata"),
    (f"{place.MIRROR}", f"`{place.MIRROR_NAME}`", "`/debian`, `/debian-security`, `/pypi/simple`, `/artefacts`"),
)  # fmt: skip

ADDRESS_NOTES = """\
The last three rows are in every VPC, whatever its security groups and route tables say. A host is
`ip-10-0-1-5.ec2.internal`, in other regions than `us-east-1` `ip-10-0-1-5.<region>.compute.internal`. The account is
`123456789012`. Everything is IPv4."""


def lab_blocks() -> Iterator[str]:
    """The page, block by block."""
    yield "# The lab"
    yield INTRODUCTION
    yield "## Commands"
    for name, command in _commands().items():
        yield from _command(name, command)
    yield "## Status"
    yield STATUS
    yield "## The doctor's checks"
    yield (
        f"They are made for {HOSTS} hosts unless `--hosts` says otherwise. `--fix` installs packages (Debian, Ubuntu)\n"
        "and raises kernel settings until the next boot. For the rest, the line `do:` says what to do."
    )
    yield _table(["check", "why"], ((check.name, f"{check.why}") for check in checks()))
    yield "## Environment"
    yield "Read by `lab`:"
    yield _table(["variable", "meaning"], _read())
    yield (
        "Set for commands of `lab exec`. Of the user's own, those that begin with `AWS_` are taken away, but for\n"
        f"{', '.join(f'`{each}`' for each in KEPT if each not in BUNDLES)}."
    )
    yield _table(["variable", "value"], ((f"`{name}`", text) for name, text in VARIABLES.items()))
    yield "## Addresses and names"
    yield _table(["address", "name", "what is there"], ADDRESSES)
    yield ADDRESS_NOTES
    yield "## Limits"
    yield _table(["of", "at most"], _limits())


def _commands() -> dict[str, argparse.ArgumentParser]:
    (commands,) = (each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    return dict(commands.choices)


def _command(name: str, command: argparse.ArgumentParser) -> Iterator[str]:
    yield f"### lab {name}"
    yield f"```text\n{_usage(command)}\n```"
    yield f"{(command.description or '').capitalize()}."
    rows = [
        (f"`{_called(each)}`", _default(each), each.help or "")
        for each in command._actions
        if not isinstance(each, argparse._HelpAction)
    ]
    if rows:
        yield _table(["argument", "default", "what it is"], rows)


def _usage(command: argparse.ArgumentParser) -> str:
    """On one line, whatever the width of this terminal."""
    return " ".join(command.format_usage().removeprefix("usage: ").split())


def _called(action: argparse.Action) -> str:
    if not action.option_strings:
        return action.dest.upper()
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return f"{action.option_strings[0]}{takes}"


def _default(action: argparse.Action) -> str:
    shown = isinstance(action.default, int | str) and not isinstance(action.default, bool)
    return f"`{action.default}`" if shown else ""


def _read() -> Iterator[tuple[str, str]]:
    yield "`SLIPWAY_LAB`", "which lab, without `--lab`"
    yield "`SLIPWAY_LAB_ROOT`", "folder of the labs' folders, else `/var/lib/slipway/lab`; short, for sockets lie in it"
    yield "`SLIPWAY_CACHE`", "where Python packages are installed, else `.cache` in the clone"
    yield "`PYTHON`", "a Python 3.11, else `python3.11`"


def _limits() -> Iterator[tuple[str, str]]:
    yield "labs that run at the same time", str(LABS)
    yield "hosts", "the machine's memory: the doctor counts 350 MiB each, and 1 GiB for the rest"
    yield "volumes of a host, beside its own disk", str(PER_HOST)
    yield "memory and processors of a host", "its instance type's, or the machine's where that has no more"
    yield "the mirror's cache", f"20 GiB a lab, in `{CACHE}`; less where the disk gets full"
    yield "console output", "the last 64 KiB, as on AWS"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
