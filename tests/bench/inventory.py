# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory against amazon.aws.aws_ec2: whole `ansible-inventory --list` processes on the same replayed answer.

Both are set to give the same hosts, groups, addresses and connection (checked before anything is timed), cold and from
a jsonfile cache. A figure is the median of the runs, which alternate. *Net* is less the start of the process: the
quickest `ansible-inventory --list` of a single static host among the same rounds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
COLD_TARGET = 5.0
CACHED_TARGET = 7.0

SLIPWAY = """
plugin: slipway.platform.ec2
project: bench
environment: production
region: us-east-1
"""

PEER = """
plugin: amazon.aws.aws_ec2
regions: [us-east-1]
filters:
  tag:slipway:stack: bench-production
hostnames: ["tag:slipway:name"]
keyed_groups:
  - {key: "tags['slipway:group'].split(',')", prefix: "", separator: ""}
  - {key: placement.availability_zone, prefix: zone}
  - {key: tags.Component, prefix: component}
compose:
  ansible_user: "'admin'"
  ansible_host: public_ip_address if tags['slipway:group'] == 'bastion' else private_ip_address
  ansible_ssh_common_args: >-
    '' if tags['slipway:group'] == 'bastion' else '-o ProxyCommand="ssh -W %h:%p admin@203.0.113.7"'
"""


@dataclass(frozen=True)
class Row:
    """One comparison; times in seconds."""

    what: str
    slipway: float
    peer: float
    start: float
    target: float

    @property
    def ratio(self) -> float:
        return self.peer / self.slipway

    @property
    def net_ratio(self) -> float:
        return (self.peer - self.start) / (self.slipway - self.start)

    def __str__(self) -> str:
        return (
            f"{self.what}: slipway {self.slipway:.2f} s, amazon.aws {self.peer:.2f} s: {self.ratio:.1f} x"
            f" (net of {self.start:.2f} s start: {self.net_ratio:.1f} x; target {self.target:.0f} x)"
        )


class Bench:
    """The two inventory sources in a folder of their own, against one endpoint."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self.slipway = self._write("bench.slipway.yml", SLIPWAY)
        self.peer = self._write("bench.aws_ec2.yml", PEER)
        self.static = self._write("static.yml", "all: {hosts: {one: }}\n")

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path

    def calls(self) -> int:
        with urllib.request.urlopen(f"{self._endpoint}/calls") as answer:  # noqa: S310 - the replay's own address
            return int(answer.read())

    def list(self, source: Path, cache: bool = False) -> tuple[float, dict[str, Any]]:
        """Seconds of one `ansible-inventory --list` and what it printed."""
        output = self._folder / "inventory.json"
        command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(source), "--list"]
        started = time.perf_counter()
        subprocess.run(
            [*command, "--output", str(output)],
            cwd=REPOSITORY,
            env=self._environment(cache),
            check=True,
            stderr=subprocess.PIPE,
        )
        return time.perf_counter() - started, json.loads(output.read_text())

    def _environment(self, cache: bool) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self._endpoint,
            "ANSIBLE_INVENTORY_CACHE": str(cache).lower(),
            "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(self._folder / "cache"),
        }


def essence(inventory: dict[str, Any]) -> dict[str, Any]:
    """What both must agree on: the members of every group, each host's address and user, and who goes by a proxy."""
    groups = {name: sorted(group.get("hosts", [])) for name, group in inventory.items()}
    hosts = {
        name: (
            plain(variables["ansible_host"]),
            plain(variables["ansible_user"]),
            "ProxyCommand" in plain(variables["ansible_ssh_common_args"]),
        )
        for name, variables in inventory["_meta"]["hostvars"].items()
    }
    skipped = {"_meta", "all", "aws_ec2"}  # aws_ec2: the peer's own group of every host
    return {"groups": {name: members for name, members in groups.items() if name not in skipped}, "hosts": hosts}


def plain(value: Any) -> str:
    return str(value["__ansible_unsafe"] if isinstance(value, dict) else value)


@contextmanager
def replayed(hosts: int) -> Iterator[str]:
    """The endpoint of a replay in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("replay.py")), str(hosts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def compare(hosts: int, runs: int) -> list[Row]:
    """A row cold and a row cached, for so many hosts."""
    with tempfile.TemporaryDirectory() as folder, replayed(hosts) as endpoint:
        bench = Bench(Path(folder), endpoint)
        # These runs also fill the caches.
        ours, theirs = (essence(bench.list(source, cache=True)[1]) for source in (bench.slipway, bench.peer))
        assert ours == theirs, "the two inventories differ"
        assert len(ours["hosts"]) == hosts
        return [
            _row(bench, f"inventory, {hosts:,} hosts, cold", runs, cache=False),
            _row(bench, f"inventory, {hosts:,} hosts, cached", runs, cache=True),
        ]


def _row(bench: Bench, what: str, runs: int, cache: bool) -> Row:
    calls = bench.calls()
    times: dict[Path, list[float]] = {bench.slipway: [], bench.peer: [], bench.static: []}
    for _ in range(runs):
        for source, seconds in times.items():
            seconds.append(bench.list(source, cache)[0])
    assert not (cache and bench.calls() != calls), "a cached inventory called the API"
    slipway, peer = (statistics.median(times[source]) for source in (bench.slipway, bench.peer))
    return Row(what, slipway, peer, min(times[bench.static]), CACHED_TARGET if cache else COLD_TARGET)


def rows(sizes: tuple[int, ...] = (1_000, 10_000), runs: int = 3) -> Iterator[Row]:
    """The rows of the benchmark, each size's as it is done. 10,000 hosts take the peer about ten minutes."""
    for hosts in sizes:
        yield from compare(hosts, runs)


if __name__ == "__main__":
    for row in rows(tuple(int(size) for size in sys.argv[1:]) or (1_000, 10_000)):
        print(row, flush=True)
