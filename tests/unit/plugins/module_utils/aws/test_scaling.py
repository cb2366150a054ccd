# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch template, auto scaling group."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.scaling import AutoScalingGroup, LaunchTemplate
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Have, Wait
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import resolve
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

IMAGE, OTHER_IMAGE = "ami-03cf127a", "ami-12c6146b"
"""Two that moto has."""
LAUNCH = {"instance_type": "t3.micro", "image": IMAGE}


@pytest.fixture
def template(network: Account) -> Account:
    network.create(LaunchTemplate(), **LAUNCH)
    return network


def operations(calls: list[Any]) -> list[str]:
    return [call.operation for call in calls]


def group(**more: Any) -> dict[str, Any]:
    return {"launch_template": "main", "subnets": ["a", "b"], "maximum": 2, **more}


def test_launch_template(account: Account) -> None:
    kind = LaunchTemplate()
    attributes = account.create(kind, **LAUNCH, user_data="#!/bin/sh\n", hop_limit=2, groups=["gpu"], market="spot")
    assert account.have(kind).attributes.items() <= attributes.items()
    assert attributes["version"] == 1
    assert account.differences(kind) == {}
    assert operations(account.delete(kind)) == ["DeleteLaunchTemplate"]
    assert account.read(kind) == []


def test_launch_template_gets_a_new_version(account: Account) -> None:
    kind = LaunchTemplate()
    account.create(kind, **LAUNCH)
    changed = LAUNCH | {"instance_type": "t3.small", "groups": ["gpu"], "root_volume": {"size": 50}, "market": "spot"}
    assert operations(account.update(kind, **changed)) == ["CreateLaunchTemplateVersion"]
    assert account.have(kind).attributes["version"] == 2
    assert account.differences(kind) == {}


def test_a_new_version_keeps_image_and_user_data_unless_asked(account: Account) -> None:
    kind = LaunchTemplate()
    account.create(kind, **LAUNCH, user_data="one")
    newer = {"instance_type": "t3.small", "image": OTHER_IMAGE, "user_data": "two"}
    account.update(kind, **newer)
    assert account.differences(kind).keys() == {"image", "user_data"}
    have, wanted = account.have(kind), account.want(kind, **newer)
    account.run(kind, kind.update(have, wanted, frozenset({"image", "user_data"})), have.attributes)
    assert account.differences(kind) == {}


def test_launch_templates_take_one_call_and_one_each(account: Account) -> None:
    for name in ("one", "two"):
        account.create(LaunchTemplate(), name, **LAUNCH)
    account.reader.operations.clear()
    assert len(account.read(LaunchTemplate())) == 2
    assert account.reader.operations == ["ec2:DescribeLaunchTemplates", *["ec2:DescribeLaunchTemplateVersions"] * 2]


def test_auto_scaling_group(template: Account) -> None:
    kind = AutoScalingGroup()
    node_tags = {"k8s.io/cluster-autoscaler/node-template/label/pool": "gpu"}
    attributes = template.create(kind, **group(minimum=1, desired=2, groups=["gpu"], node_tags=node_tags))
    assert template.have(kind).attributes == attributes
    assert template.differences(kind) == {}
    calls = template.delete(kind)
    assert [(call.operation, call.params["ForceDelete"]) for call in calls] == [("DeleteAutoScalingGroup", True)]
    assert template.read(kind) == []


def test_auto_scaling_group_gives_its_machines_its_tags(template: Account) -> None:
    template.create(AutoScalingGroup(), **group(minimum=1, groups=["gpu"]))
    (reservation,) = template.client("ec2").describe_instances()["Reservations"]
    tags = {tag["Key"]: tag["Value"] for tag in reservation["Instances"][0]["Tags"]}
    assert tags["slipway:group"] == "gpu"
    assert tags["slipway:stack"] == "shop-test"


