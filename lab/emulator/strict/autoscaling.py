# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling groups: spread over their subnets, launched from the version they name."""

from __future__ import annotations

import collections
import functools
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse

from lab.emulator.strict import cured, refuse
from lab.emulator.strict.launch import TEMPLATE_VERSION
from lab.emulator.transitions import TRANSITIONS


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
    if arns := backend.autoscaling_groups[group_name].target_group_arns:
        backend.elbv2_backend.describe_target_groups(load_balancer_arn=None, target_group_arns=arns, names=None)
        TRANSITIONS.later(functools.partial(_register, backend, group_name))


def _register(backend: Any, group_name: str) -> None:
    group = backend.autoscaling_groups.get(group_name)
    instances = [state.instance for state in group.instance_states] if group else []
    running = [{"Id": instance.id} for instance in instances if instance.state == "running"]
    for arn in group.target_group_arns if group else ():
        if target_group := backend.elbv2_backend.target_groups.get(arn):
            target_group.register(running)


@cured(AutoScalingBackend, "detach_load_balancer_target_groups")
def detach(_: Any, backend: Any, group_name: str, target_group_arns: list[str]) -> None:
    """Also with instances that were not registered yet. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachLoadBalancerTargetGroups.html"""
    group = backend.autoscaling_groups[group_name]
    group.target_group_arns = [arn for arn in group.target_group_arns if arn not in target_group_arns]
    own = {state.instance.id for state in group.instance_states}
    for arn in target_group_arns:
        target_group = backend.elbv2_backend.target_groups[arn]
        target_group.deregister([{"Id": identity} for identity in own & target_group.targets.keys()])
