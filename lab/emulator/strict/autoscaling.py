# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling groups: spread over their subnets, launched from the version they name."""

from __future__ import annotations

import collections
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse

from lab.emulator.strict import cured, refuse
from lab.emulator.strict.instances import RUNS
from lab.emulator.strict.launch import TEMPLATE_VERSION


@cured(FakeAutoScalingGroup, "replace_autoscaling_group_instances")
def launch(original: Any, group: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """Each instance in the emptiest subnet. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html"""
    subnets, zones = group.vpc_zone_identifier, group.availability_zones
    TEMPLATE_VERSION.append(getattr(group, "launch_template_version", None) or "$Default")
    try:
        for _ in range(count_needed):
            if subnets:
                subnet = _emptiest(group, subnets.split(","))
                group.vpc_zone_identifier = subnet
                group.availability_zones = [group.ec2_backend.get_subnet(subnet).availability_zone]
            original(1, dict(propagated_tags))
            if group.instance_states[-1].instance.state == "pending":
                group.instance_states[-1].lifecycle_state = "Pending"
    finally:
        TEMPLATE_VERSION.pop()
        group.vpc_zone_identifier, group.availability_zones = subnets, zones


def _emptiest(group: Any, subnets: list[str]) -> str:
    used = collections.Counter(state.instance.subnet_id for state in group.instance_states)
    return min(subnets, key=lambda subnet: used[subnet])


@cured(AutoScalingResponse, "delete_auto_scaling_group")
def delete(original: Any, response: Any) -> Any:
    """Not with instances unless forced. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html"""
    group = response.autoscaling_backend.autoscaling_groups.get(response._get_param("AutoScalingGroupName"))
    if group and group.instance_states and not response._get_bool_param("ForceDelete"):
        refuse("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances in the group.")
    return original()


@cured(AutoScalingBackend, "create_auto_scaling_group")
def create(original: Any, backend: Any, **named: Any) -> Any:
    """A name once. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html"""
    if named["name"] in backend.autoscaling_groups:
        refuse("AlreadyExists", f"AutoScalingGroup by this name already exists - {named['name']}")
    return original(**named)


@cured(AutoScalingBackend, "update_attached_target_groups")
def attach(_: Any, backend: Any, group_name: str) -> None:
    """Instances are registered once they run. https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html"""
    group = backend.autoscaling_groups[group_name]
    if arns := group.target_group_arns:
        backend.elbv2_backend.describe_target_groups(load_balancer_arn=None, target_group_arns=arns, names=None)
    for state in group.instance_states:
        _register(group, state.instance)


def _register(group: Any, instance: Any) -> None:
    target_groups = group.autoscaling_backend.elbv2_backend.target_groups
    for arn in group.target_group_arns if instance.state == "running" else ():
        if arn in target_groups and instance.id not in target_groups[arn].targets:
            target_groups[arn].register([{"Id": instance.id}])


def _enters(instance: Any) -> None:
    """In service once it runs. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html"""
    group = getattr(instance, "autoscaling_group", None)
    for state in group.instance_states if group else ():
        if state.instance is instance:
            state.lifecycle_state = "InService" if state.lifecycle_state == "Pending" else state.lifecycle_state
            _register(group, instance)


RUNS.append(_enters)


@cured(FakeAutoScalingGroup, "active_instances")
def active(_: Any, group: Any) -> Any:
    """One that is pending counts. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html"""
    return [state for state in group.instance_states if state.lifecycle_state in ("InService", "Pending")]


@cured(AutoScalingBackend, "detach_load_balancer_target_groups")
def detach(_: Any, backend: Any, group_name: str, target_group_arns: list[str]) -> None:
    """Also with instances that were not registered yet. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachLoadBalancerTargetGroups.html"""
    group = backend.autoscaling_groups[group_name]
    group.target_group_arns = [arn for arn in group.target_group_arns if arn not in target_group_arns]
    own = {state.instance.id for state in group.instance_states}
    for arn in target_group_arns:
        target_group = backend.elbv2_backend.target_groups[arn]
        target_group.deregister([{"Id": identity} for identity in own & target_group.targets.keys()])
