# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target health as real load balancers see it, where there are some."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from lab.emulator.strict import cured
from lab.emulator.transitions import TRANSITIONS

_INITIAL = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
_DRAINING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
_UNUSED = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
# What was said of it before it was registered again.
_ENDED = ("Target.NotRegistered", "Target.DeregistrationInProgress")


def identity(group: Any, target: dict[str, Any]) -> str:
    """What a real load balancer calls a target in its reports."""
    return f"{group.arn} {target['Id']}:{target.get('Port') or group.port}"


def draining(group: Any) -> list[dict[str, Any]]:
    """The deregistered targets whose requests are still being finished."""
    leaving: dict[str, dict[str, Any]] = getattr(group, "draining", {})
    ended = {name for name, each in leaving.items() if _state(group, each) == "unused"}
    return [each for name, each in leaving.items() if name not in ended]


def _state(group: Any, target: dict[str, Any]) -> str:
    said = TRANSITIONS.said("target", identity(group, target))
    return said.state if said else ""


def _in_use(group: Any) -> bool:
    backend: Any = elbv2_backends[group.account_id][group.region_name]
    return bool(backend._any_listener_using(group.arn))


@cured(FakeTargetGroup, "health_for")
def health(original: Any, group: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""
    of_moto = original(target, ec2_backend)
    if not TRANSITIONS.real("target"):
        return of_moto
    if any(target["Id"] == each["Id"] for each in draining(group)):
        return _shown(of_moto, _DRAINING)
    if of_moto.status != "healthy":  # not registered, or an instance that is stopped
        return of_moto
    if not _in_use(group):
        return _shown(of_moto, _UNUSED)
    said = TRANSITIONS.said("target", identity(group, group.targets[target["Id"]]))
    if said is None or said.reason.startswith(_ENDED):
        return _shown(of_moto, _INITIAL)
    reason, _, description = said.reason.partition(": ")
    return _shown(of_moto, (said.state, reason or None, description or None))


def _shown(status: Any, told: tuple[str, str | None, str | None]) -> Any:
    return FakeHealthStatus(status.instance_id, status.port, status.health_check_port, *told)


@cured(ELBv2Backend, "describe_target_health")
def describe(original: Any, backend: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> Any:
    """Draining targets are listed. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html"""
    found = original(target_group_arn, targets)
    if not targets:
        group = backend.target_groups[target_group_arn]
        found += [group.health_for(each, backend.ec2_backend) for each in draining(group)]
    return found


@cured(FakeTargetGroup, "register")
def register(original: Any, group: Any, targets: list[dict[str, Any]]) -> None:
    """Ends the draining. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html"""
    original(targets)
    for target in targets:
        getattr(group, "draining", {}).pop(target["Id"], None)


@cured(FakeTargetGroup, "deregister")
def deregister(original: Any, group: Any, targets: list[dict[str, Any]]) -> None:
    """Draining for the group's delay. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay"""
    leaving = [group.targets[target["Id"]] for target in targets if target["Id"] in group.targets]
    original(targets)
    _drain(group, leaving)


@cured(FakeTargetGroup, "deregister_terminated_instances")
def deregister_terminated(original: Any, group: Any, instance_ids: list[str]) -> None:
    """A terminated instance drains too. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#registered-targets"""
    leaving = [target for name, target in group.targets.items() if name in instance_ids]
    original(instance_ids)
    _drain(group, leaving)


def _drain(group: Any, leaving: list[dict[str, Any]]) -> None:
    seconds = float(group.attributes["deregistration_delay.timeout_seconds"])
    if not TRANSITIONS.real("target") or not _in_use(group):
        return
    for target in leaving:
        group.draining = {**getattr(group, "draining", {}), target["Id"]: target}
        TRANSITIONS.later(_drained, group, target, after=seconds)


def _drained(group: Any, target: dict[str, Any]) -> None:
    if group.draining.get(target["Id"]) is target:
        del group.draining[target["Id"]]
