# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways out of the network: elastic IP, NAT gateway, route table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Step, Wait, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    cidr,
    record,
    reference,
    set_of,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own


class ElasticIp(Ec2Kind):
    name = "elastic_ip"
    doc = "A public IPv4 address that stays the same, for an instance or a NAT gateway."
    listing = ("DescribeAddresses", "Addresses")
    id_key = "AllocationId"
    tag_type = "elastic-ip"
    resource_type = "eip"
    down = "the reachability at its address, which is a new one afterwards"
    fields = {"instance": reference("instance", "The instance that it leads to.", late=True)}
    attributes = {"id": "AllocationId", "public_ip": "the address"}
    calls = {
        "read": ("DescribeAddresses",),
        "write": (
            "AllocateAddress",
            "AssociateAddress",
            "DisassociateAddress",
            "ReleaseAddress",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"instance": row.get("InstanceId") or None}

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """``association`` beside the declared ones, while there is one: what a disassociation names."""
        association = {"association": row["AssociationId"]} if row.get("AssociationId") else {}
        return {"id": row["AllocationId"], "public_ip": row["PublicIp"], **association}

    def create(self, want: Want) -> Iterator[Step]:
        gives = {"id": "AllocationId", "public_ip": "PublicIp"}
        yield Call("ec2", "AllocateAddress", {"Domain": "vpc", **self.tagged(want)}, gives=gives)

    def complete(self, want: Want) -> Iterator[Step]:
        if want.get("instance") is not None:
            yield self._associate(Own(), want)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        yield self._associate(have.id, want)

    def delete(self, have: Have) -> Iterator[Step]:
        if have.fields["instance"]:
            params = {"AssociationId": have.attributes["association"]}
            yield Call("ec2", "DisassociateAddress", params, done=("InvalidAssociationID.NotFound",))
        yield Call(
            "ec2",
            "ReleaseAddress",
            {"AllocationId": have.id},
            done=("InvalidAllocationID.NotFound",),
            patience={"InvalidIPAddress.InUse": 300},  # the interface of a NAT gateway just deleted lingers
        )

    def _associate(self, address: Any, want: Want) -> Call:
        params = {"AllocationId": address, "InstanceId": want["instance"], "AllowReassociation": True}
        # An instance is "not in a valid state for this operation" until it runs.
        pending = {"InvalidInstanceID": 300, "IncorrectInstanceState": 300}
        return Call("ec2", "AssociateAddress", params, patience=pending)


class NatGateway(Ec2Kind):
    name = "nat_gateway"
    doc = "The way of private subnets to the internet."
    listing = ("DescribeNatGateways", "NatGateways")
    filter_key = "Filter"
    id_key = "NatGatewayId"
    tag_type = "natgateway"
    resource_type = "nat"
    gone_states = ("deleted", "failed")
    leaving_states = ("deleting",)
    down = "the way to the internet of the subnets routed through it"
    after = ("internet_gateway",)
    fields = {
        "subnet": reference("subnet", "The public subnet that it stands in.", required=True, change=Change.REPLACE),
        "elastic_ip": reference("elastic_ip", "Its public address.", required=True, change=Change.REPLACE),
    }
    attributes = {"id": "NatGatewayId", "public_ip": "the address that its traffic comes from"}
    calls = {
        "read": ("DescribeNatGateways",),
        "write": ("CreateNatGateway", "DeleteNatGateway", "CreateTags", "DeleteTags"),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"subnet": row["SubnetId"], "elastic_ip": _address(row).get("AllocationId")}

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        public_ip = _address(row).get("PublicIp")
        return {"id": row["NatGatewayId"], **({"public_ip": public_ip} if public_ip else {})}

    def create(self, want: Want) -> Iterator[Step]:
        if want.leaving:
            yield self._successor(want)
        yield Call(
            "ec2",
            "CreateNatGateway",
            {"SubnetId": want["subnet"], "AllocationId": want["elastic_ip"], **self.tagged(want)},
            gives={"id": "NatGateway.NatGatewayId"},
            token="ClientToken",
        )
        yield Wait(
            "ec2",
            "DescribeNatGateways",
            {"NatGatewayIds": [Own()]},
            "NatGateways[0].State",
            until=("available",),
            fail=("failed", "deleting", "deleted"),
            gives={"public_ip": "NatGateways[0].NatGatewayAddresses[0].PublicIp"},
        )

    def _successor(self, want: Want) -> Wait:
        """Until its predecessor is gone, that still holds the address, and a new one would end up `failed` for it.

        https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
        """
        predecessor = [
            {"Name": f"tag:{STACK_TAG}", "Values": [want.scope.stack]},
            {"Name": f"tag:{NAME_TAG}", "Values": [want.name]},
            {"Name": "state", "Values": ["deleting"]},
        ]
        return Wait("ec2", "DescribeNatGateways", {"Filter": predecessor}, "NatGateways[0].NatGatewayId")

    def delete(self, have: Have) -> Iterator[Step]:
        gone = ("NatGatewayNotFound",)
        yield Call("ec2", "DeleteNatGateway", {"NatGatewayId": have.id}, done=gone)
        # Until then its interface holds the subnet and its address.
        params = {"NatGatewayIds": [have.id]}
        yield Wait("ec2", "DescribeNatGateways", params, "NatGateways[0].State", until=("deleted",), gone=gone)


def _address(row: Mapping[str, Any]) -> Mapping[str, Any]:
    addresses: list[Mapping[str, Any]] = row.get("NatGatewayAddresses") or [{}]
    return addresses[0]


TARGETS = {"internet_gateway": "GatewayId", "nat_gateway": "NatGatewayId", "instance": "InstanceId"}
"""What a route may lead to → its parameter, the same in requests and answers."""


class RouteTable(Ec2Kind):
    name = "route_table"
    doc = "The routes of some subnets of a VPC. The route to the VPC's own range is always there and not declared."
    listing = ("DescribeRouteTables", "RouteTables")
    id_key = "RouteTableId"
    tag_type = "route-table"
    resource_type = "rtb"
    down = "all connections of its subnets beyond the VPC"
    usable_early = True
    fields = {
        "vpc": reference("vpc", "The VPC that it belongs to.", required=True, change=Change.REPLACE),
        "routes": set_of(
            record(
                {
                    "destination": cidr("IPv4 range that the route is for.", required=True),
                    "internet_gateway": reference("internet_gateway", "Leads to this internet gateway.", holds=False),
                    "nat_gateway": reference("nat_gateway", "Leads to this NAT gateway.", holds=False),
                    "instance": reference("instance", "Leads to this instance.", holds=False),
                },
                "A route: a destination and one target.",
            ),
            "Its routes.",
            default=[],
            late=True,
        ),
        "subnets": set_of(reference("subnet", "A subnet."), "The subnets that it is for.", default=[]),
    }
    calls = {
        "read": ("DescribeRouteTables",),
        "write": (
            "CreateRouteTable",
            "CreateRoute",
            "ReplaceRoute",
            "DeleteRoute",
            "AssociateRouteTable",
            "DisassociateRouteTable",
            "DeleteRouteTable",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "vpc": row["VpcId"],
            "routes": [_observed_route(route) for route in row["Routes"] if _declarable(route)],
            "subnets": list(_associations(row)),
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """``associations`` (subnet id → association id) beside the declared ones: what a disassociation names."""
        return {"id": row["RouteTableId"], "associations": _associations(row)}

    def check(self, want: Want) -> Iterator[str]:
        seen = set()
        for index, route in enumerate(want["routes"]):
            if len(route.keys() & TARGETS.keys()) != 1:
                yield f"routes[{index}]: a route leads to exactly one of {', '.join(TARGETS)}"
            if route["destination"] in seen:
                yield f"routes[{index}]: there is already a route for {route['destination']}; keep one of them"
            seen.add(route["destination"])

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "CreateRouteTable",
            {"VpcId": want["vpc"], **self.tagged(want)},
            gives={"id": "RouteTable.RouteTableId"},
            token="ClientToken",
        )
        for subnet in want["subnets"]:
            yield self._associate(Own(), subnet)

    def complete(self, want: Want) -> Iterator[Step]:
        for route in want["routes"]:
            yield self._route("CreateRoute", Own(), route)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        if "routes" in changed:
            yield from self._update_routes(have, want)
        if "subnets" in changed:
            yield from self._move_subnets(have, want)

    def delete(self, have: Have) -> Iterator[Step]:
        for subnet in have.fields["subnets"]:
            yield self._disassociate(have, subnet)
        yield Call(
            "ec2",
            "DeleteRouteTable",
            {"RouteTableId": have.id},
            done=("InvalidRouteTableID.NotFound",),
            patience={"DependencyViolation": 600},
        )

    def _move_subnets(self, have: Have, want: Want) -> Iterator[Step]:
        for subnet in have.fields["subnets"]:
            if subnet not in want["subnets"]:
                yield self._disassociate(have, subnet)
        for subnet in want["subnets"]:
            if subnet not in have.fields["subnets"]:
                yield self._associate(have.id, subnet)

    def _update_routes(self, have: Have, want: Want) -> Iterator[Step]:
        before = {route["destination"]: route for route in have.fields["routes"]}
        after = {route["destination"]: route for route in want["routes"]}
        for destination, route in after.items():
            if destination not in before:
                yield self._route("CreateRoute", have.id, route)
            elif before[destination] != route:
                yield self._route("ReplaceRoute", have.id, route)
        for destination in before:
            if destination not in after:
                params = {"RouteTableId": have.id, "DestinationCidrBlock": destination}
                yield Call("ec2", "DeleteRoute", params, done=("InvalidRoute.NotFound",))

    def _route(self, operation: str, table: Any, route: Mapping[str, Any]) -> Call:
        target = {TARGETS[name]: value for name, value in route.items() if name in TARGETS}
        params = {"RouteTableId": table, "DestinationCidrBlock": route["destination"], **target}
        # A NAT gateway that a killed run left pending is not found before it is available.
        return Call("ec2", operation, params, patience={"InvalidNatGatewayID.NotFound": 300}, beside=True)

    def _associate(self, table: Any, subnet: Any) -> Call:
        params = {"RouteTableId": table, "SubnetId": subnet}
        # A subnet that moves from one table to another is let go by the other's own update.
        return Call("ec2", "AssociateRouteTable", params, patience={"Resource.AlreadyAssociated": 300}, beside=True)

    def _disassociate(self, have: Have, subnet: str) -> Call:
        params = {"AssociationId": have.attributes["associations"][subnet]}
        return Call("ec2", "DisassociateRouteTable", params, done=("InvalidAssociationID.NotFound",), beside=True)


def _declarable(route: Mapping[str, Any]) -> bool:
    """Not the VPC's own route, nor those that gateway endpoints (by prefix list) and VPN propagation keep."""
    return bool(route.get("DestinationCidrBlock")) and route.get("Origin", "CreateRoute") == "CreateRoute"


def _observed_route(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route in a document's terms; one that leads elsewhere (to a peering, say) has no target."""
    targets = {name: route[key] for name, key in TARGETS.items() if route.get(key)}
    return {"destination": route["DestinationCidrBlock"], **targets}


def _associations(row: Mapping[str, Any]) -> dict[str, str]:
    """Subnet id → association id. A table may also be a VPC's main one, or a gateway's: these have no subnet."""
    return {
        association["SubnetId"]: association["RouteTableAssociationId"]
        for association in row.get("Associations", [])
        if association.get("SubnetId")
        and association.get("AssociationState", {}).get("State", "associated") in ("associating", "associated")
    }
