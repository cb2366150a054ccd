# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route tables and network ACLs: what the network follows is what exists."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.network_acls import NetworkAclBackend
from moto.ec2.models.route_tables import Route, RouteBackend
from moto.ec2.responses.network_acls import NetworkACLs
from moto.ec2.responses.route_tables import RouteTables

from lab.emulator.strict import cured, refuse, shown


@shown(Route, "state")
def state(_: Any, route: Any) -> str:
    """A route to what is gone leads nowhere. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html"""
    lost = (
        route.nat_gateway and route.nat_gateway.state in ("deleted", "failed"),
        route.gateway and route.gateway.id.startswith("igw-") and not route.gateway.vpc,
        route.interface and route.interface.id not in route.interface.ec2_backend.enis,
        route.instance and route.instance.state == "terminated",
    )
    return "blackhole" if any(lost) else "active"


def _checked(method: str) -> None:
    @cured(RouteTables, method)
    def check_nat(original: Any, response: Any) -> Any:
        """Only to a NAT gateway that exists. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html"""
        identity = response._get_param("NatGatewayId")
        gateway = response.ec2_backend.nat_gateways.get(identity)
        if identity and (gateway is None or gateway.state in ("deleting", "deleted")):
            refuse("InvalidNatGatewayID.NotFound", f"The natGateway ID '{identity}' does not exist")
        return original()


_checked("create_route")
_checked("replace_route")


@cured(RouteBackend, "associate_route_table")
def associate(
    original: Any, backend: Any, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
) -> Any:
    """A subnet has one table. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html"""
    others = [table for table in backend.route_tables.values() if table.id != route_table_id]
    if subnet_id and any(subnet_id in table._associations.values() for table in others):
        refuse("Resource.AlreadyAssociated", f"The specified association for route table {route_table_id} conflicts")
    return original(route_table_id, gateway_id, subnet_id)


@cured(RouteTables, "delete_route_table")
def delete_table(original: Any, response: Any) -> Any:
    """Not the main one. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRouteTable.html"""
    table = response.ec2_backend.get_route_table(response._get_param("RouteTableId"))
    if table.main_association_id:
        refuse("DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted.")
    return original()


@cured(NetworkAclBackend, "delete_network_acl")
def delete_acl(original: Any, backend: Any, network_acl_id: str) -> Any:
    """Not the default one. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAcl.html"""
    acl = backend.network_acls.get(network_acl_id)
    if acl and acl.default:
        refuse("InvalidParameterValue", "Cannot delete default network ACL")
    return original(network_acl_id)


def _with_icmp(method: str) -> None:
    @cured(NetworkACLs, method)
    def keep_icmp(original: Any, response: Any) -> Any:
        """ICMP's type and code. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IcmpTypeCode.html"""
        answer = original()
        number, egress = response._get_param("RuleNumber"), response._get_param("Egress")
        for entry in response.ec2_backend.get_network_acl(response._get_param("NetworkAclId")).network_acl_entries:
            if (entry.rule_number, entry.egress) == (number, egress):
                entry.icmp_type = response._get_param("IcmpTypeCode.Type")
                entry.icmp_code = response._get_param("IcmpTypeCode.Code")
        return answer


_with_icmp("create_network_acl_entry")
_with_icmp("replace_network_acl_entry")
