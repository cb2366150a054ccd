# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of resources that lag: how each is recognised when it is made, listed and asked for.

Identities and error codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and the API
reference of each service.
"""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind.

    ``create``: the operations that make it. ``answered``: finds its identity in their answers; ``asked``: the request's
    parameter that holds it. ``lists``: listing operation to the list in its answer. ``key``: the member that holds the
    identity in a listed resource; None where the list holds the identities themselves. ``missing``: the error code for
    asking for one that does not exist; None where AWS answers an empty list. ``parameters``: the parameters, or
    ``Operation.Parameter``, that ask for one; None where its identities are unique and any parameter will do.
    """

    service: str
    create: frozenset[str]
    lists: dict[str, str]
    key: str | None
    missing: str | None
    answered: re.Pattern[bytes] | None = None
    asked: str | None = None
    parameters: frozenset[str] | None = None
    status: int = 400


def _ec2(prefix: str, create: str, listed: str, key: str, missing: str, **more: str) -> Kind:
    return Kind(
        "ec2",
        frozenset(create.split()),
        {f"Describe{listed}": listed, **more},
        key,
        missing,
        answered=re.compile(rb"\b(%s-[0-9a-f]{8,17})\b" % prefix.encode()),
    )


def _named(
    service: str,
    create: str,
    asked: str,
    lists: str,
    key: str | None,
    missing: str | None,
    parameters: str,
    status: int,
) -> Kind:
    operation, _, listed = lists.partition(".")
    known = frozenset(parameters.split())
    return Kind(service, frozenset([create]), {operation: listed}, key, missing, None, asked, known, status)


def _by_arn(thing: str, listed: str, names: bool) -> Kind:
    found = re.compile(rb"<%sArn>([^<]+)</%sArn>" % (thing.encode(), thing.encode()))
    parameters = frozenset({f"{thing}Arn", f"{thing}Arns", f"Describe{listed}.Names"})
    return Kind(
        "elbv2",
        frozenset({f"Create{thing}"}),
        {f"Describe{listed}": listed},
        f"{thing}Arn",
        f"{thing}NotFound",
        answered=found,
        asked="Name" if names else None,
        parameters=parameters,
    )


