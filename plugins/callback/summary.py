# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback ``slipway.platform.summary``: how long each phase of a run took, what it changed, and where things are."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
short_description: Ends a run with its phases and with where things are
version_added: 1.0.0
author:
  - Slipway contributors (@slipway)
description:
  - At the end of a run prints a line for each phase, which is a playbook's file, with its seconds, the hosts that were
    in it, the most tasks that one of them ran, and how many tasks changed something. Skipped tasks are not counted.
  - Then every host with a failed task, or that could not be reached, and that task.
  - Then what plays have handed over by M(ansible.builtin.set_stats) as C(slipway_summary), a mapping of labels to a
    line or a list of lines. It is printed as it is, so it must hold no secret.
  - Says nothing of a run in which nothing of C(slipway.platform) had a part.
requirements:
  - its name in callbacks_enabled of ansible.cfg
"""

EXAMPLES = r"""
# ansible.cfg
# [defaults]
# callbacks_enabled = slipway.platform.summary

- name: Hand over where the platform is
  ansible.builtin.set_stats:
    data:
      slipway_summary:
        API: https://edge.platform.example.com/api/
        Log in:
          - ssh bastion-1
          - ssh kafka-1
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from ansible import constants, context
from ansible.plugins.callback import CallbackBase

COLLECTION = "slipway.platform."
HANDED_OVER = "slipway_summary"
COLUMNS = ("phase", "seconds", "hosts", "tasks a host", "changed")


@dataclass
class Phase:
    """The plays of one file."""

    seconds: float = 0.0
    tasks: Counter[str] = field(default_factory=Counter)
    """By host: how many it ran."""
    changed: int = 0


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "slipway.platform.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._phases: dict[str, Phase] = {}
        self._phase = Phase()
        self._since = time.monotonic()
        self._failed: dict[str, str] = {}
        self._concerned = False

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._stop_clock()
        # A path and a line; a play that was made by a program has none.
        name = PurePath(play.get_path().rpartition(":")[0]).stem or play.get_name()
        self._phase = self._phases.setdefault(name, Phase())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._concerned |= task.action.startswith(COLLECTION) or task.get_name().startswith(COLLECTION)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._count(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._count(result)
        self._failed[result.host.get_name()] = result.task.get_name()

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self.v2_runner_on_failed(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._stop_clock()
        handed_over = stats.custom.get("_run", {}).get(HANDED_OVER, {})
        if not (self._concerned or handed_over):
            return
        self._display.banner("SUMMARY" + (" OF A CHECK, WHICH CHANGES NOTHING" if context.CLIARGS.get("check") else ""))
        for line in table(self._phases):
            self._display.display(line)
        for host in sorted({*stats.failures, *stats.dark}):  # a failure that was rescued is in neither
            self._display.display(f"failed: {host}: {self._failed.get(host, '')}", color=constants.COLOR_ERROR)
        if isinstance(handed_over, Mapping) and handed_over:
            self._display.display("")
            for line in aligned(handed_over):
                self._display.display(line)

    def _count(self, result: Any) -> None:
        self._phase.tasks[result.host.get_name()] += 1
        self._phase.changed += bool(result.result.get("changed"))

    def _stop_clock(self) -> None:
        now = time.monotonic()
        self._phase.seconds += now - self._since
        self._since = now


def table(phases: Mapping[str, Phase]) -> list[str]:
    """A line a phase and one for all, in columns."""
    tasks: Counter[str] = sum((phase.tasks for phase in phases.values()), Counter())
    changed = sum(phase.changed for phase in phases.values())
    whole = Phase(sum(phase.seconds for phase in phases.values()), tasks, changed)
    rows = [COLUMNS, *(_row(name, phase) for name, phase in phases.items()), _row("all", whole)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return [_padded(row, widths) for row in rows]


def _row(name: str, phase: Phase) -> tuple[str, ...]:
    most = max(phase.tasks.values(), default=0)
    return name, f"{phase.seconds:.1f}", str(len(phase.tasks)), str(most), str(phase.changed)


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    others = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([row[0].ljust(widths[0]), *others])


def aligned(labelled: Mapping[str, Any]) -> Iterator[str]:
    """A line each; of a list, the label only before its first."""
    width = max(len(label) for label in labelled)
    for label, value in labelled.items():
        lines = value if isinstance(value, list) else [value]
        for number, line in enumerate(lines):
            yield f"{'' if number else label:{width}}  {line}"
