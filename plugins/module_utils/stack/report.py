# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences of a run: its progress, line by line, and its end."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import Outcome

_PAST = {
    "create": "created",
    "complete": "completed",
    "update": "updated",
    "await": "awaited",
    "clear": "cleared",
    "delete": "deleted",
}


def progress_line(event: dict[str, Any]) -> str:
    """One line for one event of a run."""
    if event["event"] == "note":
        return f"  {event['text']}; this plan is the rest"
    if event["event"] == "waiting":
        return f"  waiting up to {event['seconds']:.0f} s for {event['for']}"
    action, _space, resource = event["node"].partition(" ")
    more = f" and {event['members'] - 1} more" if event["members"] > 1 else ""
    width = len(str(event["total"]))
    count = f"  {event['finished']:>{width}}/{event['total']}"
    if event["event"] == "failed":
        return f"{count}  {resource}{more}: {action} FAILED: {event['error']}"
    return f"{count}  {resource}{more} {_PAST[action]} ({event['seconds']:.1f} s)"


def counts(outcome: Outcome) -> str:
    parts = {"failed": outcome.failed, "stopped half-way": outcome.interrupted, "not started": outcome.not_started}
    told = [f"{len(nodes)} {what}" for what, nodes in parts.items() if nodes]
    return ", ".join([f"{len(outcome.done)} steps done", *told])


def failure(outcome: Outcome) -> str:
    """What an incomplete run did, what failed and why, what it did not start, and what to do."""
    lines = [counts(outcome)]
    lines += [f"failed: {node}: {error}" for node, error in outcome.failed.items()]
    lines += [f"stopped half-way: {node}" for node in outcome.interrupted]
    if outcome.not_started:
        lines.append(f"not started: {', '.join(outcome.not_started)}")
    lines.append("Mend the cause and run again: what is done is kept, the rest is planned anew.")
    return "\n".join(lines)
