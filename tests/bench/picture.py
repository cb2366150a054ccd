# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network is like, read from the account: by it the networks of different makers are compared."""

from __future__ import annotations

from typing import Any

import botocore.session

from lab.emulator.process import Emulator
from tests.bench import network

GONE = ("deleting", "deleted")
Picture = dict[str, Any]
"""Kind → what there is of it, in an order of its own and free of ids."""


def picture(emulator: Emulator) -> Picture:
    """The network in the account of an emulator; all empty when there is none."""
    read = _Reader(emulator)
    groups = {row["GroupId"]: row["GroupName"] for row in read("describe_security_groups", "SecurityGroups")}
    subnets = {row["SubnetId"]: row["CidrBlock"] for row in read("describe_subnets", "Subnets")}
    return {
        "vpc": [row["CidrBlock"] for row in read("describe_vpcs", "Vpcs")],
        "subnet": sorted((row["CidrBlock"], row["AvailabilityZone"]) for row in read("describe_subnets", "Subnets")),
        "internet_gateway": [len(row["Attachments"]) for row in read("describe_internet_gateways", "InternetGateways")],
        "elastic_ip": [row["Domain"] for row in read("describe_addresses", "Addresses")],
        "nat_gateway": sorted(subnets[row["SubnetId"]] for row in read("describe_nat_gateways", "NatGateways")),
        "route_table": sorted(_table(row, subnets) for row in read("describe_route_tables", "RouteTables")),
        "network_acl": sorted(_acl(row, subnets) for row in read("describe_network_acls", "NetworkAcls")),
        "security_group": sorted(_group(row, groups) for row in read("describe_security_groups", "SecurityGroups")),
        "vpc_endpoint": sorted(
            _endpoint(row, subnets, groups) for row in read("describe_vpc_endpoints", "VpcEndpoints")
        ),
        "flow_log": [row["TrafficType"] for row in read("describe_flow_logs", "FlowLogs")],
        "log_group": read.log_groups(),
        "iam_role": read.roles(),
    }


class _Reader:
    """The rows that belong to the network; each must have the house's tags."""

    def __init__(self, emulator: Emulator) -> None:
        key, secret = emulator.options.credentials
        session = botocore.session.get_session()
        self.ec2, self.iam, self.logs = (
            session.create_client(
                service,
                network.REGION,
                endpoint_url=emulator.endpoint,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
            )
            for service in ("ec2", "iam", "logs")
        )

    def __call__(self, operation: str, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = getattr(self.ec2, operation)()[path]
        named = [row for row in rows if _name(row).startswith(f"{network.STACK}-") and row.get("State") not in GONE]
        for row in named:
            tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
            assert all(tags.get(key) for key in network.TAGS), f"{_name(row)} lacks tags: {tags}"
        return named

    def log_groups(self) -> list[tuple[Any, ...]]:
        groups = self.logs.describe_log_groups()["logGroups"]
        return [(group["logGroupName"], group.get("retentionInDays")) for group in groups]

    def roles(self) -> list[tuple[Any, ...]]:
        names = [role["RoleName"] for role in self.iam.list_roles()["Roles"]]
        return [(name, self.iam.list_role_policies(RoleName=name)["PolicyNames"]) for name in names]


def _name(row: dict[str, Any]) -> str:
    return next((str(tag["Value"]) for tag in row.get("Tags", []) if tag["Key"] == "Name"), "")


def _table(row: dict[str, Any], subnets: dict[str, str]) -> tuple[Any, ...]:
    targets = {key for route in row["Routes"] for key in ("NatGatewayId", "GatewayId") if key in route}
    ranges = sorted(route.get("DestinationCidrBlock", "") for route in row["Routes"])
    associated = sorted(subnets[item["SubnetId"]] for item in row["Associations"] if "SubnetId" in item)
    return _name(row), sorted(targets), ranges, associated


def _acl(row: dict[str, Any], subnets: dict[str, str]) -> tuple[Any, ...]:
    entries = sorted(
        (entry["Egress"], entry["RuleNumber"], entry["Protocol"], entry["CidrBlock"], str(entry.get("PortRange")))
        for entry in row["Entries"]
    )
    return _name(row), entries, sorted(subnets[item["SubnetId"]] for item in row["Associations"])


def _group(row: dict[str, Any], names: dict[str, str]) -> tuple[Any, ...]:
    return _name(row), _rules(row["IpPermissions"], names), _rules(row["IpPermissionsEgress"], names)


def _rules(permissions: list[dict[str, Any]], names: dict[str, str]) -> list[tuple[Any, ...]]:
    return sorted(
        (item["IpProtocol"], str(item.get("FromPort")), str(item.get("ToPort")), source)
        for item in permissions
        for source in [
            *(one["CidrIp"] for one in item.get("IpRanges", [])),
            *(names[one["GroupId"]] for one in item.get("UserIdGroupPairs", [])),
        ]
    )


def _endpoint(row: dict[str, Any], subnets: dict[str, str], names: dict[str, str]) -> tuple[Any, ...]:
    return (
        row["ServiceName"],
        row["VpcEndpointType"],
        len(row.get("RouteTableIds", [])),
        sorted(subnets[subnet] for subnet in row.get("SubnetIds", [])),
        sorted(names[group["GroupId"]] for group in row.get("Groups", [])),
    )
