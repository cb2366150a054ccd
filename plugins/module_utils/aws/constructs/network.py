# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network: one VPC with tiers of subnets over zones, its ways out, its endpoints and its flow logs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.zones import (
    letter,
    zone_name,
    zone_problems,
    zones_field,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Construct, Document
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    anything,
    boolean,
    cidr,
    integer,
    list_of,
    record,
    set_of,
    string,
)

ANYWHERE = "0.0.0.0/0"
# Replies come to the port a connection left from: from 1024 on where addresses are translated, else from 32768 on.
# https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
TRANSLATED_PORTS = "1024-65535"
LOCAL_PORTS = "32768-65535"

TIER = {
    "name": string("First part of its subnets' names.", required=True, pattern="[a-z][a-z0-9-]*"),
    "offset": integer("Which /24 of the VPC the first zone gets: of a /16, the third octet.", minimum=0, maximum=255),
    "cidrs": list_of(cidr("IPv4 range."), "One range a zone, in the zones' order, in place of `offset`."),
    "public": boolean("Reached from and by the internet; has the NAT gateways.", default=False),
    "egress": boolean("Reaches the internet by NAT. False: only what has a gateway endpoint.", default=True),
    "public_addresses": boolean(
        "Give instances a public address at launch; an auto scaling group in a public tier needs it.", default=False
    ),
}


def tier(name: str, offset: int, public: bool = False, egress: bool = True) -> dict[str, Any]:
    return {"name": name, "offset": offset, "public": public, "egress": egress, "public_addresses": False}


def prefixed(network: str, name: str) -> str:
    """The name of a part of a network: what belongs to the network `main` needs no prefix."""
    return name if network == "main" else f"{network}-{name}"


def subnet_name(network: str, tier_name: str, zone: str) -> str:
    return prefixed(network, f"{tier_name}-{letter(zone)}")


