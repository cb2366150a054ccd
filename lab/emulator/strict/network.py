# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs, subnets, security groups, internet gateways: not deleted while something depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.security_groups import SecurityGroups

from lab.emulator.strict import cured, refuse

_DEPENDENCY = "DependencyViolation"


@cured(SubnetBackend, "delete_subnet")
def delete_subnet(original: Any, backend: Any, subnet_id: str) -> Any:
    """Not with an interface in it. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html"""
    if any(interface.subnet.id == subnet_id for interface in backend.enis.values()):
        refuse(_DEPENDENCY, f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    for table in backend.route_tables.values():
        table._associations = {key: target for key, target in table._associations.items() if target != subnet_id}
    for acl in backend.network_acls.values():
        acl._associations = {key: each for key, each in acl._associations.items() if each.subnet_id != subnet_id}
    return original(subnet_id)


@cured(SecurityGroupBackend, "delete_security_group")
def delete_group(original: Any, backend: Any, name: str | None = None, group_id: str | None = None) -> Any:
    """Not while an interface or another group's rule uses it. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    used = any(group.id == group_id for interface in backend.enis.values() for group in interface.group_set)
    others = [group for groups in backend.groups.values() for group in groups.values() if group.id != group_id]
    rules = [rule for group in others for rule in (*group.ingress_rules, *group.egress_rules)]
    if used or any((rule.source_group or {}).get("GroupId") == group_id for rule in rules):
        refuse(_DEPENDENCY, f"resource {group_id} has a dependent object")
    return original(name, group_id)


@cured(SecurityGroups, "delete_security_group")
def delete_group_by_api(original: Any, response: Any) -> Any:
    """Never the default group. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    group = response.ec2_backend.get_security_group_from_id(response._get_param("GroupId"))
    if group and group.name == "default":
        refuse("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    return original()


@cured(VPCBackend, "delete_vpc")
def delete_vpc(original: Any, backend: Any, vpc_id: str) -> Any:
    """Only an empty one. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html"""
    backend.get_vpc(vpc_id)
    if any(_contents(backend, vpc_id)):
        refuse(_DEPENDENCY, f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    vpc = original(vpc_id)
    for acl in [acl for acl in backend.network_acls.values() if acl.vpc_id == vpc_id]:
        backend.network_acls.pop(acl.id)  # the default one goes with its VPC
    return vpc


def _contents(backend: Any, vpc_id: str) -> Iterator[bool]:
    """Whether each thing of the kinds that moto does not look at is in the VPC."""
    yield from (bool(igw.vpc) and igw.vpc.id == vpc_id for igw in backend.internet_gateways.values())
    yield from (group.name != "default" for group in backend.groups.get(vpc_id, {}).values())
    yield from (endpoint.vpc_id == vpc_id for endpoint in backend.vpc_end_points.values())
    yield from (acl.vpc_id == vpc_id and not acl.default for acl in backend.network_acls.values())


@cured(InternetGatewayBackend, "detach_internet_gateway")
def detach(original: Any, backend: Any, internet_gateway_id: str, vpc_id: str) -> Any:
    """Not with mapped public addresses. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html"""
    if any(interface.public_ip and interface.vpc_id == vpc_id for interface in backend.enis.values()):
        unmap = "Please unmap those public address(es) before detaching the gateway."
        refuse(_DEPENDENCY, f"Network {vpc_id} has some mapped public address(es). {unmap}")
    return original(internet_gateway_id, vpc_id)


@cured(InternetGatewayBackend, "attach_internet_gateway")
def attach(original: Any, backend: Any, internet_gateway_id: str, vpc_id: str) -> Any:
    """One a VPC. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachInternetGateway.html"""
    if any(igw.vpc and igw.vpc.id == vpc_id for igw in backend.internet_gateways.values()):
        refuse("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached")
    return original(internet_gateway_id, vpc_id)
