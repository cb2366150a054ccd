# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances, their volumes, launch templates and Auto Scaling groups."""

from __future__ import annotations

import collections
import json
from typing import Any

from tests.unit.lab.emulator.support import Aws, refused

_TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def _state(aws: Aws, identity: str) -> str:
    return str(aws.instance(identity)["State"]["Name"])


def _profile(aws: Aws, name: str) -> str:
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", **_TRUST}))
    arn = aws.iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return str(arn)


def _group(aws: Aws, vpc: str, name: str = "a") -> str:
    return str(aws.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"])


def _template(aws: Aws, name: str, **data: Any) -> None:
    data = {"ImageId": aws.image(), "InstanceType": "t3.micro", **data}
    aws.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)


def _volumes(aws: Aws, identity: str) -> dict[str, dict[str, Any]]:
    filters = [{"Name": "attachment.instance-id", "Values": [identity]}]
    found = aws.ec2.describe_volumes(Filters=filters)["Volumes"]
    return {volume["Attachments"][0]["Device"]: volume for volume in found}


def test_states_take_time(slow: Aws) -> None:
    instance = slow.launch(slow.network().subnet)["InstanceId"]
    assert _state(slow, instance) == "pending"
    slow.emulator.settle()
    assert _state(slow, instance) == "running"
    slow.ec2.stop_instances(InstanceIds=[instance])
    assert _state(slow, instance) == "stopping"
    with refused("IncorrectInstanceState"):
        slow.ec2.start_instances(InstanceIds=[instance])
    slow.emulator.settle()
    assert _state(slow, instance) == "stopped"
    slow.ec2.start_instances(InstanceIds=[instance])
    assert _state(slow, instance) == "pending"
    slow.ec2.terminate_instances(InstanceIds=[instance])
    assert _state(slow, instance) == "shutting-down"
    slow.emulator.settle()
    assert _state(slow, instance) == "terminated"


def test_states_are_filtered_on_as_they_are_shown(slow: Aws) -> None:
    slow.launch(slow.network().subnet)
    filters = [{"Name": "instance-state-name", "Values": ["pending"]}]
    assert len(slow.ec2.describe_instances(Filters=filters)["Reservations"]) == 1
    slow.emulator.settle()
    assert slow.ec2.describe_instances(Filters=filters)["Reservations"] == []


def test_group_and_subnet_are_held_until_the_end(slow: Aws) -> None:
    network = slow.network()
    group = _group(slow, network.vpc)
    instance = slow.launch(network.subnet, SecurityGroupIds=[group])["InstanceId"]
    slow.ec2.terminate_instances(InstanceIds=[instance])
    with refused("DependencyViolation"):
        slow.ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        slow.ec2.delete_subnet(SubnetId=network.subnet)
    slow.emulator.settle()
    assert _state(slow, instance) == "terminated"
    slow.ec2.delete_security_group(GroupId=group)
    slow.ec2.delete_subnet(SubnetId=network.subnet)


def test_terminated_instance_stays_terminated_with_its_tags(aws: Aws) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "stack", "Value": "mine"}]}]
    instance = aws.launch(aws.network().subnet, TagSpecifications=tags)["InstanceId"]
    aws.ec2.terminate_instances(InstanceIds=[instance])
    for revive in (aws.ec2.start_instances, aws.ec2.stop_instances):
        with refused("IncorrectInstanceState"):
            revive(InstanceIds=[instance])
    found = aws.ec2.describe_instances(Filters=[{"Name": "tag:stack", "Values": ["mine"]}])["Reservations"]
    assert [found[0]["Instances"][0]["State"]["Name"]] == ["terminated"]


def test_termination_frees_address_and_elastic_address(aws: Aws) -> None:
    subnet = aws.network().subnet
    instance = aws.launch(subnet, PrivateIpAddress="10.0.0.10")["InstanceId"]
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    aws.ec2.associate_address(AllocationId=address, InstanceId=instance)
    aws.ec2.terminate_instances(InstanceIds=[instance])
    assert "AssociationId" not in aws.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
    assert aws.launch(subnet, PrivateIpAddress="10.0.0.10")["PrivateIpAddress"] == "10.0.0.10"


def test_protected_instance_is_not_terminated(aws: Aws) -> None:
    instance = aws.launch(aws.network().subnet, DisableApiTermination=True)["InstanceId"]
    with refused("OperationNotPermitted"):
        aws.ec2.terminate_instances(InstanceIds=[instance])
    aws.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    aws.ec2.terminate_instances(InstanceIds=[instance])


