# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ratios against peers, in one run: ``python -m tests.bench [network|inventory|lab] [--runs 3]``.

The tables are printed, and written to build/bench.md and, with every time and call, to build/bench.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import inventory, lab, network
from tests.bench.plans import Plan, plans
from tests.bench.ways import (
    ENGINE_TARGET,
    LATENCY,
    NO_OP_CALLS_TARGET,
    REPOSITORY,
    STEPS,
    TARGETS,
    WAYS,
    Samples,
    compare,
)

BUILD = REPOSITORY / "build"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "part", nargs="?", choices=("network", "inventory", "lab"), help="all without it; the lab needs root"
    )
    parser.add_argument("--runs", type=int, default=3, help="of which the median counts (default: 3)")
    parser.add_argument("--hosts", type=int, nargs="*", default=[1_000, 10_000], help="sizes of the inventory")
    parser.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS, help="of making the network (default: all)")
    chosen = parser.parse_args()
    results: dict[str, Any] = {"machine": machine(), "runs": chosen.runs, "latency_ms": LATENCY}
    lines = [f"Machine: {results['machine']}. Medians of {chosen.runs} runs."]
    if chosen.part in (None, "network"):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            samples = compare(Path(folder), chosen.runs, tuple(chosen.ways))
            few_and_many = plans(Path(folder))
        results["network"] = {f"{way}, {step}": dataclasses.asdict(sample) for (way, step), sample in samples.items()}
        results["plans"] = [dataclasses.asdict(plan) for plan in few_and_many]
        lines += ["", *process_table(samples), "", *engine_table(samples), "", *plan_table(few_and_many)]
    if chosen.part in (None, "inventory"):
        rows = list(inventory.rows(tuple(chosen.hosts), chosen.runs))
        results["inventory"] = [dataclasses.asdict(row) for row in rows]
        lines += ["", *inventory_table(rows)]
    if chosen.part in (None, "lab"):
        sizes = [lab.measure(hosts) for hosts in (3, 12)]
        results["lab"] = [dataclasses.asdict(size) for size in sizes]
        lines += ["", *lab.table(sizes)]
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(results, indent=2) + "\n")
    (BUILD / "bench.md").write_text("\n".join(lines) + "\n")
    print("", *lines, sep="\n")


def machine() -> str:
    """The machine in words, with what else it had to do."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} CPUs, {system}, load {os.getloadavg()[0]:.1f} at the start"


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """A Markdown table; the first row is its head, numbers stand to the right."""
    head, *body = rows
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    for row in body:
        yield f"| {' | '.join(row)} |"


def process_table(samples: Samples) -> Iterator[str]:
    """Whole processes of ansible-playbook."""
    rows = [("whole process", "Slipway", "calls", "amazon.aws", "calls", "ratio", "to reach")]
    for step in STEPS:
        ours, theirs = samples.get(("slipway", step)), samples.get(("amazon.aws", step))
        if ours and theirs:
            ratio = f"{theirs.median / ours.median:.1f} x"
            calls = [f"{sample.reading} + {sample.changing}" for sample in (ours, theirs)]
            times = [f"{sample.median:.2f} s" for sample in (ours, theirs)]
            rows.append((step, times[0], calls[0], times[1], calls[1], ratio, f"{TARGETS[step]:.0f} x"))
    yield from table(*rows)
    yield ""
    yield f"Calls: those that read + those that change something. Slipway and the bare program make {network.RESOURCES}"
    yield f"resources, amazon.aws {network.RESOURCES - 1}: it has no module for the flow log."


def engine_table(samples: Samples) -> Iterator[str]:
    """Slipway's module without Ansible against the bare program, both without their imports."""
    rows = [("without start", "Slipway's module", "calls", "bare program", "calls", "ratio", "to reach")]
    for step in STEPS:
        ours, ideal = samples.get(("engine", step)), samples.get(("bare", step))
        if not ours:
            continue
        least = (f"{ideal.median:.2f} s", f"{ideal.reading} + {ideal.changing}") if ideal else ("-", "-")
        ratio = (f"{ours.median / ideal.median:.2f} x", f"{ENGINE_TARGET} x") if ideal else ("-", "-")
        rows.append((step, f"{ours.median:.2f} s", f"{ours.reading} + {ours.changing}", *least, *ratio))
    yield from table(*rows)


def plan_table(found: list[Plan]) -> Iterator[str]:
    rows = [("plan that changes nothing", "resources", "API calls", "to reach")]
    for plan in found:
        beside = f" beside {plan.foreign} foreign resources of each kind" if plan.foreign else ""
        rows.append((f"{plan.hosts} hosts{beside}", f"{plan.resources}", f"{plan.calls}", f"≤ {NO_OP_CALLS_TARGET}"))
    yield from table(*rows)


def inventory_table(rows: list[inventory.Row]) -> Iterator[str]:
    head = ("whole process", "Slipway", "amazon.aws", "ratio", "net of the start", "to reach")
    yield from table(
        head,
        *(
            (
                row.what,
                f"{row.slipway:.2f} s",
                f"{row.peer:.2f} s",
                f"{row.ratio:.1f} x",
                f"{row.net_ratio:.1f} x",
                f"{row.target:.0f} x",
            )
            for row in rows
        ),
    )


if __name__ == "__main__":
    main()
