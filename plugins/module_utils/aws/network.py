# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network: VPC, subnet, internet gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Reader,
    Step,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    boolean,
    cidr,
    reference,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own

LINGERING = {"DependencyViolation": 900}
"""Interfaces and public addresses of load balancers, NAT gateways and endpoints just deleted are held for minutes."""


class Vpc(Ec2Kind):
    name = "vpc"
    doc = "A virtual private cloud."
    listing = ("DescribeVpcs", "Vpcs")
    id_key = "VpcId"
    tag_type = "vpc"
    down = "everything inside it"
    usable_early = True
    fields = {
        "cidr": cidr("IPv4 range, /16 to /28.", required=True, change=Change.REPLACE),
        "dns_support": boolean("Answer DNS queries at the second address of the range.", default=True, late=True),
        "dns_hostnames": boolean(
            "Give instances DNS names; private zones and interface endpoints need it.", default=True, late=True
        ),
    }
    attributes = {"id": "VpcId", "cidr": "its IPv4 range"}
    calls = {
        "read": ("DescribeVpcs", "DescribeVpcAttribute"),
        "write": ("CreateVpc", "ModifyVpcAttribute", "DeleteVpc", "CreateTags", "DeleteTags"),
    }
    switches = {"dns_support": "EnableDnsSupport", "dns_hostnames": "EnableDnsHostnames"}

    def rows(self, reader: Reader) -> list[dict[str, Any]]:
        def switch(of: tuple[dict[str, Any], str]) -> None:
            row, attribute = of
            params = {"VpcId": row["VpcId"], "Attribute": attribute[0].lower() + attribute[1:]}
            row[attribute] = (reader.call("ec2", "DescribeVpcAttribute", params) or {})[attribute]["Value"]

        rows = super().rows(reader)
        reader.each(switch, [(row, attribute) for row in rows for attribute in self.switches.values()])
        return rows

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"cidr": row["CidrBlock"]} | {field: row[name] for field, name in self.switches.items()}

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": row["VpcId"], "cidr": row["CidrBlock"]}

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "CreateVpc",
            {"CidrBlock": want["cidr"], **self.tagged(want)},
            gives={"id": "Vpc.VpcId", "cidr": "Vpc.CidrBlock"},
        )
        yield Wait("ec2", "DescribeVpcs", {"VpcIds": [Own()]}, "Vpcs[0].State", until=("available",))

    def complete(self, want: Want) -> Iterator[Step]:
        # A new VPC answers DNS but gives no host names.
        if not want["dns_support"]:
            yield self._switch(Own(), want, "dns_support")
        if want["dns_hostnames"]:
            yield self._switch(Own(), want, "dns_hostnames")

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        for field in sorted(changed):
            yield self._switch(have.id, want, field)

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("ec2", "DeleteVpc", {"VpcId": have.id}, done=("InvalidVpcID.NotFound",), patience=LINGERING)

    def _switch(self, vpc: Any, want: Want, field: str) -> Call:
        return Call("ec2", "ModifyVpcAttribute", {"VpcId": vpc, self.switches[field]: {"Value": want[field]}})


class Subnet(Ec2Kind):
    name = "subnet"
    doc = "A range of addresses of a VPC in one availability zone."
    listing = ("DescribeSubnets", "Subnets")
    id_key = "SubnetId"
    tag_type = "subnet"
    down = "everything that stands in it"
    fields = {
        "vpc": reference("vpc", "The VPC it belongs to.", required=True, change=Change.REPLACE),
        "cidr": cidr("IPv4 range inside the VPC's.", required=True, change=Change.REPLACE),
        "zone": string("Availability zone.", required=True, change=Change.REPLACE),
        "public_addresses": boolean("Give instances launched here a public address.", default=False),
    }
    attributes = {"id": "SubnetId", "cidr": "its IPv4 range", "zone": "its availability zone"}
    calls = {
        "read": ("DescribeSubnets",),
        "write": ("CreateSubnet", "ModifySubnetAttribute", "DeleteSubnet", "CreateTags", "DeleteTags"),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "vpc": row["VpcId"],
            "cidr": row["CidrBlock"],
            "zone": row["AvailabilityZone"],
            "public_addresses": row["MapPublicIpOnLaunch"],
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": row["SubnetId"], "cidr": row["CidrBlock"], "zone": row["AvailabilityZone"]}

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "CreateSubnet",
            {"VpcId": want["vpc"], "CidrBlock": want["cidr"], "AvailabilityZone": want["zone"], **self.tagged(want)},
            gives={"id": "Subnet.SubnetId", "cidr": "Subnet.CidrBlock", "zone": "Subnet.AvailabilityZone"},
        )
        if want["public_addresses"]:
            yield self._public_addresses(Own(), want)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        yield self._public_addresses(have.id, want)

    def delete(self, have: Have) -> Iterator[Step]:
        gone = ("InvalidSubnetID.NotFound",)
        yield Call("ec2", "DeleteSubnet", {"SubnetId": have.id}, done=gone, patience=LINGERING)

    def _public_addresses(self, subnet: Any, want: Want) -> Call:
        params = {"SubnetId": subnet, "MapPublicIpOnLaunch": {"Value": want["public_addresses"]}}
        return Call("ec2", "ModifySubnetAttribute", params)


class InternetGateway(Ec2Kind):
    name = "internet_gateway"
    doc = "A VPC's way to and from the internet."
    listing = ("DescribeInternetGateways", "InternetGateways")
    id_key = "InternetGatewayId"
    tag_type = "internet-gateway"
    resource_type = "igw"
    down = "every public address of the VPC"
    # An address is associated only in a VPC with an internet gateway, which cannot be detached before it is let go.
    outlives = ("elastic_ip",)
    fields = {"vpc": reference("vpc", "The VPC it is attached to.", required=True, change=Change.REPLACE)}
    calls = {
        "read": ("DescribeInternetGateways",),
        "write": (
            "CreateInternetGateway",
            "AttachInternetGateway",
            "DetachInternetGateway",
            "DeleteInternetGateway",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"vpc": row["Attachments"][0]["VpcId"] if row["Attachments"] else None}

    def create(self, want: Want) -> Iterator[Step]:
        yield Call("ec2", "CreateInternetGateway", self.tagged(want), gives={"id": "InternetGateway.InternetGatewayId"})
        yield Call("ec2", "AttachInternetGateway", {"InternetGatewayId": Own(), "VpcId": want["vpc"]})

    def delete(self, have: Have) -> Iterator[Step]:
        if have.fields["vpc"]:
            params = {"InternetGatewayId": have.id, "VpcId": have.fields["vpc"]}
            detached = ("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound")
            yield Call("ec2", "DetachInternetGateway", params, done=detached, patience=LINGERING)
        gone = ("InvalidInternetGatewayID.NotFound",)
        yield Call("ec2", "DeleteInternetGateway", {"InternetGatewayId": have.id}, done=gone)
