# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of EC2: read directly, and known to the tagging API for every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses.customer_gateways import CustomerGateways
from moto.ec2.responses.egress_only_internet_gateways import EgressOnlyInternetGateway
from moto.ec2.responses.transit_gateway_attachments import TransitGatewayAttachment
from moto.ec2.responses.vpc_peering_connections import VPCPeeringConnections
from moto.ec2.responses.vpcs import VPCs
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, generic_filter, get_prefix

from lab.emulator.strict import cured

# Types that moto's tagging API leaves out, by the prefix of their ids.
# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
_LEFT_OUT = {
    "acl": "network-acl",
    "dopt": "dhcp-options",
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "key": "key-pair",
    "lt": "launch-template",
    "sgr": "security-group-rule",
    "vpce": "vpc-endpoint",
}

# The types as DescribeTags names them; moto has names of its own.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagDescription.html
EC2_PREFIX_TO_RESOURCE.update({"nat": "natgateway", "eipalloc": "elastic-ip", "fl": "vpc-flow-log"})


@cured(TaggedEC2Resource, "get_tags")
def get_tags(_: Any, resource: Any) -> list[dict[str, str]]:
    """The tags of one resource; moto looks through all of them. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html"""
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "") if resource.id else ""
    tags = resource.ec2_backend.tags.get(resource.id, {})
    return [{"resource_id": resource.id, "key": k, "value": v, "resource_type": kind} for k, v in tags.items()]


@cured(EC2Backend, "iter_tagged_resources")
def iter_tagged_resources(original: Any, backend: Any) -> Iterator[TaggedResource]:
    """Every kind. https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""
    yield from (resource for resource in original() if resource.resource_type != "ec2:flow-logs")
    for identity, tags in backend.tags.items():
        kind = _LEFT_OUT.get(get_prefix(identity))
        if kind and tags:
            arn = f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}:{kind}/{identity}"
            yield TaggedResource(arn=arn, tags=dict(tags), resource_type=f"ec2:{kind}")


def _filtered(response: type, method: str, listed: str) -> None:
    @cured(response, method)
    def with_tags(original: Any, response: Any) -> Any:
        """Tags filter. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html"""
        answer = original()
        filters = response._filters_from_querystring()
        tags = {name: values for name, values in filters.items() if name.startswith("tag")}
        answer.result[listed] = generic_filter(tags, answer.result[listed])
        return answer


_filtered(CustomerGateways, "describe_customer_gateways", "CustomerGateways")
_filtered(EgressOnlyInternetGateway, "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways")
_filtered(TransitGatewayAttachment, "describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments")
_filtered(VPCPeeringConnections, "describe_vpc_peering_connections", "VpcPeeringConnections")
_filtered(VPCs, "describe_managed_prefix_lists", "PrefixLists")
