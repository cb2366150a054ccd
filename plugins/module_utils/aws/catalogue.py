# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds and constructs. Imported by name, since a module carries only what is imported statically."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils.aws.acm import AcmCertificate
from ansible_collections.slipway.platform.plugins.module_utils.aws.checks import check
from ansible_collections.slipway.platform.plugins.module_utils.aws.compute import EbsVolume, Instance, KeyPair
from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.database import Database
from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.hosts import Hosts
from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.network import Network
from ansible_collections.slipway.platform.plugins.module_utils.aws.elb import LoadBalancer, TargetGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.endpoint import VpcEndpoint
from ansible_collections.slipway.platform.plugins.module_utils.aws.firewall import SecurityGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.flow_log import FlowLog
from ansible_collections.slipway.platform.plugins.module_utils.aws.iam import IamRole
from ansible_collections.slipway.platform.plugins.module_utils.aws.listener import Listener, ListenerRule
from ansible_collections.slipway.platform.plugins.module_utils.aws.logs import LogGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.network import InternetGateway, Subnet, Vpc
from ansible_collections.slipway.platform.plugins.module_utils.aws.network_acl import NetworkAcl
from ansible_collections.slipway.platform.plugins.module_utils.aws.rds import DbInstance, DbSubnetGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.route53 import DnsRecord, HostedZone
from ansible_collections.slipway.platform.plugins.module_utils.aws.routing import ElasticIp, NatGateway, RouteTable
from ansible_collections.slipway.platform.plugins.module_utils.aws.s3 import S3Bucket
from ansible_collections.slipway.platform.plugins.module_utils.aws.scaling import AutoScalingGroup, LaunchTemplate
from ansible_collections.slipway.platform.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Construct
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Catalogue
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Kind

KINDS: tuple[Kind, ...] = (
    Vpc(),
    Subnet(),
    InternetGateway(),
    ElasticIp(),
    NatGateway(),
    RouteTable(),
    VpcEndpoint(),
    SecurityGroup(),
    NetworkAcl(),
    FlowLog(),
    KeyPair(),
    IamRole(),
    Instance(),
    LaunchTemplate(),
    AutoScalingGroup(),
    EbsVolume(),
    S3Bucket(),
    Secret(),
    LogGroup(),
    AcmCertificate(),
    LoadBalancer(),
    TargetGroup(),
    Listener(),
    ListenerRule(),
    DbSubnetGroup(),
    DbInstance(),
    HostedZone(),
    DnsRecord(),
)
"""A kind that is read with its parent comes after it."""
CONSTRUCTS: tuple[Construct, ...] = (Network(), Hosts(), Database())

CATALOGUE = Catalogue(
    kinds={kind.name: kind for kind in KINDS},
    constructs={construct.name: construct for construct in CONSTRUCTS},
    check=check,
)