def test_type_changes_while_stopped_only(aws: Aws) -> None:
    instance = aws.launch(aws.network().subnet)["InstanceId"]
    with refused("IncorrectInstanceState"):
        aws.ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.small"})
    aws.ec2.stop_instances(InstanceIds=[instance])
    aws.ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.small"})
    assert aws.instance(instance)["InstanceType"] == "t3.small"


def test_unknown_image_key_and_type(aws: Aws) -> None:
    subnet = aws.network().subnet
    with refused("InvalidAMIID.NotFound"):
        aws.launch(subnet, ImageId="ami-00000000000000000")
    with refused("InvalidKeyPair.NotFound"):
        aws.launch(subnet, KeyName="nobody's")
    with refused("InvalidParameterValue"):
        aws.launch(subnet, InstanceType="t99.huge")


def test_root_volume_is_the_image_s(aws: Aws) -> None:
    ebs = {"VolumeSize": 30, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250, "Encrypted": True}
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {**ebs, "DeleteOnTermination": True}}]
    instance = aws.launch(aws.network().subnet, BlockDeviceMappings=mapping)["InstanceId"]
    volumes = _volumes(aws, instance)
    assert list(volumes) == ["/dev/xvda"]
    assert {key: volumes["/dev/xvda"][volume] for key, volume in (("Size", "Size"), ("Iops", "Iops"))} == {
        "Size": 30,
        "Iops": 4000,
    }
    assert volumes["/dev/xvda"]["Throughput"] == 250


def test_launch_without_mapping_has_one_volume_that_goes_with_it(aws: Aws) -> None:
    instance = aws.launch(aws.network().subnet)["InstanceId"]
    assert list(_volumes(aws, instance)) == ["/dev/xvda"]
    aws.ec2.terminate_instances(InstanceIds=[instance])
    assert aws.ec2.describe_volumes()["Volumes"] == []


def test_template_is_honoured(aws: Aws) -> None:
    network = aws.network()
    group, profile = _group(aws, network.vpc), _profile(aws, "node")
    _template(
        aws,
        "node",
        IamInstanceProfile={"Arn": profile},
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": network.subnet, "Groups": [group]}],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        Monitoring={"Enabled": True},
        DisableApiTermination=True,
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40, "VolumeType": "gp3"}}],
        TagSpecifications=[
            {"ResourceType": kind, "Tags": [{"Key": "from", "Value": "template"}]} for kind in ("instance", "volume")
        ],
    )
    launched = aws.ec2.run_instances(MinCount=1, MaxCount=2, LaunchTemplate={"LaunchTemplateName": "node"})
    for instance in (aws.instance(found["InstanceId"]) for found in launched["Instances"]):
        assert instance["SubnetId"] == network.subnet
        assert [found["GroupId"] for found in instance["SecurityGroups"]] == [group]
        assert instance["IamInstanceProfile"]["Arn"] == profile
        assert instance["MetadataOptions"]["HttpTokens"] == "required"
        assert instance["Monitoring"]["State"] == "enabled"
        volumes = _volumes(aws, instance["InstanceId"])
        assert [(device, volume["Size"], volume["Tags"]) for device, volume in volumes.items()] == [
            ("/dev/xvda", 40, [{"Key": "from", "Value": "template"}])
        ]
        with refused("OperationNotPermitted"):
            aws.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_profile_of_the_request_wins_and_is_the_only_one(aws: Aws) -> None:
    subnet, template, request = aws.network().subnet, _profile(aws, "template"), _profile(aws, "request")
    _template(aws, "node", IamInstanceProfile={"Arn": template})
    launch = {"LaunchTemplate": {"LaunchTemplateName": "node"}, "SubnetId": subnet, "MinCount": 1, "MaxCount": 2}
    launched = aws.ec2.run_instances(**launch, IamInstanceProfile={"Arn": request})["Instances"]
    instances = [aws.instance(instance["InstanceId"]) for instance in launched]
    assert [instance["IamInstanceProfile"]["Arn"] for instance in instances] == [request, request]
    with refused("IncorrectState"):
        aws.ec2.associate_iam_instance_profile(
            InstanceId=instances[0]["InstanceId"], IamInstanceProfile={"Arn": template}
        )


