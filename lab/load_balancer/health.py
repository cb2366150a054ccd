# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of targets, from HAProxy's statistics and states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lab.load_balancer.configuration import Checked

Health = tuple[str, str]
"""AWS's state and reason code."""

INITIAL: Health = ("initial", "Elb.InitialHealthChecking")
REGISTERING: Health = ("initial", "Elb.RegistrationInProgress")
DRAINING: Health = ("draining", "Target.DeregistrationInProgress")
NOT_IN_USE: Health = ("unused", "Target.NotInUse")

_HEADING = (
    "be_id", "be_name", "srv_id", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state", "srv_uweight",
    "srv_iweight", "srv_time_since_last_change", "srv_check_status", "srv_check_result", "srv_check_health",
    "srv_check_state", "srv_agent_state", "bk_f_forced_id", "srv_f_forced_id", "srv_fqdn", "srv_port", "srvrecord",
    "srv_use_ssl", "srv_check_port", "srv_check_addr", "srv_agent_addr", "srv_agent_port",
)  # fmt: skip
_KEPT = (
    "srv_op_state", "srv_uweight", "srv_time_since_last_change", "srv_check_status", "srv_check_result",
    "srv_check_health",
)  # fmt: skip
# A server that has not been checked yet, by the numbers that HAProxy has for states and results: up, of weight 0.
_NEW = {
    "srv_op_state": "2", "srv_uweight": "0", "srv_time_since_last_change": "0", "srv_check_status": "1",
    "srv_check_result": "0", "srv_check_health": "0",
}  # fmt: skip
_CONSTANT = {
    "be_id": "0", "srv_id": "0", "srv_admin_state": "0", "srv_iweight": "1", "srv_check_state": "6",
    "srv_agent_state": "0", "bk_f_forced_id": "0", "srv_f_forced_id": "0", "srv_check_port": "0", "srv_agent_port": "0",
}  # fmt: skip


def health(row: Mapping[str, str]) -> Health:
    """What one node found of a target.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-reason-codes
    """
    check = _last_check(row)
    if not row["status"].startswith("DOWN"):
        return INITIAL if row["weight"] == "0" else ("healthy", "")
    if check.endswith("TOUT"):
        return ("unhealthy", "Target.Timeout")
    return ("unhealthy", "Target.ResponseCodeMismatch" if check == "L7STS" else "Target.FailedHealthChecks")


def decided(row: Mapping[str, str]) -> bool:
    """Whether a new server has shown what it is: one good check, or as many bad ones as make it unhealthy.

    "After your target is registered, it must pass one health check to be considered healthy":
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    return row["weight"] == "0" and (row["status"].startswith("DOWN") or _last_check(row).endswith("OK"))


def _last_check(row: Mapping[str, str]) -> str:
    """Its status; a star before it says that another one is under way."""
    return row["check_status"].removeprefix("* ")


def together(found: Iterable[Health]) -> Health:
    """What the nodes that see a target say in all: healthy where every one does."""
    order = ("unhealthy", "initial", "healthy")
    return min(found, key=lambda each: order.index(each[0]), default=REGISTERING)


def state_file(checked: Sequence[Checked], known: Mapping[tuple[str, str], Mapping[str, str]]) -> str:
    """The states that servers begin with: the ones they had at their address; new ones get nothing until `decided`.

    ``known`` as from `control.states`.
    """
    lines = ["1", f"# {' '.join(_HEADING)}"]
    for each in checked:
        place = {"srv_addr": str(each.address), "srv_port": str(each.port)}
        had = known.get((each.backend, each.server), {})
        state = had if all(had.get(name) == value for name, value in place.items()) else _NEW
        names = {"be_name": each.backend, "srv_name": each.server, "srv_use_ssl": str(int(each.encrypted))}
        row = {**_CONSTANT, **names, **place, **{name: state[name] for name in _KEPT}}
        lines.append(" ".join(row.get(name, "-") for name in _HEADING))
    return "\n".join(lines) + "\n"