class Network(Construct):
    name = "network"
    doc = "A VPC with tiers of subnets over zones, gateways, routes, endpoints, network ACLs and flow logs."
    fields = {
        "cidr": cidr("IPv4 range of the VPC, /16 to /28.", required=True),
        "zones": zones_field("Zones of every tier, two at least: load balancers and databases refuse one."),
        "tiers": list_of(
            record(TIER, "A row of subnets, one a zone."),
            "The tiers.",
            default=[tier("public", 0, public=True), tier("app", 10), tier("data", 20, egress=False)],
        ),
        "nat": string(
            "NAT gateways: none, one in the first zone, one a zone.",
            default="single",
            choices=("none", "single", "zone"),
        ),
        "gateway_endpoints": set_of(
            string("Service.", choices=("s3", "dynamodb")),
            "Services that the private tiers reach without NAT, free of charge.",
            default=[],
        ),
        "s3_endpoint_policy": anything("What may be done through the S3 endpoint; all without it."),
        "interface_endpoints": set_of(
            string("Service, e.g. `ecr.api`."), "Services that get an address inside the VPC.", default=[]
        ),
        "interface_endpoint_tier": string("The tier in which interface endpoints stand.", default="app"),
        "flow_logs": boolean("Log every connection, taken or refused.", default=True),
        "flow_log_retention": integer("Days that flow logs are kept.", default=30),
    }

    def check(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[str]:
        yield from zone_problems(values["zones"], scope, least=2)
        names = [each["name"] for each in values["tiers"]]
        if len(set(names)) < len(names):
            yield "tiers: two have the same name; rename one"
        for each in values["tiers"]:
            yield from _tier_problems(each, values)
        yield from _way_out_problems(values)
        yield from _endpoint_problems(values)

    def expand(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[Document]:
        zones = [zone_name(zone, scope) for zone in values["zones"]]
        layout = _Layout(name, values, zones)
        yield {"type": "vpc", "name": name, "cidr": values["cidr"]}
        for each in values["tiers"]:
            yield from layout.subnets(each)
            yield from layout.routes(each)
            yield layout.acl(each)
        yield from layout.gateways()
        yield from layout.gateway_endpoints()
        yield from layout.interface_endpoints()
        if values["flow_logs"]:
            yield from layout.flow_logs()


def _tier_problems(each: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    where, zones = f"tiers[{each['name']}]", values["zones"]
    if ("offset" in each) == ("cidrs" in each):
        yield f"{where}: give either `offset` or `cidrs`"
    elif "cidrs" in each and len(each["cidrs"]) != len(zones):
        yield f"{where}.cidrs: {len(each['cidrs'])} ranges for {len(zones)} zones; give one a zone"
    elif "offset" in each and each["offset"] + len(zones) > _blocks(values["cidr"]):
        blocks = _blocks(values["cidr"])
        yield f"{where}.offset: {values['cidr']} holds {blocks} ranges of /24, too few; lower it or give `cidrs`"
    if each["public_addresses"] and not each["public"]:
        yield f"{where}.public_addresses: of use in a public tier only; set `public: true` or drop it"


def _way_out_problems(values: Mapping[str, Any]) -> Iterator[str]:
    if values["nat"] != "none" and not any(each["public"] for each in values["tiers"]):
        yield "nat: a NAT gateway stands in a public tier and there is none; add one or set `nat: none`"
    if values["gateway_endpoints"] and all(each["public"] for each in values["tiers"]):
        yield "gateway_endpoints: they serve private tiers and there is none; add one or drop the endpoints"


def _endpoint_problems(values: Mapping[str, Any]) -> Iterator[str]:
    names = [each["name"] for each in values["tiers"]]
    if values["interface_endpoints"] and values["interface_endpoint_tier"] not in names:
        known = ", ".join(names)
        yield f"interface_endpoint_tier: no tier {values['interface_endpoint_tier']!r}; the tiers are {known}"
    for service in sorted({*values["gateway_endpoints"]} & {*values["interface_endpoints"]}):
        yield f"interface_endpoints: {service} has a gateway endpoint already; keep one of the two"
    if "s3_endpoint_policy" in values and "s3" not in values["gateway_endpoints"]:
        yield "s3_endpoint_policy: there is no S3 endpoint; add `s3` to `gateway_endpoints`"


def _blocks(network: str) -> int:
    """How many ranges of /24 a network holds."""
    return ipaddress.IPv4Network(network).num_addresses // 256


@dataclass(frozen=True)
class _Layout:
    """One network while it is expanded. ``zones`` are full names."""

    network: str
    values: Mapping[str, Any]
    zones: Sequence[str]

    def part(self, kind: str, name: str, **fields: Any) -> Document:
        return {"type": kind, "name": prefixed(self.network, name), **fields}

    def own(self, kind: str, **fields: Any) -> Document:
        """A document of which the network has one, so that it bears the network's name."""
        return {"type": kind, "name": self.network, "vpc": self.network, **fields}

    def subnets_of(self, tier_name: str) -> list[str]:
        return [subnet_name(self.network, tier_name, zone) for zone in self.zones]

    def ranges(self, each: Mapping[str, Any]) -> list[str]:
        if "cidrs" in each:
            return list(each["cidrs"])
        first = int(ipaddress.IPv4Network(self.values["cidr"]).network_address) + 256 * each["offset"]
        return [str(ipaddress.IPv4Network((first + 256 * index, 24))) for index in range(len(self.zones))]

    def subnets(self, each: Mapping[str, Any]) -> Iterator[Document]:
        for zone, block in zip(self.zones, self.ranges(each), strict=True):
            yield {
                "type": "subnet",
                "name": subnet_name(self.network, each["name"], zone),
                "vpc": self.network,
                "cidr": block,
                "zone": zone,
                "public_addresses": each["public_addresses"],
            }

    def routes(self, each: Mapping[str, Any]) -> Iterator[Document]:
        """One table for a public tier; one a zone for a private tier, so that each zone may have its NAT gateway."""
        if each["public"]:
            route = {"destination": ANYWHERE, "internet_gateway": self.network}
            subnets = self.subnets_of(each["name"])
            yield self.part("route_table", each["name"], vpc=self.network, routes=[route], subnets=subnets)
            return
        for zone, subnet in zip(self.zones, self.subnets_of(each["name"]), strict=True):
            routes = []
            if self.translated(each):
                routes.append({"destination": ANYWHERE, "nat_gateway": prefixed(self.network, self.nat(zone))})
            yield {"type": "route_table", "name": subnet, "vpc": self.network, "routes": routes, "subnets": [subnet]}

    def translated(self, each: Mapping[str, Any]) -> bool:
        return bool(each["egress"]) and self.values["nat"] != "none"

    def nat(self, zone: str) -> str:
        return "main" if self.values["nat"] == "single" else letter(zone)

    def gateways(self) -> Iterator[Document]:
        public = [each["name"] for each in self.values["tiers"] if each["public"]]
        if public:
            yield self.own("internet_gateway")
        count = {"none": 0, "single": 1, "zone": len(self.zones)}[self.values["nat"]]
        for zone in self.zones[:count]:
            address = self.part("elastic_ip", "nat" if self.values["nat"] == "single" else f"nat-{letter(zone)}")
            yield address
            subnet = subnet_name(self.network, public[0], zone)
            yield self.part("nat_gateway", self.nat(zone), subnet=subnet, elastic_ip=address["name"])

    def acl(self, each: Mapping[str, Any]) -> Document:
        ingress, egress = self.acl_sides(each)
        subnets = self.subnets_of(each["name"])
        return self.part(
            "network_acl",
            each["name"],
            vpc=self.network,
            subnets=subnets,
            ingress=_numbered(ingress),
            egress=_numbered(egress),
        )

    def acl_sides(self, each: Mapping[str, Any]) -> tuple[list[Document], list[Document]]:
        """What may enter and leave a tier. ACLs keep no state: replies from outside the VPC come in by their ports."""
        inside = {"protocol": "all", "cidr": self.values["cidr"]}
        anywhere = {"protocol": "all", "cidr": ANYWHERE}
        replies = [
            _allow("tcp", TRANSLATED_PORTS),
            _allow("udp", TRANSLATED_PORTS),
            {"protocol": "icmp", "cidr": ANYWHERE},
        ]
        if each["public"]:
            return [inside, _allow("tcp", "22"), _allow("tcp", "80"), _allow("tcp", "443"), *replies], [anywhere]
        if self.translated(each):
            return [inside, *replies], [anywhere]
        if self.values["gateway_endpoints"]:
            # Such an endpoint answers from the service's public addresses; no other route leads outside the VPC.
            return [inside, _allow("tcp", LOCAL_PORTS)], [inside, _allow("tcp", "443")]
        return [inside], [inside]

    def gateway_endpoints(self) -> Iterator[Document]:
        tables = [
            subnet for each in self.values["tiers"] if not each["public"] for subnet in self.subnets_of(each["name"])
        ]
        for service in sorted(self.values["gateway_endpoints"]):
            endpoint = self.part(
                "vpc_endpoint", service, vpc=self.network, service=service, endpoint_type="gateway", route_tables=tables
            )
            if service == "s3" and "s3_endpoint_policy" in self.values:
                endpoint["policy"] = self.values["s3_endpoint_policy"]
            yield endpoint

    def interface_endpoints(self) -> Iterator[Document]:
        services = sorted(self.values["interface_endpoints"])
        if not services:
            return
        # Endpoints answer and never call, so they need no way out.
        rule = {"protocol": "tcp", "ports": "443", "cidrs": [self.values["cidr"]]}
        group = self.part("security_group", "endpoints", vpc=self.network, ingress=[rule], egress=[])
        yield group
        for service in services:
            yield self.part(
                "vpc_endpoint",
                service.replace(".", "-"),
                vpc=self.network,
                service=service,
                endpoint_type="interface",
                subnets=self.subnets_of(self.values["interface_endpoint_tier"]),
                security_groups=[group["name"]],
            )

    def flow_logs(self) -> Iterator[Document]:
        group = self.part("log_group", "flow", retention=self.values["flow_log_retention"])
        role = self.part("iam_role", "flow-logs", trust=["vpc-flow-logs"])
        role["policies"] = {"write": _flow_log_policy(f"${{log_group.{group['name']}.arn}}")}
        yield group
        yield role
        yield self.own("flow_log", log_group=group["name"], role=role["name"])


def _allow(protocol: str, ports: str) -> Document:
    return {"protocol": protocol, "ports": ports, "cidr": ANYWHERE}


def _numbered(rules: Sequence[Document]) -> list[Document]:
    """Rules with their numbers, apart by ten so that another fits between."""
    return [{"number": 100 + 10 * index, **rule, "action": "allow"} for index, rule in enumerate(rules)]


def _flow_log_policy(group: str) -> Document:
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, writing cut down to the one group."""
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": write, "Resource": [group, f"{group}:*"]},
            {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
        ],
    }
