# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a production environment: 68 resources, as Slipway's documents.

1 VPC, 9 subnets (public, app and data in three zones), 1 internet gateway, 3 elastic IPs and 3 NAT gateways (one a
zone), 7 route tables, 3 network ACLs, 11 endpoints (2 gateway, 9 interface), 27 security groups (one a component, with
rules that refer to each other), 1 flow log with its log group and role. The layout is that of the construct `network`
in `inventories/prod`, written out as plain kinds so that the other ways can be given exactly the same.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

PROJECT, ENVIRONMENT, REGION = "bench", "prod", "us-east-1"
STACK = f"{PROJECT}-{ENVIRONMENT}"
TAGS = {
    "Project": PROJECT,
    "Environment": ENVIRONMENT,
    "ManagedBy": "Bench",
    "Component": "network",
    "CostCenter": "engineering",
    "Owner": "platform-team",
}
RESOURCES = 68
DESCRIPTION = "Managed by Slipway"

CIDR = "10.30.0.0/16"
ANYWHERE = "0.0.0.0/0"
OFFICE = "203.0.113.0/24"
ZONES = ("a", "b", "c")
TIERS = {"public": 0, "app": 10, "data": 20}
"""Tier → third octet of its first subnet."""
GATEWAY_ENDPOINTS = ("dynamodb", "s3")
INTERFACE_ENDPOINTS = (
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
)
ACLS: dict[str, tuple[list[str], list[str]]] = {
    "public": ([f"all {CIDR}", "tcp:22", "tcp:80", "tcp:443", "tcp:1024-65535", "udp:1024-65535", "icmp"], ["all"]),
    "app": ([f"all {CIDR}", "tcp:1024-65535", "udp:1024-65535", "icmp"], ["all"]),
    "data": ([f"all {CIDR}", "tcp:32768-65535"], [f"all {CIDR}", "tcp:443"]),
}
"""Tier → what may come in, what may go out: ``protocol[:ports] [range]``, anywhere without a range."""

GROUPS: dict[str, list[str]] = {
    "bastion": [f"22 {OFFICE}"],
    "edge": [f"80 {ANYWHERE}", f"443 {ANYWHERE}"],
    "monitoring": ["3000 bastion", "9090 self"],
    "hosts": ["22 bastion", "9100 monitoring"],
    "logging": ["3100 hosts"],
    "backup": ["8000 hosts"],
    "endpoints": [f"443 {CIDR}"],
    "servers": ["6443 nodes", "6443 bastion", "udp:8472 nodes", "2379-2380 self", "10250 self"],
    "nodes": ["all self", "10250 servers", "udp:8472 servers", "30000-30002 edge"],
    "gpu": ["10250 servers", "udp:8472 nodes", "9400 monitoring"],
    "internal-edge": ["443 nodes"],
    "triton": ["8000-8002 nodes", "8002 monitoring"],
    "kafka": ["9092-9093 nodes", "9092-9094 self", "9404 monitoring"],
    "rabbitmq": ["5671-5672 nodes", "4369 self", "25672 self", "15692 monitoring"],
    "redis": ["6379 nodes", "6379 self"],
    "database": ["5432 nodes", "5432 bastion"],
    "documents": ["27017 nodes"],
    "gitlab": ["443 edge", "22 bastion"],
    "jenkins": ["8080 edge", "22 gitlab"],
    "runners": ["22 jenkins"],
    "api-gateway": ["8080 edge"],
    "inventory": ["8080 api-gateway"],
    "billing": ["8080 api-gateway"],
    "processor-api": ["8080 edge"],
    "metadata-worker": ["9100 monitoring"],
    "translation-api": ["8080 edge"],
    "translation-sidecar": ["8080 translation-api"],
}
"""Security group → what may come in: ``[protocol:]ports range-or-group``."""
NO_WAY_OUT = ("endpoints", "database", "documents", "redis")

Document = dict[str, Any]


