# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the layers of the tests, says of each how it went, and ends with one line: ``N passed, N failed``.

A layer is a list of make targets. A target that writes ``build/reports/<target>.xml`` (JUnit, pytest's) counts its
tests, another one counts as one. Targets of a layer run at the same time, layers one after the other, and all of them
run whatever fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build/reports"

LAYERS = {
    "check": [
        "sanity",
        "ansible-lint",
        "unit",
        "unit-lab",
        "services",
        "types",
        "artefact",
        "ruff",
        "complexity",
        "yaml",
        "changelog",
        "shell",
    ],
    "integration": ["integration"],
    "lab": ["lab-tests"],
    "molecule": ["molecule"],
    "e2e": ["e2e"],
}
SOAK = ROOT / "tests/integration/soak.commit"
"""The commit at which `make soak` last passed; the file is written by it and committed."""
LEFT_OUT = {
    "make e2e": "the platform from nothing to a live service, killed, rolled, rotated, rebuilt: its time "
    "on a quiet machine is not known yet",
    "make soak": "all twenty points of being killed, here five of them; ten times the examples of property tests; ten "
    "moments at which a lab is killed, here one of each kind; the engine against a lab's API",
    "make bench": "ratios against amazon.aws: minutes long, and a shared machine's noise is no verdict",
}


@dataclass(frozen=True)
class Outcome:
    """How one target went: ``output`` is all it printed, ``seconds`` how long it took."""

    target: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str


def count(target: str, returncode: int) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of the target's report; without one the target itself is the test."""
    report = REPORTS / f"{target}.xml"
    if not report.exists():
        return int(returncode == 0), int(returncode != 0), 0
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - written by the pytest just run
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    if returncode != 0 and failed == 0:
        failed, total = 1, total + 1  # it broke off after its tests, or had none
    return total - failed - skipped, failed, skipped


def run(target: str) -> Outcome:
    """Run one make target to its end."""
    (REPORTS / f"{target}.xml").unlink(missing_ok=True)
    start = time.monotonic()
    # Not this make's flags: its job server is not handed down to us.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (REPORTS / f"{target}.log").write_text(done.stdout)
    return Outcome(target, *count(target, done.returncode), time.monotonic() - start, done.stdout)


def run_layer(layer: str) -> Iterator[Outcome]:
    """Run the layer's targets, as many at once as there are processors, and yield each when it ends."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in as_completed([pool.submit(run, target) for target in LAYERS[layer]]):
            yield future.result()


def show(layer: str, outcome: Outcome) -> None:
    """Print how a target went, with all its output where it failed."""
    if outcome.failed:
        print(f"\n----- {outcome.target} -----\n{outcome.output}-----")
    verdict = "FAILED" if outcome.failed else "passed"
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    figures = f"{outcome.passed} passed, {outcome.failed} failed{skipped}"
    print(f"{verdict}  {layer:<12} {outcome.target:<13} {outcome.seconds:5.0f} s  {figures}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layers", nargs="+", choices=LAYERS)
    layers: list[str] = parser.parse_args().layers
    REPORTS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    outcomes: list[Outcome] = []
    for layer in layers:
        for outcome in run_layer(layer):
            show(layer, outcome)
            outcomes.append(outcome)
    print(f"\nLayers run: {', '.join(layers)}, in {time.monotonic() - start:.0f} s. Logs: {REPORTS.relative_to(ROOT)}/")
    for command, reason in LEFT_OUT.items():
        print(f"Not run in CI: {command} ({reason})")
    print(f"make soak last passed at {SOAK.read_text().strip() if SOAK.exists() else 'no commit yet'}")
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
