# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read-after-write lag: an hour long and ended by hand, so that no test depends on the machine's speed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.emulator import Emulator
from tests.unit.lab.emulator.support import Aws, eventually, refused

_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
_HOUR = 3_600_000


@pytest.fixture(scope="module")
def _lagging() -> Iterator[Aws]:
    with Emulator(lag=(_HOUR, _HOUR), transition=0) as emulator:
        aws = Aws(emulator)
        aws.ec2.describe_vpcs()
        yield aws


@pytest.fixture
def aws(_lagging: Aws) -> Aws:
    _lagging.emulator.reset()
    return _lagging


def test_new_vpc_is_listed_late_but_usable_at_once(aws: Aws) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]

    def listed() -> tuple[bool, bool]:
        vpcs = [found["VpcId"] for found in aws.ec2.describe_vpcs()["Vpcs"]]
        filters = [{"Name": "vpc-id", "Values": [vpc]}]
        return vpc in vpcs, bool(aws.ec2.describe_subnets(Filters=filters)["Subnets"])

    assert listed() == (False, False)
    with refused("InvalidVpcID.NotFound"):
        aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    with refused("InvalidSubnetID.NotFound"):
        aws.ec2.describe_subnets(SubnetIds=[subnet])
    aws.emulator.settle()
    assert listed() == (True, True)
    assert aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]


def test_new_tag_is_seen_late(aws: Aws) -> None:
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    aws.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "stack", "Value": "mine"}])
    wanted = [{"Name": "tag:stack", "Values": ["mine"]}]

    def seen() -> tuple[bool, bool]:
        tags = aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0].get("Tags", [])
        return bool(tags), bool(aws.ec2.describe_vpcs(Filters=wanted)["Vpcs"])

    assert seen() == (False, False)
    aws.emulator.settle()
    assert seen() == (True, True)


def _make_all(aws: Aws) -> dict[str, str]:
    """One resource of many kinds; returns what makes each findable."""
    network = aws.network(zones=2)
    ec2, tags = aws.ec2, [{"Key": "stack", "Value": "mine"}]
    launched = aws.launch(network.subnet)
    public = {"NetworkInterfaceId": launched["NetworkInterfaces"][0]["NetworkInterfaceId"]}
    balancer = aws.elbv2.create_load_balancer(Name="web", Subnets=network.subnets, Tags=tags)["LoadBalancers"][0]
    group = aws.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=network.vpc)["TargetGroups"][0]
    aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument=_TRUST)
    aws.iam.create_instance_profile(InstanceProfileName="r")
    aws.s3.create_bucket(Bucket="new", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.logs.create_log_group(logGroupName="/new")
    aws.secretsmanager.create_secret(Name="new", SecretString="x")
    zone = aws.route53.create_hosted_zone(Name="new.example", CallerReference="1")["HostedZone"]["Id"]
    aws.rds.create_db_subnet_group(DBSubnetGroupName="new", DBSubnetGroupDescription="n", SubnetIds=network.subnets)
    return {
        "vpc": network.vpc,
        "igw": network.gateway,
        "instance": launched["InstanceId"],
        "eni": public["NetworkInterfaceId"],
        "eip": ec2.allocate_address(Domain="vpc")["AllocationId"],
        "rtb": ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"],
        "sg": ec2.create_security_group(GroupName="a", Description="a", VpcId=network.vpc)["GroupId"],
        "nat": ec2.create_nat_gateway(SubnetId=network.subnet, ConnectivityType="private")["NatGateway"][
            "NatGatewayId"
        ],
        "vol": ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)["VolumeId"],
        "key": ec2.create_key_pair(KeyName="k", KeyType="ed25519")["KeyPairId"],
        "balancer": balancer["LoadBalancerArn"],
        "group": group["TargetGroupArn"],
        "zone": zone,
    }


def _listings(aws: Aws) -> str:
    """Every listing in one text."""
    ec2 = aws.ec2
    kinds = "vpcs internet_gateways instances network_interfaces addresses route_tables security_groups nat_gateways"
    calls: list[Any] = [getattr(ec2, f"describe_{kind}") for kind in (kinds + " volumes key_pairs").split()]
    calls += [aws.elbv2.describe_load_balancers, aws.elbv2.describe_target_groups, aws.iam.list_roles]
    calls += [aws.iam.list_instance_profiles, aws.s3.list_buckets, aws.logs.describe_log_groups]
    calls += [aws.secretsmanager.list_secrets, aws.route53.list_hosted_zones, aws.rds.describe_db_subnet_groups]
    answers = [{k: v for k, v in call().items() if k not in ("ResponseMetadata", "Owner")} for call in calls]
    return json.dumps(answers, default=str)