def documents() -> list[Document]:
    """The network as documents, each of an explicit kind."""
    return [
        {"type": "vpc", "name": "main", "cidr": CIDR},
        {"type": "internet_gateway", "name": "main", "vpc": "main"},
        *(_subnet(tier, index) for tier in TIERS for index in range(len(ZONES))),
        *({"type": "elastic_ip", "name": f"nat-{zone}"} for zone in ZONES),
        *(
            {"type": "nat_gateway", "name": zone, "subnet": f"public-{zone}", "elastic_ip": f"nat-{zone}"}
            for zone in ZONES
        ),
        *_route_tables(),
        *_network_acls(),
        *_endpoints(),
        *(_security_group(name, rules) for name, rules in GROUPS.items()),
        *_flow_logs(),
    ]


def _subnet(tier: str, index: int) -> Document:
    first = int(ipaddress.IPv4Network(CIDR).network_address)
    block = ipaddress.IPv4Network((first + 256 * (TIERS[tier] + index), 24))
    zone = ZONES[index]
    return {
        "type": "subnet",
        "name": f"{tier}-{zone}",
        "vpc": "main",
        "cidr": str(block),
        "zone": f"{REGION}{zone}",
    }


def _of_tier(tier: str) -> list[str]:
    return [f"{tier}-{zone}" for zone in ZONES]


def _route_tables() -> list[Document]:
    public = {"destination": ANYWHERE, "internet_gateway": "main"}
    return [
        _route_table("public", [public], _of_tier("public")),
        *(_route_table(f"app-{zone}", [{"destination": ANYWHERE, "nat_gateway": zone}]) for zone in ZONES),
        *(_route_table(f"data-{zone}", []) for zone in ZONES),
    ]


def _route_table(name: str, routes: list[Document], subnets: list[str] | None = None) -> Document:
    return {"type": "route_table", "name": name, "vpc": "main", "routes": routes, "subnets": subnets or [name]}


def _network_acls() -> list[Document]:
    return [
        {
            "type": "network_acl",
            "name": tier,
            "vpc": "main",
            "subnets": _of_tier(tier),
            "ingress": [_acl_entry(index, text) for index, text in enumerate(ingress)],
            "egress": [_acl_entry(index, text) for index, text in enumerate(egress)],
        }
        for tier, (ingress, egress) in ACLS.items()
    ]


def _acl_entry(index: int, text: str) -> Document:
    traffic, _, block = text.partition(" ")
    protocol, _, ports = traffic.partition(":")
    entry = {"number": 100 + 10 * index, "protocol": protocol, "cidr": block or ANYWHERE, "action": "allow"}
    return {**entry, "ports": ports} if ports else entry


def _endpoints() -> list[Document]:
    private = [*_of_tier("app"), *_of_tier("data")]
    return [
        *(_endpoint(service, endpoint_type="gateway", route_tables=private) for service in GATEWAY_ENDPOINTS),
        *(
            _endpoint(service, endpoint_type="interface", subnets=_of_tier("app"), security_groups=["endpoints"])
            for service in INTERFACE_ENDPOINTS
        ),
    ]


def _endpoint(service: str, **fields: Any) -> Document:
    return {"type": "vpc_endpoint", "name": service.replace(".", "-"), "vpc": "main", "service": service, **fields}


def _security_group(name: str, rules: list[str]) -> Document:
    group = {"type": "security_group", "name": name, "vpc": "main", "ingress": [_rule(rule) for rule in rules]}
    return {**group, "egress": []} if name in NO_WAY_OUT else group


def _rule(text: str) -> Document:
    traffic, source = text.split()
    protocol, _, ports = traffic.rpartition(":")
    peer: Document = {"cidrs": [source]} if "/" in source else {"group": source}
    return {"protocol": "all", **peer} if ports == "all" else {"protocol": protocol or "tcp", "ports": ports, **peer}


def _flow_logs() -> list[Document]:
    return [
        {"type": "log_group", "name": "flow", "retention": 30},
        {"type": "iam_role", "name": "flow-logs", "trust": ["vpc-flow-logs"], "policies": {"write": FLOW_LOG_POLICY}},
        {"type": "flow_log", "name": "main", "vpc": "main", "log_group": "flow", "role": "flow-logs"},
    ]