_EC2 = (
    _ec2("vpc", "CreateVpc", "Vpcs", "VpcId", "InvalidVpcID.NotFound"),
    _ec2("subnet", "CreateSubnet", "Subnets", "SubnetId", "InvalidSubnetID.NotFound"),
    _ec2("igw", "CreateInternetGateway", "InternetGateways", "InternetGatewayId", "InvalidInternetGatewayID.NotFound"),
    _ec2("rtb", "CreateRouteTable", "RouteTables", "RouteTableId", "InvalidRouteTableID.NotFound"),
    _ec2("acl", "CreateNetworkAcl", "NetworkAcls", "NetworkAclId", "InvalidNetworkAclID.NotFound"),
    _ec2("dopt", "CreateDhcpOptions", "DhcpOptions", "DhcpOptionsId", "InvalidDhcpOptionsID.NotFound"),
    _ec2("sg", "CreateSecurityGroup", "SecurityGroups", "GroupId", "InvalidGroup.NotFound"),
    _ec2(
        "sgr",
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress",
        "SecurityGroupRules",
        "SecurityGroupRuleId",
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    _ec2("eipalloc", "AllocateAddress", "Addresses", "AllocationId", "InvalidAllocationID.NotFound"),
    _ec2("nat", "CreateNatGateway", "NatGateways", "NatGatewayId", "NatGatewayNotFound"),
    _ec2("vpce", "CreateVpcEndpoint", "VpcEndpoints", "VpcEndpointId", "InvalidVpcEndpointId.NotFound"),
    _ec2(
        "eni",
        "CreateNetworkInterface CreateNatGateway RunInstances",
        "NetworkInterfaces",
        "NetworkInterfaceId",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    _ec2(
        "i",
        "RunInstances",
        "Instances",
        "InstanceId",
        "InvalidInstanceID.NotFound",
        DescribeInstanceStatus="InstanceStatuses",
    ),
    _ec2("vol", "CreateVolume RunInstances", "Volumes", "VolumeId", "InvalidVolume.NotFound"),
    _ec2("snap", "CreateSnapshot", "Snapshots", "SnapshotId", "InvalidSnapshot.NotFound"),
    _ec2("ami", "CreateImage RegisterImage CopyImage", "Images", "ImageId", "InvalidAMIID.NotFound"),
    _ec2("fl", "CreateFlowLogs", "FlowLogs", "FlowLogId", "InvalidFlowLogId.NotFound"),
    _ec2("lt", "CreateLaunchTemplate", "LaunchTemplates", "LaunchTemplateId", "InvalidLaunchTemplateId.NotFound"),
    _ec2("key", "CreateKeyPair ImportKeyPair", "KeyPairs", "KeyPairId", "InvalidKeyPair.NotFound"),
    _ec2(
        "pcx",
        "CreateVpcPeeringConnection",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "InvalidVpcPeeringConnectionID.NotFound",
    ),
)
_OTHERS = (
    _by_arn("LoadBalancer", "LoadBalancers", names=True),
    _by_arn("TargetGroup", "TargetGroups", names=True),
    _by_arn("Listener", "Listeners", names=False),
    _by_arn("Rule", "Rules", names=False),
    _named("iam", "CreateRole", "RoleName", "ListRoles.Roles", "RoleName", "NoSuchEntity", "RoleName", 404),
    _named(
        "iam",
        "CreateInstanceProfile",
        "InstanceProfileName",
        "ListInstanceProfiles.InstanceProfiles",
        "InstanceProfileName",
        "NoSuchEntity",
        "InstanceProfileName",
        404,
    ),
    _named(
        "autoscaling",
        "CreateAutoScalingGroup",
        "AutoScalingGroupName",
        "DescribeAutoScalingGroups.AutoScalingGroups",
        "AutoScalingGroupName",
        None,
        "",
        400,
    ),
    _named(
        "rds",
        "CreateDBInstance",
        "DBInstanceIdentifier",
        "DescribeDBInstances.DBInstances",
        "DBInstanceIdentifier",
        "DBInstanceNotFound",
        "DBInstanceIdentifier",
        404,
    ),
    _named(
        "rds",
        "CreateDBCluster",
        "DBClusterIdentifier",
        "DescribeDBClusters.DBClusters",
        "DBClusterIdentifier",
        "DBClusterNotFoundFault",
        "DBClusterIdentifier",
        404,
    ),
    _named(
        "rds",
        "CreateDBSubnetGroup",
        "DBSubnetGroupName",
        "DescribeDBSubnetGroups.DBSubnetGroups",
        "DBSubnetGroupName",
        "DBSubnetGroupNotFoundFault",
        "DBSubnetGroupName",
        404,
    ),
    _named(
        "rds",
        "CreateDBParameterGroup",
        "DBParameterGroupName",
        "DescribeDBParameterGroups.DBParameterGroups",
        "DBParameterGroupName",
        "DBParameterGroupNotFound",
        "DBParameterGroupName",
        404,
    ),
    _named(
        "elasticache",
        "CreateReplicationGroup",
        "ReplicationGroupId",
        "DescribeReplicationGroups.ReplicationGroups",
        "ReplicationGroupId",
        "ReplicationGroupNotFoundFault",
        "ReplicationGroupId",
        404,
    ),
    _named(
        "secretsmanager",
        "CreateSecret",
        "Name",
        "ListSecrets.SecretList",
        "Name",
        "ResourceNotFoundException",
        "SecretId",
        400,
    ),
    _named(
        "logs",
        "CreateLogGroup",
        "logGroupName",
        "DescribeLogGroups.logGroups",
        "logGroupName",
        "ResourceNotFoundException",
        "logGroupName",
        400,
    ),
    _named(
        "dynamodb",
        "CreateTable",
        "TableName",
        "ListTables.TableNames",
        None,
        "ResourceNotFoundException",
        "TableName",
        400,
    ),
    _named(
        "ecr",
        "CreateRepository",
        "repositoryName",
        "DescribeRepositories.repositories",
        "repositoryName",
        "RepositoryNotFoundException",
        "repositoryName repositoryNames",
        400,
    ),
    _named("kms", "CreateAlias", "AliasName", "ListAliases.Aliases", "AliasName", "NotFoundException", "KeyId", 400),
    _named("s3", "CreateBucket", "bucket", "ListBuckets.Buckets", "Name", "NoSuchBucket", "bucket", 404),
    Kind(
        "route53",
        frozenset({"CreateHostedZone"}),
        {"ListHostedZones": "HostedZones", "ListHostedZonesByName": "HostedZones"},
        "Id",
        "NoSuchHostedZone",
        answered=re.compile(rb"<Id>(/hostedzone/[A-Z0-9]+)</Id>"),
        status=404,
    ),
)
KINDS: dict[str, list[Kind]] = {}
for _kind in _EC2 + _OTHERS:
    KINDS.setdefault(_kind.service, []).append(_kind)