def test_auto_scaling_group_changes_in_place(template: Account) -> None:
    kind = AutoScalingGroup()
    template.create(kind, **group(groups=["gpu"], node_tags={"pool": "gpu", "zone": "a"}))
    template.create(LaunchTemplate(), "other", **LAUNCH)
    calls = template.update(
        kind,
        launch_template="other",
        subnets=["b", "c"],
        minimum=1,
        maximum=3,
        health_check="elb",
        grace_period=60,
        groups=[],
        node_tags={"pool": "cpu"},
    )
    assert template.differences(kind) == {}
    assert operations(calls) == ["UpdateAutoScalingGroup", "DeleteTags", "CreateOrUpdateTags", "DeleteTags"]


def test_auto_scaling_group_leaves_undeclared_tags_alone(template: Account) -> None:
    kind = AutoScalingGroup()
    template.create(kind, **group(tags={"team": "red"}))
    assert template.have(kind).fields["node_tags"] == {}
    mark = {"ResourceId": "shop-test-auto-scaling-group", "ResourceType": "auto-scaling-group"}
    foreign = mark | {"Key": "added", "Value": "by hand", "PropagateAtLaunch": False}
    template.client("autoscaling").create_or_update_tags(Tags=[foreign])
    assert template.differences(kind) == {}


def test_a_group_held_to_one_version_of_its_template_is_set_free(template: Account) -> None:
    kind = AutoScalingGroup()
    template.create(kind, **group())
    held = {"LaunchTemplateId": template.known["launch_template", "main"]["id"], "Version": "1"}
    template.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="shop-test-auto-scaling-group", LaunchTemplate=held
    )
    assert template.differences(kind).keys() == {"launch_template"}
    (call,) = template.update(kind, **group())
    assert call.params["LaunchTemplate"]["Version"] == "$Latest"


def test_auto_scaling_group_registers_and_deregisters() -> None:
    kind = AutoScalingGroup()
    have = Have("auto_scaling_group", "main", {"target_groups": ["arn:old", "arn:kept"]}, {"id": "agents"}, {})
    wanted = want(kind, launch_template="a", subnets=["a"], maximum=1, target_groups=["kept", "new"])
    wanted.values = resolve(wanted.values, lambda ref: f"arn:{getattr(ref, 'name', ref)}")
    steps = list(kind.update(have, wanted, frozenset({"target_groups"})))
    assert [(step.operation, step.params["TargetGroupARNs"]) for step in steps] == [
        ("AttachLoadBalancerTargetGroups", ["arn:new"]),
        ("DetachLoadBalancerTargetGroups", ["arn:old"]),
    ]


@pytest.mark.parametrize(("in_service", "found"), [(0, None), (1, None), (2, "agents"), (3, "agents")])
def test_auto_scaling_group_waits_for_the_desired_number(account: Account, in_service: int, found: str | None) -> None:
    """moto's machines are in service at once."""

    wanted = want(AutoScalingGroup(), launch_template="a", subnets=["a"], maximum=3, physical_name="agents")
    wait = list(AutoScalingGroup().create(wanted))[-1]
    assert isinstance(wait, Wait)
    instances = [{"LifecycleState": "InService"}] * in_service + [{"LifecycleState": "Pending"}]
    answer = {"AutoScalingGroups": [{"AutoScalingGroupName": "agents", "DesiredCapacity": 2, "Instances": instances}]}
    assert jmespath.search(wait.path, answer) == found
    assert jmespath.search(wait.path, {"AutoScalingGroups": []}) is None
    assert wait.until == ("agents",)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"minimum": 3}, "minimum 3"),
        ({"desired": 3}, "desired 3"),
        ({"minimum": 1, "desired": 0}, "desired 0"),
        ({"minimum": 2, "desired": 2}, ""),
        ({"subnets": []}, "subnets is empty"),
        ({}, ""),
    ],
)
def test_auto_scaling_group_checks(changed: dict[str, Any], word: str) -> None:
    found = complaints(AutoScalingGroup(), **group() | changed)
    assert [word in each for each in found][:1] == ([True] if word else [])
