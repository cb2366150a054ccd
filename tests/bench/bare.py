# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ideal: the network of network.py made, and taken down again, by boto3 alone.

It knows every dependency, does at once all that can be done at once, reads nothing to compare it with anything, keeps
no journal and takes no lease. Ids are handed from `create` to `destroy` in a file. Run as ``bare.py create FILE`` and
``bare.py destroy FILE``; each prints the seconds that it took after its imports.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.bench import network
from tests.bench.network import Document, ports, title

WORKERS = 32
POLL_SECONDS = 0.25
CIRCLE = ("nodes", "servers")
"""Security groups that refer to each other."""
Ids = dict[str, str]
"""``kind.name`` → id."""


class Bare:
    """The clients, the threads, and the ids of what is there."""

    def __init__(self, ids: Ids) -> None:
        config = Config(max_pool_connections=WORKERS)
        self.ec2, self.iam, self.logs = (
            boto3.client(service, network.REGION, config=config) for service in ("ec2", "iam", "logs")
        )
        self.pool = ThreadPoolExecutor(WORKERS)
        self.ids = ids

    def all(self, function: Callable[[Document], Any], documents: Iterable[Document]) -> list[Future[Any]]:
        """Start the function for each document."""
        return [self.pool.submit(function, document) for document in documents]

    def id(self, kind: str, name: str) -> str:
        return self.ids[f"{kind}.{name}"]

    def remember(self, document: Document, identity: str) -> str:
        self.ids[f"{document['type']}.{document['name']}"] = identity
        return identity

    # -- create

    def create(self) -> None:
        (vpc,) = network.of_kind("vpc")
        flow_logs = self.pool.submit(self.flow_log_parts)
        addresses = self.all(self.create_address, network.of_kind("elastic_ip"))
        gateway = self.all(self.create_internet_gateway, network.of_kind("internet_gateway"))
        answer = self.ec2.create_vpc(CidrBlock=vpc["cidr"], TagSpecifications=tags("vpc", vpc))
        self.remember(vpc, answer["Vpc"]["VpcId"])
        host_names = self.pool.submit(self.turn_on_host_names)
        attached = self.pool.submit(self.attach, gateway)
        groups = self.all(self.create_group, network.of_kind("security_group"))
        tables = self.all(self.create_table, network.of_kind("route_table"))
        subnets = self.all(self.create_subnet, network.of_kind("subnet"))
        done(subnets)
        done(addresses)
        done([attached, *tables])
        gateways = self.all(self.create_nat_gateway, network.of_kind("nat_gateway"))
        acls = self.all(self.create_acl, network.of_kind("network_acl"))
        done(groups)
        rules = self.all(self.add_rules, network.of_kind("security_group"))
        routes = self.all(self.connect_table, network.of_kind("route_table"))
        done([host_names])
        endpoints = self.all(self.create_endpoint, network.of_kind("vpc_endpoint"))
        done([flow_logs])
        flow_log = self.pool.submit(self.create_flow_log)
        done(endpoints)
        until(lambda: self.endpoint_states() == {"available"})
        done([*gateways, *acls, *rules, *routes, flow_log])

    def flow_log_parts(self) -> None:
        group, role = title("log_group", "flow"), title("iam_role", "flow-logs")
        self.logs.create_log_group(logGroupName=group, tags=network.TAGS)
        self.logs.put_retention_policy(logGroupName=group, retentionInDays=30)
        answer = self.iam.create_role(
            RoleName=role, AssumeRolePolicyDocument=json.dumps(network.TRUST_POLICY), Tags=pairs(network.TAGS)
        )
        self.iam.put_role_policy(RoleName=role, PolicyName="write", PolicyDocument=json.dumps(network.FLOW_LOG_POLICY))
        self.ids["iam_role.arn"] = answer["Role"]["Arn"]

    def create_flow_log(self) -> None:
        (flow_log,) = network.of_kind("flow_log")
        answer = self.ec2.create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[self.id("vpc", "main")],
            TrafficType="ALL",
            LogGroupName=title("log_group", "flow"),
            DeliverLogsPermissionArn=self.ids["iam_role.arn"],
            TagSpecifications=tags("vpc-flow-log", flow_log),
        )
        self.remember(flow_log, answer["FlowLogIds"][0])

    def create_address(self, address: Document) -> None:
        answer = self.ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", address))
        self.remember(address, answer["AllocationId"])

    def create_internet_gateway(self, gateway: Document) -> None:
        answer = self.ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway", gateway))
        self.remember(gateway, answer["InternetGateway"]["InternetGatewayId"])

    def attach(self, gateway: list[Future[Any]]) -> None:
        done(gateway)
        self.ec2.attach_internet_gateway(
            InternetGatewayId=self.id("internet_gateway", "main"), VpcId=self.id("vpc", "main")
        )

    def turn_on_host_names(self) -> None:
        self.ec2.modify_vpc_attribute(VpcId=self.id("vpc", "main"), EnableDnsHostnames={"Value": True})

    def create_subnet(self, subnet: Document) -> None:
        answer = self.ec2.create_subnet(
            VpcId=self.id("vpc", "main"),
            CidrBlock=subnet["cidr"],
            AvailabilityZone=subnet["zone"],
            TagSpecifications=tags("subnet", subnet),
        )
        self.remember(subnet, answer["Subnet"]["SubnetId"])

    def create_nat_gateway(self, gateway: Document) -> None:
        answer = self.ec2.create_nat_gateway(
            SubnetId=self.id("subnet", gateway["subnet"]),
            AllocationId=self.id("elastic_ip", gateway["elastic_ip"]),
            TagSpecifications=tags("natgateway", gateway),
        )
        identity = self.remember(gateway, answer["NatGateway"]["NatGatewayId"])
        self.wait_for_nat_gateway(identity, "available")
        table = self.id("route_table", f"app-{gateway['name']}")
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=network.ANYWHERE, NatGatewayId=identity)

    def wait_for_nat_gateway(self, identity: str, state: str) -> None:
        until(lambda: self.ec2.describe_nat_gateways(NatGatewayIds=[identity])["NatGateways"][0]["State"] == state)

    def create_table(self, table: Document) -> None:
        answer = self.ec2.create_route_table(VpcId=self.id("vpc", "main"), TagSpecifications=tags("route-table", table))
        self.remember(table, answer["RouteTable"]["RouteTableId"])

    def connect_table(self, table: Document) -> None:
        """Its subnets and the public one's route to the internet gateway; NAT gateways bring their own routes."""
        identity = self.id("route_table", table["name"])
        associated = self.all(lambda subnet: self.associate(identity, subnet), table["subnets"])
        if table["name"] == "public":
            self.ec2.create_route(
                RouteTableId=identity,
                DestinationCidrBlock=network.ANYWHERE,
                GatewayId=self.id("internet_gateway", "main"),
            )
        done(associated)

    def associate(self, table: str, subnet: Any) -> None:
        answer = self.ec2.associate_route_table(RouteTableId=table, SubnetId=self.id("subnet", subnet))
        self.ids[f"association.{subnet}"] = answer["AssociationId"]

    def create_group(self, group: Document) -> None:
        answer = self.ec2.create_security_group(
            GroupName=title("security_group", group["name"]),
            Description=network.DESCRIPTION,
            VpcId=self.id("vpc", "main"),
            TagSpecifications=tags("security-group", group),
        )
        self.remember(group, answer["GroupId"])

    def add_rules(self, group: Document) -> None:
        identity = self.id("security_group", group["name"])
        rules = [self.permission(rule, identity) for rule in group["ingress"]]
        self.ec2.authorize_security_group_ingress(GroupId=identity, IpPermissions=rules)
        if "egress" in group:
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": network.ANYWHERE}]}
            self.ec2.revoke_security_group_egress(GroupId=identity, IpPermissions=[everything])

    def permission(self, rule: Document, own: str) -> Document:
        first, last = ports(rule)
        reach = {} if first is None else {"FromPort": first, "ToPort": last}
        protocol = "-1" if rule["protocol"] == "all" else rule["protocol"]
        if "cidrs" in rule:
            return {"IpProtocol": protocol, **reach, "IpRanges": [{"CidrIp": rule["cidrs"][0]}]}
        other = own if rule["group"] == "self" else self.id("security_group", rule["group"])
        return {"IpProtocol": protocol, **reach, "UserIdGroupPairs": [{"GroupId": other}]}

    def create_acl(self, acl: Document) -> None:
        answer = self.ec2.create_network_acl(VpcId=self.id("vpc", "main"), TagSpecifications=tags("network-acl", acl))
        identity = self.remember(acl, answer["NetworkAcl"]["NetworkAclId"])
        subnets = [self.id("subnet", subnet) for subnet in acl["subnets"]]
        current = self.pool.submit(self.acl_associations, subnets)
        done(
            self.pool.submit(self.add_entry, identity, entry, direction == "egress")
            for direction in ("ingress", "egress")
            for entry in acl[direction]
        )
        done(self.pool.submit(self.move_subnet, association, identity) for association in current.result())

    def acl_associations(self, subnets: list[str]) -> list[str]:
        answer = self.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": subnets}])
        return [
            association["NetworkAclAssociationId"]
            for acl in answer["NetworkAcls"]
            for association in acl["Associations"]
            if association["SubnetId"] in subnets
        ]

    def add_entry(self, acl: str, entry: Document, egress: bool) -> None:
        first, last = ports(entry)
        reach: Document = {} if first is None else {"PortRange": {"From": first, "To": last}}
        if entry["protocol"] == "icmp":
            reach = {"IcmpTypeCode": {"Type": -1, "Code": -1}}
        self.ec2.create_network_acl_entry(
            NetworkAclId=acl,
            Egress=egress,
            RuleNumber=entry["number"],
            Protocol={"all": "-1", "icmp": "1", "tcp": "6", "udp": "17"}[entry["protocol"]],
            RuleAction=entry["action"],
            CidrBlock=entry["cidr"],
            **reach,
        )

    def move_subnet(self, association: str, acl: str) -> None:
        self.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)

    def create_endpoint(self, endpoint: Document) -> None:
        if endpoint["endpoint_type"] == "gateway":
            place: Document = {"RouteTableIds": [self.id("route_table", table) for table in endpoint["route_tables"]]}
        else:
            place = {
                "SubnetIds": [self.id("subnet", subnet) for subnet in endpoint["subnets"]],
                "SecurityGroupIds": [self.id("security_group", group) for group in endpoint["security_groups"]],
                "PrivateDnsEnabled": True,
            }
        answer = self.ec2.create_vpc_endpoint(
            VpcId=self.id("vpc", "main"),
            ServiceName=f"com.amazonaws.{network.REGION}.{endpoint['service']}",
            VpcEndpointType=endpoint["endpoint_type"].capitalize(),
            TagSpecifications=tags("vpc-endpoint", endpoint),
            **place,
        )
        self.remember(endpoint, answer["VpcEndpoint"]["VpcEndpointId"])

    def endpoint_states(self) -> set[str]:
        filters = [{"Name": "vpc-id", "Values": [self.id("vpc", "main")]}]
        return {row["State"].lower() for row in self.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]}

    # -- destroy

    def destroy(self) -> None:
        endpoints = [self.id("vpc_endpoint", endpoint["name"]) for endpoint in network.of_kind("vpc_endpoint")]
        flow_logs = self.pool.submit(self.delete_flow_logs)
        gone = self.pool.submit(self.delete_endpoints, endpoints)
        gateways = self.all(self.delete_nat_gateway, network.of_kind("nat_gateway"))
        acls = self.pool.submit(self.delete_acls)
        circle = [group for group in network.of_kind("security_group") if group["name"] in CIRCLE]
        cleared = self.all(self.clear_group, circle)
        tables = self.all(self.disassociate, network.of_kind("route_table"))
        done(cleared)
        groups = self.pool.submit(self.delete_groups)
        done([*tables, gone])
        tables = self.all(self.delete_table, network.of_kind("route_table"))
        done([acls, *gateways])
        subnets = self.all(self.delete_subnet, network.of_kind("subnet"))
        addresses = self.all(self.release, network.of_kind("elastic_ip"))
        done([*subnets, *addresses])
        internet_gateway, vpc = self.id("internet_gateway", "main"), self.id("vpc", "main")
        self.ec2.detach_internet_gateway(InternetGatewayId=internet_gateway, VpcId=vpc)
        deleted = self.pool.submit(self.ec2.delete_internet_gateway, InternetGatewayId=internet_gateway)
        done([*tables, groups])
        self.ec2.delete_vpc(VpcId=vpc)
        done([deleted, flow_logs])

    def delete_flow_logs(self) -> None:
        self.ec2.delete_flow_logs(FlowLogIds=[self.id("flow_log", "main")])
        role, group = title("iam_role", "flow-logs"), title("log_group", "flow")
        self.iam.delete_role_policy(RoleName=role, PolicyName="write")
        self.iam.delete_role(RoleName=role)
        self.logs.delete_log_group(logGroupName=group)

    def delete_endpoints(self, endpoints: list[str]) -> None:
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
        until(lambda: self.endpoint_states() <= {"deleted"})
        self.delete_group("endpoints")

    def delete_nat_gateway(self, gateway: Document) -> None:
        identity = self.id("nat_gateway", gateway["name"])
        self.ec2.delete_nat_gateway(NatGatewayId=identity)
        self.wait_for_nat_gateway(identity, "deleted")

    def delete_acls(self) -> None:
        """A subnet has an ACL always: back to the VPC's own."""
        filters = [{"Name": "vpc-id", "Values": [self.id("vpc", "main")]}]
        acls = self.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
        (default,) = (acl["NetworkAclId"] for acl in acls if acl["IsDefault"])
        ours = [acl for acl in acls if not acl["IsDefault"]]
        done(
            self.pool.submit(self.move_subnet, association["NetworkAclAssociationId"], default)
            for acl in ours
            for association in acl["Associations"]
        )
        done(self.pool.submit(self.ec2.delete_network_acl, NetworkAclId=acl["NetworkAclId"]) for acl in ours)

    def clear_group(self, group: Document) -> None:
        identity = self.id("security_group", group["name"])
        rules = [self.permission(rule, identity) for rule in group["ingress"] if "group" in rule]
        self.ec2.revoke_security_group_ingress(GroupId=identity, IpPermissions=rules)

    def delete_groups(self) -> None:
        """Row by row: a group goes when no other's rule refers to it. That of the endpoints goes with these."""
        left = {group["name"]: group for group in network.of_kind("security_group") if group["name"] != "endpoints"}
        users = {name: set(self.users(name, left)) for name in left}
        while left:
            row = [name for name in left if not users[name] & left.keys()]
            done(self.pool.submit(self.delete_group, name) for name in row)
            for name in row:
                del left[name]

    def delete_group(self, name: str) -> None:
        self.ec2.delete_security_group(GroupId=self.id("security_group", name))

    def users(self, name: str, groups: dict[str, Document]) -> Iterable[str]:
        """The groups whose rules refer to this one, but for the two that were cleared."""
        return (
            user
            for user, group in groups.items()
            if user not in CIRCLE and name in [rule.get("group") for rule in group["ingress"]]
        )

    def disassociate(self, table: Document) -> None:
        done(
            self.pool.submit(self.ec2.disassociate_route_table, AssociationId=self.ids[f"association.{subnet}"])
            for subnet in table["subnets"]
        )

    def delete_table(self, table: Document) -> None:
        self.ec2.delete_route_table(RouteTableId=self.id("route_table", table["name"]))

    def delete_subnet(self, subnet: Document) -> None:
        self.ec2.delete_subnet(SubnetId=self.id("subnet", subnet["name"]))

    def release(self, address: Document) -> None:
        self.ec2.release_address(AllocationId=self.id("elastic_ip", address["name"]))


def done(futures: Iterable[Future[Any]]) -> None:
    """Wait for all; raises what one of them raised."""
    for future in list(futures):
        future.result()


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(POLL_SECONDS)


def pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def tags(resource_type: str, document: Document) -> list[Document]:
    named = {**network.TAGS, "Name": title(document["type"], document["name"])}
    return [{"ResourceType": resource_type, "Tags": pairs(named)}]


def main() -> None:
    action, path = sys.argv[1], Path(sys.argv[2])
    started = time.perf_counter()
    bare = Bare({} if action == "create" else json.loads(path.read_text()))
    bare.create() if action == "create" else bare.destroy()
    seconds = time.perf_counter() - started
    path.write_text(json.dumps(bare.ids))
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
