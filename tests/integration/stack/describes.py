# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that an account holds, seen through AWS's own describe calls, ours or not."""

from __future__ import annotations

import json

from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Reader

READS = [
    ("ec2", "DescribeVpcs", "Vpcs"),
    ("ec2", "DescribeSubnets", "Subnets"),
    ("ec2", "DescribeRouteTables", "RouteTables"),
    ("ec2", "DescribeSecurityGroups", "SecurityGroups"),
    ("ec2", "DescribeNetworkAcls", "NetworkAcls"),
    ("ec2", "DescribeInternetGateways", "InternetGateways"),
    ("ec2", "DescribeNatGateways", "NatGateways[?State!='deleted']"),
    ("ec2", "DescribeAddresses", "Addresses"),
    ("ec2", "DescribeVpcEndpoints", "VpcEndpoints[?State!='deleted']"),
    ("ec2", "DescribeFlowLogs", "FlowLogs"),
    ("ec2", "DescribeInstances", "Reservations[].Instances[] | [?State.Name!='terminated']"),
    ("ec2", "DescribeVolumes", "Volumes"),
    ("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces"),
    ("ec2", "DescribeKeyPairs", "KeyPairs"),
    ("ec2", "DescribeLaunchTemplates", "LaunchTemplates"),
    ("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups"),
    ("elbv2", "DescribeLoadBalancers", "LoadBalancers"),
    ("elbv2", "DescribeTargetGroups", "TargetGroups"),
    ("iam", "ListRoles", "Roles"),
    ("iam", "ListInstanceProfiles", "InstanceProfiles"),
    ("s3", "ListBuckets", "Buckets"),
    ("logs", "DescribeLogGroups", "logGroups"),
    ("secretsmanager", "ListSecrets", "SecretList"),
    ("rds", "DescribeDBInstances", "DBInstances"),
    ("rds", "DescribeDBSubnetGroups", "DBSubnetGroups"),
    ("route53", "ListHostedZones", "HostedZones"),
]
"""Service, operation, and what of its answer stands: AWS shows for a while what is gone."""


def describe_everything(reader: Reader) -> dict[str, list[str]]:
    """Operation → the resources it shows, each as one line of JSON, sorted."""

    def describe(read: tuple[str, str, str]) -> list[str]:
        return sorted(json.dumps(found, sort_keys=True, default=str) for found in reader.pages(*read))

    return dict(zip([operation for _, operation, _ in READS], reader.each(describe, READS), strict=True))
