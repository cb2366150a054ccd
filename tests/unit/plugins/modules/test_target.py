# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets come and go, each way in four: for real, once more, in check mode, in check mode once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.targets import Group, Late
from ansible_collections.slipway.platform.plugins.modules.target import converge

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
MINE = {"id": "i-1", "port": 8080}
OTHER = {"id": "i-2", "port": 8080}
REASONS = {"draining": "Target.DeregistrationInProgress", "initial": "Elb.InitialHealthChecking"}


class Balancer:
    """A target group whose new targets are healthy, and leaving ones gone, some looks later."""

    def __init__(self, *states: tuple[dict[str, Any], str], looks: int = 2, becomes: str = "healthy") -> None:
        self.targets = {(one["id"], one["port"]): state for one, state in states}
        self.reasons: dict[str, str] = dict(REASONS)
        self.sent: list[str] = []
        self.now = 0.0
        self._looks, self._becomes = looks, becomes
        self._left: dict[tuple[str, int], int] = {
            key: looks for key, state in self.targets.items() if state == "draining"
        }

    def send(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        assert (service, params["TargetGroupArn"]) == ("elbv2", ARN)
        if operation == "DescribeTargetHealth":
            return {"TargetHealthDescriptions": [self._told(*key) for key in self.targets]}
        self.sent.append(operation)
        for one in params["Targets"]:
            key = one["Id"], one["Port"]
            self.targets[key] = "initial" if operation == "RegisterTargets" else "draining"
            self._left[key] = self._looks
        return {}

    def wait(self, seconds: float) -> None:
        """Time passes, and with it what is under way."""
        self.now += seconds
        for key in [*self._left]:
            self._left[key] -= 1
            if self._left[key] <= 0:
                del self._left[key]
                self._end(key)

    def _end(self, key: tuple[str, int]) -> None:
        if self.targets[key] == "draining":
            del self.targets[key]
        else:
            self.targets[key] = self._becomes

    def _told(self, name: str, port: int) -> dict[str, Any]:
        state = self.targets[name, port]
        health = {"State": state} | ({"Reason": self.reasons[state]} if state in self.reasons else {})
        return {"Target": {"Id": name, "Port": port}, "TargetHealth": health}


def run(balancer: Balancer, state: str, check: bool = False, minimum: int = 0, timeout: int = 10) -> dict[str, Any]:
    group = Group(balancer, ARN, timeout, clock=lambda: balancer.now, pause=balancer.wait)
    return converge(group, {"targets": [MINE], "state": state, "minimum_healthy": minimum}, check)


def states(result: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["state"] for one in result["targets"]}


def test_a_target_is_registered_and_waited_for_until_it_is_healthy_and_then_nothing_changes() -> None:
    balancer = Balancer((OTHER, "healthy"))
    result = run(balancer, "present")
    assert (result["changed"], states(result)) == (True, {"i-1": "healthy", "i-2": "healthy"})
    assert result["diff"] == {"before": "i-2:8080\n", "after": "i-1:8080\ni-2:8080\n"}
    assert not run(balancer, "present")["changed"]
    assert balancer.sent == ["RegisterTargets"]


def test_a_target_is_deregistered_and_waited_for_until_it_is_drained_and_then_nothing_changes() -> None:
    balancer = Balancer((MINE, "healthy"), (OTHER, "healthy"))
    result = run(balancer, "absent")
    assert (result["changed"], states(result)) == (True, {"i-2": "healthy"})
    assert result["diff"] == {"before": "i-1:8080\ni-2:8080\n", "after": "i-2:8080\n"}
    assert not run(balancer, "absent")["changed"]
    assert balancer.sent == ["DeregisterTargets"]


@pytest.mark.parametrize(("state", "there"), [("present", []), ("absent", [(MINE, "healthy")])])
def test_check_mode_tells_the_change_and_makes_and_awaits_none(state: str, there: list[Any]) -> None:
    balancer = Balancer(*there)
    assert run(balancer, state, check=True)["changed"]
    assert (balancer.sent, balancer.now) == ([], 0)


@pytest.mark.parametrize(("state", "there"), [("present", [(MINE, "initial")]), ("absent", [(MINE, "draining")])])
def test_check_mode_finds_nothing_to_change_in_what_is_under_way(state: str, there: list[Any]) -> None:
    balancer = Balancer(*there)
    assert not run(balancer, state, check=True)["changed"]
    assert (balancer.sent, balancer.now) == ([], 0)


def test_a_drain_that_a_killed_run_began_is_waited_for() -> None:
    balancer = Balancer((MINE, "draining"))
    result = run(balancer, "absent")
    assert (result["changed"], result["targets"], balancer.sent) == (False, [], [])


def test_a_target_that_is_leaving_is_registered_again() -> None:
    balancer = Balancer((MINE, "draining"))
    result = run(balancer, "present")
    assert (result["changed"], states(result), balancer.sent) == (True, {"i-1": "healthy"}, ["RegisterTargets"])


@pytest.mark.parametrize(("other", "kept"), [("healthy", False), ("unhealthy", True), ("initial", True)])
def test_targets_stay_where_too_few_others_are_healthy(other: str, kept: bool) -> None:
    balancer = Balancer((MINE, "healthy"), (OTHER, other))
    result = run(balancer, "absent", minimum=1)
    assert (result["kept"], result["changed"], balancer.sent) == (kept, not kept, [] if kept else ["DeregisterTargets"])


def test_a_target_that_stays_unhealthy_is_an_error_that_says_why() -> None:
    balancer = Balancer(becomes="unhealthy")
    balancer.reasons["unhealthy"] = "Target.ResponseCodeMismatch"
    with pytest.raises(Late, match=r"not healthy after 10 s: i-1:8080 is unhealthy \(Target.ResponseCodeMismatch\)"):
        run(balancer, "present")
    assert balancer.now == 10


def test_a_target_that_does_not_drain_in_time_is_an_error() -> None:
    with pytest.raises(Late, match=r"not drained after 10 s: i-1:8080 is draining"):
        run(Balancer((MINE, "healthy"), looks=20), "absent")


def test_nobody_waits_for_the_health_of_a_group_that_no_listener_leads_to() -> None:
    balancer = Balancer(looks=1, becomes="unused")
    balancer.reasons["unused"] = "Target.NotInUse"
    assert states(run(balancer, "present")) == {"i-1": "unused"}


def test_a_stopped_instance_is_unused_and_never_healthy() -> None:
    balancer = Balancer(looks=1, becomes="unused")
    balancer.reasons["unused"] = "Target.InvalidState"
    with pytest.raises(Late, match=r"i-1:8080 is unused \(Target.InvalidState\)"):
        run(balancer, "present")