def test_every_kind_lags_where_it_is_listed_and_asked_for(aws: Aws) -> None:
    made = _make_all(aws)
    text = _listings(aws)
    own = ("igw", "instance", "eip", "rtb", "sg", "nat", "vol", "key", "balancer", "group", "zone")
    assert [kind for kind in own if made[kind] in text] == []
    for name in ('"RoleName"', '"InstanceProfileName"', '"new"', '"/new"', "new.example"):
        assert name not in text, name
    asked: dict[str, Callable[[], object]] = {
        "NoSuchEntity": lambda: aws.iam.get_role(RoleName="r"),
        "ResourceNotFoundException": lambda: aws.secretsmanager.get_secret_value(SecretId="new"),
        "NoSuchHostedZone": lambda: aws.route53.get_hosted_zone(Id=made["zone"]),
        "404": lambda: aws.s3.head_bucket(Bucket="new"),
        "DBSubnetGroupNotFoundFault": lambda: aws.rds.describe_db_subnet_groups(DBSubnetGroupName="new"),
        "LoadBalancerNotFound": lambda: aws.elbv2.describe_load_balancers(Names=["web"]),
        "TargetGroupNotFound": lambda: aws.elbv2.describe_target_groups(Names=["web"]),
        "InvalidInstanceID.NotFound": lambda: aws.ec2.describe_instances(InstanceIds=[made["instance"]]),
        "InvalidGroup.NotFound": lambda: aws.ec2.describe_security_groups(GroupIds=[made["sg"]]),
        "NatGatewayNotFound": lambda: aws.ec2.describe_nat_gateways(NatGatewayIds=[made["nat"]]),
    }
    for code, ask in asked.items():
        with refused(code):
            ask()
    aws.emulator.settle()
    assert [kind for kind, identity in made.items() if identity not in _listings(aws)] == []


def test_tagging_api_lags_too(aws: Aws) -> None:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "stack", "Value": "mine"}]}]
    aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)
    filters = [{"Key": "stack", "Values": ["mine"]}]

    def found() -> int:
        return len(aws.resourcegroupstaggingapi.get_resources(TagFilters=filters)["ResourceTagMappingList"])

    assert found() == 0
    aws.emulator.settle()
    assert found() == 1


def test_lag_ends_by_itself() -> None:
    with Emulator(lag=(1, 50), transition=0) as emulator:
        ec2 = Aws(emulator).ec2
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        eventually(lambda: vpc in [found["VpcId"] for found in ec2.describe_vpcs()["Vpcs"]], True)


def test_lags_are_repeatable_by_their_seed() -> None:
    from lab.emulator.lag import Lag  # needs moto, which takes a while to import

    first, second, other = Lag((100, 500), 1), Lag((100, 500), 1), Lag((100, 500), 2)
    draws = [[lag._random.uniform(100, 500) for _ in range(5)] for lag in (first, second, other)]
    assert draws[0] == draws[1] != draws[2]


def test_every_kind_names_what_the_services_models_have() -> None:
    from lab.emulator.lag_edit import xml_names
    from lab.emulator.lag_kinds import KINDS

    for kinds in KINDS.values():
        for kind in kinds:
            for operation, listed in kind.lists.items():
                tag, _ = xml_names(kind.service, operation, listed, kind.key)
                assert tag


def test_ec2_sees_a_new_instance_profile_late(aws: Aws) -> None:
    aws.iam.create_instance_profile(InstanceProfileName="node")
    subnet = aws.network().subnet
    with refused("InvalidParameterValue"):
        aws.launch(subnet, IamInstanceProfile={"Name": "node"})
    aws.emulator.settle()
    instance = aws.launch(subnet, IamInstanceProfile={"Name": "node"})["InstanceId"]
    aws.emulator.settle()
    assert aws.instance(instance)["IamInstanceProfile"]["Arn"].endswith("/node")
