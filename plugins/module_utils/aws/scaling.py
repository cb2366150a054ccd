# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines in numbers: launch template, auto scaling group."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.compute import (
    LAUNCH_FIELDS,
    SOURCES,
    check_launch,
    disk_tags,
    group_tag,
    launch_parameters,
    root_device,
    tagged_groups,
)
from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import (
    GROUP_TAG,
    NAME_TAG,
    RESERVED_TAGS,
    STACK_TAG,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    integer,
    mapping,
    reference,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Base64, Text

PROFILE_PATIENCE = {"ValidationError": 120}
"""A template with an instance profile that is not seen yet is an invalid one:
https://github.com/hashicorp/terraform-provider-aws/pull/5633"""
NEWEST = "$Latest"
KEPT = ("image", "user_data")
"""What a new version of a template takes over from the one before it, unless its change is asked for."""


class LaunchTemplate(Ec2Kind):
    """Its document describes the newest version, from which groups launch. A change makes a new one."""

    name = "launch_template"
    doc = "How an auto scaling group launches machines. Their metadata service answers IMDSv2 only."
    listing = ("DescribeLaunchTemplates", "LaunchTemplates")
    id_key = "LaunchTemplateId"
    tag_type = "launch-template"
    name_limit = 128
    fields = LAUNCH_FIELDS
    attributes = {"id": "LaunchTemplateId", "version": "number of its newest version"}
    calls = {
        "read": ("DescribeLaunchTemplates", "DescribeLaunchTemplateVersions", "DescribeImages"),
        "write": (
            "CreateLaunchTemplate",
            "CreateLaunchTemplateVersion",
            "DeleteLaunchTemplate",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def rows(self, reader: Reader) -> list[dict[str, Any]]:
        def with_data(row: dict[str, Any]) -> dict[str, Any]:
            params = {"LaunchTemplateId": row["LaunchTemplateId"], "Versions": [NEWEST]}
            answer = reader.call("ec2", "DescribeLaunchTemplateVersions", params) or {}
            return {**row, "Data": answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]}

        return reader.each(with_data, super().rows(reader))

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        data = row["Data"]
        disk = data["BlockDeviceMappings"][0]["Ebs"] if data.get("BlockDeviceMappings") else {}
        tags = [
            tag for one in data.get("TagSpecifications", ()) if one["ResourceType"] == "instance" for tag in one["Tags"]
        ]
        return {
            "instance_type": data["InstanceType"],
            "image": data["ImageId"],
            "user_data": base64.b64decode(data["UserData"]).decode() if data.get("UserData") else None,
            "key_pair": data.get("KeyName"),
            "role": data.get("IamInstanceProfile", {}).get("Name"),
            "security_groups": list(data.get("SecurityGroupIds", ())),
            "root_volume": {
                "size": disk.get("VolumeSize"),
                "type": disk.get("VolumeType"),
                "encrypted": disk.get("Encrypted"),
            },
            "hop_limit": data.get("MetadataOptions", {}).get("HttpPutResponseHopLimit"),
            "groups": tagged_groups(as_map(tags)),
            "market": data.get("InstanceMarketOptions", {}).get("MarketType", "on-demand"),
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": row["LaunchTemplateId"], "version": row["LatestVersionNumber"]}

    def create(self, want: Want) -> Iterator[Step]:
        yield root_device(want["image"])
        yield Call(
            "ec2",
            "CreateLaunchTemplate",
            {
                "LaunchTemplateName": want.physical_name,
                "LaunchTemplateData": self._data(want, want.values),
                **self.tagged(want),
            },
            gives={"id": "LaunchTemplate.LaunchTemplateId", "version": "LaunchTemplate.LatestVersionNumber"},
            token="ClientToken",
        )

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        kept = {field: have.fields[field] for field in KEPT if field not in changed and have.fields[field]}
        values = {**want.values, **kept}
        yield root_device(values["image"])
        yield Call(
            "ec2",
            "CreateLaunchTemplateVersion",
            {"LaunchTemplateId": have.id, "LaunchTemplateData": self._data(want, values)},
            gives={"version": "LaunchTemplateVersion.VersionNumber"},
        )

    def delete(self, have: Have) -> Iterator[Step]:
        gone = ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException")
        yield Call("ec2", "DeleteLaunchTemplate", {"LaunchTemplateId": have.id}, done=gone)

    def check(self, want: Want) -> Iterator[str]:
        yield from check_launch(want)

    def _data(self, want: Want, values: Mapping[str, Any]) -> dict[str, Any]:
        data = launch_parameters(values)
        if "user_data" in values:
            data["UserData"] = Base64(values["user_data"])
        if "security_groups" in values:
            data["SecurityGroupIds"] = values["security_groups"]
        # The machine's own tags come from its group; what is made along with it gets them here only.
        tags = {
            "volume": disk_tags(want),
            "network-interface": disk_tags(want),
            "instance": as_list(group_tag(values["groups"])),
        }
        data["TagSpecifications"] = [{"ResourceType": kind, "Tags": each} for kind, each in tags.items() if each]
        return data


class AutoScalingGroup(Kind):
    """Every tag of a group goes on to the machines that it launches."""

    name = "auto_scaling_group"
    doc = "Machines alike, in a number that may change; always from the newest version of their template."
    service = "autoscaling"
    identity = "tag"
    down = "all its machines"
    fields = {
        "launch_template": reference("launch_template", "How its machines are launched.", required=True),
        "subnets": set_of(reference("subnet", "A subnet."), "Where it launches machines.", required=True),
        "minimum": integer("Fewest machines.", default=0, minimum=0),
        "maximum": integer("Most machines.", required=True, minimum=0),
        "desired": integer("Machines at first; scaling changes it later.", minimum=0, change=Change.CREATE_ONLY),
        "target_groups": set_of(
            reference("target_group", "A target group.", attribute="arn"), "Target groups its machines register with."
        ),
        "groups": set_of(
            string("An inventory group.", pattern=r"[A-Za-z0-9_-]+"),
            "Inventory groups its machines are in.",
            default=[],
        ),
        "node_tags": mapping("Further tags, as the cluster autoscaler reads them (k8s.io/cluster-autoscaler/…)."),
        "health_check": string("Who finds a machine unhealthy.", default="ec2", choices=("ec2", "elb")),
        "sources": SOURCES,
        "grace_period": integer("Seconds before a new machine's health counts.", default=300, minimum=0),
    }
    attributes = {"id": "its name", "arn": "its ARN"}
    calls = {
        "read": ("DescribeAutoScalingGroups",),
        "write": (
            "CreateAutoScalingGroup",
            "UpdateAutoScalingGroup",
            "AttachLoadBalancerTargetGroups",
            "DetachLoadBalancerTargetGroups",
            "CreateOrUpdateTags",
            "DeleteTags",
            "DeleteAutoScalingGroup",
        ),
    }
    sizes = {
        "minimum": "MinSize",
        "maximum": "MaxSize",
        "desired": "DesiredCapacity",
        "grace_period": "HealthCheckGracePeriod",
    }

    def read(self, reader: Reader, request: Request) -> list[Have]:
        filters = [{"Name": f"tag:{STACK_TAG}", "Values": [reader.scope.stack]}]
        rows = reader.pages("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", {"Filters": filters})
        house = {want.name: want.tags.keys() | reader.scope.tags.keys() for want in request.wants}
        # A status is there only while the group is being deleted.
        return [self._have(row, house) for row in rows if not row.get("Status")]

    def _have(self, row: Mapping[str, Any], house: Mapping[str, Collection[str]]) -> Have:
        tags = as_map(row["Tags"])
        name = tags.get(NAME_TAG, "")
        known = RESERVED_TAGS | set(house.get(name, ()))
        template = row.get("LaunchTemplate", {})
        fields = {
            "launch_template": template["LaunchTemplateId"] if template.get("Version") == NEWEST else None,
            "subnets": [subnet for subnet in row.get("VPCZoneIdentifier", "").split(",") if subnet],
            "target_groups": list(row.get("TargetGroupARNs", ())),
            "groups": tagged_groups(tags),
            "node_tags": {
                key: value
                for key, value in tags.items()
                if key not in known and not key.startswith(("slipway:", "aws:"))
            },
            "health_check": row["HealthCheckType"].lower(),
            **{field: row[parameter] for field, parameter in self.sizes.items()},
        }
        attributes = {"id": row["AutoScalingGroupName"], "arn": row["AutoScalingGroupARN"]}
        return Have(self.name, name, fields, attributes, tags, row["AutoScalingGroupName"])

    def create(self, want: Want) -> Iterator[Step]:
        group = want.physical_name
        tags = {**want.tags, **want.get("node_tags", {}), **group_tag(want["groups"])}
        params = {"AutoScalingGroupName": group, **self._settings(want, want.values), "Tags": _tags(group, tags)}
        if want.get("target_groups"):
            params["TargetGroupARNs"] = want["target_groups"]
        yield Call("autoscaling", "CreateAutoScalingGroup", params, patience=PROFILE_PATIENCE)
        yield self._in_service(group)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        settings = self._settings(want, changed)
        if settings:
            params = {"AutoScalingGroupName": have.id, **settings}
            patience = PROFILE_PATIENCE if "launch_template" in changed else {}
            yield Call("autoscaling", "UpdateAutoScalingGroup", params, patience=patience)
        if "target_groups" in changed:
            yield from self._register(have, want)
        if "groups" in changed:
            yield from self._tag(have, {GROUP_TAG: have.tags.get(GROUP_TAG, "")}, group_tag(want["groups"]))
        if "node_tags" in changed:
            yield from self._tag(have, have.fields["node_tags"], want["node_tags"])
        if changed & {"minimum", "desired"}:
            yield self._in_service(have.id)

    def _settings(self, want: Want, fields: Collection[str]) -> dict[str, Any]:
        """The parameters that creation and update spell alike, for those of ``fields`` that are such."""
        settings = {parameter: want[field] for field, parameter in self.sizes.items() if field in fields}
        if "launch_template" in fields:
            settings["LaunchTemplate"] = {"LaunchTemplateId": want["launch_template"], "Version": NEWEST}
        if "subnets" in fields:
            commas = [part for subnet in want["subnets"] for part in (",", subnet)]
            settings["VPCZoneIdentifier"] = Text(tuple(commas[1:]))
        if "health_check" in fields:
            settings["HealthCheckType"] = want["health_check"].upper()
        return settings

    def _register(self, have: Have, want: Want) -> Iterator[Step]:
        before, after = have.fields["target_groups"], want["target_groups"]
        for operation, arns in (
            ("AttachLoadBalancerTargetGroups", [arn for arn in after if arn not in before]),
            ("DetachLoadBalancerTargetGroups", [arn for arn in before if arn not in after]),
        ):
            if arns:
                yield Call("autoscaling", operation, {"AutoScalingGroupName": have.id, "TargetGroupARNs": arns})

    def _tag(self, have: Have, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Step]:
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        yield from self.retag(have, changed, [key for key in before if key not in after])

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        if tags:
            yield Call("autoscaling", "CreateOrUpdateTags", {"Tags": _tags(have.id, tags)})
        if gone:
            keys = [{"ResourceId": have.id, "ResourceType": "auto-scaling-group", "Key": key} for key in gone]
            yield Call("autoscaling", "DeleteTags", {"Tags": keys})

    def delete(self, have: Have) -> Iterator[Step]:
        params = {"AutoScalingGroupName": have.id, "ForceDelete": True}
        busy = {"ScalingActivityInProgress": 300, "ResourceInUse": 300}
        # A group that is gone is a ValidationError; the wait tells it from any other.
        yield Call("autoscaling", "DeleteAutoScalingGroup", params, done=("ValidationError",), patience=busy)
        yield Wait(
            "autoscaling",
            "DescribeAutoScalingGroups",
            {"AutoScalingGroupNames": [have.id]},
            "AutoScalingGroups[0].AutoScalingGroupName",
            deadline=1200,
        )

    def check(self, want: Want) -> Iterator[str]:
        if want["minimum"] > want["maximum"]:
            yield f"minimum {want['minimum']} is more than maximum {want['maximum']}; raise the maximum"
        desired = want.get("desired", want["minimum"])
        if not want["minimum"] <= desired <= max(want["minimum"], want["maximum"]):
            yield f"desired {desired} is not between minimum and maximum; choose one that is"
        if not want["subnets"]:
            yield "subnets is empty; name the subnets in which to launch machines"

    def _in_service(self, group: str) -> Wait:
        """Until as many machines are in service as are desired."""
        in_service = "length(Instances[?LifecycleState=='InService']) >= DesiredCapacity"
        return Wait(
            "autoscaling",
            "DescribeAutoScalingGroups",
            {"AutoScalingGroupNames": [group]},
            f"AutoScalingGroups[?{in_service}] | [0].AutoScalingGroupName",
            until=(group,),
            gives={
                "id": "AutoScalingGroups[0].AutoScalingGroupName",
                "arn": "AutoScalingGroups[0].AutoScalingGroupARN",
            },
            deadline=900,
        )


def _tags(group: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    mark = {"ResourceId": group, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    return [{**mark, **tag} for tag in as_list(tags)]