FLOW_LOG_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
            ],
            "Resource": "*",
        }
    ],
}
"""https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""
TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

SHORT = {
    "internet_gateway": "igw",
    "elastic_ip": "eip",
    "nat_gateway": "nat",
    "route_table": "rtb",
    "network_acl": "acl",
    "vpc_endpoint": "vpce",
    "security_group": "sg",
    "flow_log": "flow-log",
    "iam_role": "role",
}


def title(kind: str, name: str) -> str:
    """The physical name that all three ways give a resource."""
    parts = [STACK, SHORT.get(kind, kind)] + ([name] if name != "main" else [])
    return f"/slipway/{STACK}/{name}" if kind == "log_group" else "-".join(parts)


def hosts(count: int) -> list[Document]:
    """So many brokers in the private subnets, in turn over the zones."""
    return [
        {
            "type": "instance",
            "name": f"kafka-{number}",
            "subnet": f"app-{ZONES[number % len(ZONES)]}",
            "instance_type": "t3.micro",
            "image": "debian-12",
            "security_groups": ["hosts", "kafka"],
            "groups": ["kafka"],
        }
        for number in range(1, count + 1)
    ]


def of_kind(kind: str) -> list[Document]:
    """The documents of one kind."""
    return [document for document in documents() if document["type"] == kind]


def peer_variables() -> Document:
    """The same network as variables of the playbooks in amazon_aws/, rules and entries in the form of its modules."""
    return {
        "region": REGION,
        "stack": STACK,
        "description": DESCRIPTION,
        "common_tags": TAGS,
        "cidr": CIDR,
        "log_group_name": title("log_group", "flow"),
        "role_name": title("iam_role", "flow-logs"),
        "trust_policy": json.dumps(TRUST_POLICY),
        "flow_log_policy": json.dumps(FLOW_LOG_POLICY),
        **{f"{kind}s": _titled(kind) for kind in ("subnet", "elastic_ip", "nat_gateway", "vpc_endpoint")},
        "route_tables": [_peer_table(table) for table in _titled("route_table")],
        "network_acls": [_peer_acl(acl) for acl in _titled("network_acl")],
        "security_groups": [_peer_group(group) for group in _titled("security_group")],
    }


def _titled(kind: str) -> list[Document]:
    return [{**document, "title": title(kind, document["name"])} for document in of_kind(kind)]


def _peer_table(table: Document) -> Document:
    return {**table, "gateways": [route.get("nat_gateway", "igw") for route in table["routes"]]}


def _peer_acl(acl: Document) -> Document:
    return acl | {direction: [_module_entry(entry) for entry in acl[direction]] for direction in ("ingress", "egress")}


def _peer_group(group: Document) -> Document:
    everything = [{"proto": "all", "cidr_ip": ANYWHERE}]
    rules = [_module_rule(rule, group["name"]) for rule in group["ingress"]]
    return {**group, "rules": rules, "rules_egress": group.get("egress", everything)}


def _module_rule(rule: Document, own: str) -> Document:
    """A group that is not there yet is made by the rule that refers to it: each takes one call of the module only."""
    other = own if rule.get("group") == "self" else rule.get("group", "")
    peer = {"group_name": title("security_group", other), "group_desc": DESCRIPTION}
    source = {"cidr_ip": rule["cidrs"][0]} if "cidrs" in rule else peer
    return {"proto": rule["protocol"], **({"ports": [rule["ports"]]} if "ports" in rule else {}), **source}


def _module_entry(entry: Document) -> list[Any]:
    """https://docs.ansible.com/projects/ansible/latest/collections/amazon/aws/ec2_vpc_nacl_module.html"""
    first, last = ports(entry)
    icmp = [-1, -1] if entry["protocol"] == "icmp" else [None, None]
    return [entry["number"], entry["protocol"], entry["action"], entry["cidr"], *icmp, first, last]


def ports(rule: Document) -> tuple[int | None, int | None]:
    """First and last port of a rule or an entry; None for all."""
    if "ports" not in rule:
        return None, None
    first, _, last = str(rule["ports"]).partition("-")
    return int(first), int(last or first)