def test_volume_takes_time_and_stays_in_its_zone(slow: Aws) -> None:
    network = slow.network(zones=2)
    here, there = (slow.launch(subnet)["InstanceId"] for subnet in network.subnets)
    volume = slow.ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)["VolumeId"]
    wanted = {"VolumeId": volume, "Device": "/dev/sdf"}

    def look() -> str:
        return str(slow.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"])

    assert look() == "creating"
    with refused("IncorrectState"):
        slow.ec2.attach_volume(InstanceId=here, **wanted)
    slow.emulator.settle()
    assert look() == "available"
    with refused("InvalidVolume.ZoneMismatch"):
        slow.ec2.attach_volume(InstanceId=there, **wanted)
    slow.ec2.attach_volume(InstanceId=here, **wanted)
    with refused("VolumeInUse"):
        slow.ec2.attach_volume(InstanceId=here, VolumeId=volume, Device="/dev/sdg")
    with refused("VolumeInUse"):
        slow.ec2.delete_volume(VolumeId=volume)
    slow.ec2.detach_volume(VolumeId=volume)
    slow.ec2.delete_volume(VolumeId=volume)


def test_auto_scaling_group_spreads_and_launches_its_version(aws: Aws) -> None:
    network = aws.network(zones=3)
    first, second = _group(aws, network.vpc, "a"), _group(aws, network.vpc, "b")
    _template(aws, "agent", SecurityGroupIds=[first])
    data: dict[str, Any] = {"ImageId": aws.image(), "InstanceType": "t3.small", "SecurityGroupIds": [second]}
    data |= {"MetadataOptions": {"HttpTokens": "required"}}
    aws.ec2.create_launch_template_version(LaunchTemplateName="agent", LaunchTemplateData=data)
    group = {
        "AutoScalingGroupName": "agents",
        "LaunchTemplate": {"LaunchTemplateName": "agent", "Version": "2"},
        "VPCZoneIdentifier": ",".join(network.subnets),
        "MinSize": 1,
        "MaxSize": 6,
        "DesiredCapacity": 5,
    }
    aws.autoscaling.create_auto_scaling_group(**group)
    filters = [{"Name": "tag:aws:autoscaling:groupName", "Values": ["agents"]}]
    reservations = aws.ec2.describe_instances(Filters=filters)["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    spread = collections.Counter(instance["SubnetId"] for instance in instances)
    assert sorted(spread[subnet] for subnet in network.subnets) == [1, 2, 2]
    assert {instance["InstanceType"] for instance in instances} == {"t3.small"}
    assert {found["GroupId"] for instance in instances for found in instance["SecurityGroups"]} == {second}
    assert {instance["MetadataOptions"]["HttpTokens"] for instance in instances} == {"required"}
    with refused("AlreadyExists"):
        aws.autoscaling.create_auto_scaling_group(**group)
    with refused("ResourceInUse"):
        aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="agents")
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="agents", ForceDelete=True)
    assert {_state(aws, instance["InstanceId"]) for instance in instances} == {"terminated"}


def test_auto_scaling_group_registers_its_instances_once_they_run(slow: Aws) -> None:
    network = slow.network(zones=2)
    _template(slow, "agent")
    target = slow.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=network.vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    slow.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="agents",
        LaunchTemplate={"LaunchTemplateName": "agent"},
        VPCZoneIdentifier=",".join(network.subnets),
        MinSize=2,
        MaxSize=2,
        TargetGroupARNs=[arn],
    )

    def targets() -> int:
        return len(slow.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"])

    assert targets() == 0
    slow.emulator.settle()
    assert targets() == 2
    slow.autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName="agents", TargetGroupARNs=[arn])
    assert targets() == 0


def test_target_group_is_detached_before_its_instances_run(slow: Aws) -> None:
    network = slow.network(zones=2)
    _template(slow, "agent")
    target = slow.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=network.vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    group = {"AutoScalingGroupName": "agents", "TargetGroupARNs": [arn]}
    slow.autoscaling.create_auto_scaling_group(
        **group,
        LaunchTemplate={"LaunchTemplateName": "agent"},
        VPCZoneIdentifier=",".join(network.subnets),
        MinSize=1,
        MaxSize=1,
    )
    slow.autoscaling.detach_load_balancer_target_groups(**group)
    slow.emulator.settle()
    assert slow.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []
