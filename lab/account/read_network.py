# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of one region, out of moto's EC2 backend."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab.account.model import (
    AclEntry,
    Endpoint,
    Interface,
    NatGateway,
    NetworkAcl,
    OwnerKind,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
)
from lab.place import DYNAMODB, S3

Owners = Mapping[str, tuple[OwnerKind, str]]
"""Who uses an interface, by its id."""
_PROTOCOLS = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp"}
_FINAL_DENY = 32767
_GONE = ("deleting", "deleted", "failed")
# AWS's own lists have the lab's addresses of the service. https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
_OF_SERVICE = {"s3": S3, "dynamodb": DYNAMODB}


def read(backend: Any, owners: Owners, found: dict[str, Any]) -> None:
    """Add one region's network to the fields of `Account`; a default VPC that nothing is in is left out."""
    left_out = {each.id for each in backend.vpcs.values() if each.is_default}
    left_out -= {each.subnet.vpc_id for each in backend.enis.values()}
    found["vpcs"] |= {each.id: each for each in _vpcs(backend) if each.id not in left_out}
    of_vpcs: dict[str, Iterable[Any]] = {
        "subnets": _subnets(backend),
        "route_tables": map(_table, backend.route_tables.values()),
        "network_acls": map(_acl, backend.network_acls.values()),
        "security_groups": _groups(backend),
        "nat_gateways": _nats(backend),
        "endpoints": _endpoints(backend),
        "interfaces": _interfaces(backend, owners),
    }
    for name, every in of_vpcs.items():
        found[name] |= {each.id: each for each in every if each.vpc not in left_out}
    found["prefix_lists"] |= {each.id: _ranges(each) for each in backend.managed_prefix_lists.values()}


@functools.cache
def network(text: str) -> IPv4Network:
    """A range, read once."""
    return IPv4Network(text, strict=False)


def _vpcs(backend: Any) -> Iterator[Vpc]:
    gateways = {igw.vpc.id: igw.id for igw in backend.internet_gateways.values() if igw.vpc}
    for vpc in backend.vpcs.values():
        states = vpc.get_cidr_block_association_set()
        cidrs = (each["cidr_block"] for each in states if each["cidr_block_state"]["state"] == "associated")
        dns = vpc.enable_dns_support in (True, "true")
        yield Vpc(vpc.id, backend.region_name, tuple(map(network, cidrs)), dns, gateways.get(vpc.id))


def _subnets(backend: Any) -> Iterator[Subnet]:
    tables, acls = _tables_of_subnets(backend), _acls_of_subnets(backend)
    for each in (subnet for subnets in backend.subnets.values() for subnet in subnets.values()):
        if each.cidr_block:
            table = tables.get(each.id) or tables[each.vpc_id]
            yield Subnet(each.id, each.vpc_id, network(each.cidr_block), each.availability_zone, table, acls[each.id])


def _tables_of_subnets(backend: Any) -> dict[str, str]:
    """The route table of each associated subnet, and the main one of each VPC."""
    found = {table.vpc_id: table.id for table in backend.route_tables.values() if table.main_association_id}
    for table in backend.route_tables.values():
        found |= dict.fromkeys(table._associations.values(), table.id)
    return found


def _acls_of_subnets(backend: Any) -> dict[str, str]:
    return {each.subnet_id: acl.id for acl in backend.network_acls.values() for each in acl._associations.values()}


def _table(table: Any) -> RouteTable:
    return RouteTable(table.id, table.vpc_id, tuple(_routes(table)))


def _routes(table: Any) -> Iterator[Route]:
    for route in table._routes.values():
        target = route.gateway_id or route.nat_gateway_id or route.network_interface_id or route.instance_id
        active = route.state == "active"
        if route.destination_prefix_list:
            yield Route(route.destination_prefix_list.id, target or "", active)
        elif route.destination_cidr_block:
            yield Route(network(route.destination_cidr_block), target or "", active and bool(target))


def _acl(acl: Any) -> NetworkAcl:
    entries = [
        AclEntry(
            int(each.rule_number),
            each.egress in (True, "true"),
            each.rule_action == "allow",
            _PROTOCOLS.get(str(each.protocol), str(each.protocol)),
            _acl_ports(each),
            network(each.cidr_block),
        )
        for each in acl.network_acl_entries
        if each.cidr_block and int(each.rule_number) != _FINAL_DENY
    ]
    return NetworkAcl(acl.id, acl.vpc_id, tuple(sorted(entries, key=lambda entry: entry.number)))


def _acl_ports(entry: Any) -> tuple[int, int] | None:
    if entry.icmp_type is not None:
        return int(entry.icmp_type), int(-1 if entry.icmp_code is None else entry.icmp_code)
    if entry.port_range_from is not None:
        return int(entry.port_range_from), int(entry.port_range_to)
    return None


def _groups(backend: Any) -> Iterator[SecurityGroup]:
    for each in (group for groups in backend.groups.values() for group in groups.values()):
        ingress, egress = tuple(_rules(each.ingress_rules)), tuple(_rules(each.egress_rules))
        yield SecurityGroup(each.id, each.vpc_id or "", each.name, ingress, egress)


def _rules(rules: Iterable[Any]) -> Iterator[Rule]:
    """IPv4 only; moto has a rule for each peer."""
    for rule in rules:
        protocol = _PROTOCOLS.get(rule.ip_protocol, rule.ip_protocol)
        ports = _ports(protocol, rule.from_port, rule.to_port)
        if cidr := rule.ip_range.get("CidrIp"):
            yield Rule(protocol, ports, cidr=network(cidr))
        elif group := rule.source_group.get("GroupId"):
            yield Rule(protocol, ports, group=group)
        elif rule.prefix_list_id:
            yield Rule(protocol, ports, prefix_list=rule.prefix_list_id)


def _ports(protocol: str, first: int | None, last: int | None) -> tuple[int, int] | None:
    if protocol == "all" or first is None or last is None:
        return None
    every = protocol != "icmp" and (first, last) in ((-1, -1), (0, 65535))
    return None if every else (first, last)


def _nats(backend: Any) -> Iterator[NatGateway]:
    for each in backend.nat_gateways.values():
        if each.state == "available":
            interface = backend.enis[each._eni.id]
            private, public = IPv4Address(interface.private_ip_address), _address(interface.public_ip)
            yield NatGateway(each.id, each.vpc_id, each.subnet_id, private, public)


def _endpoints(backend: Any) -> Iterator[Endpoint]:
    return (_endpoint(backend, each) for each in backend.vpc_end_points.values() if each.state not in _GONE)


def _endpoint(backend: Any, endpoint: Any) -> Endpoint:
    service = endpoint.service_name.removeprefix(f"com.amazonaws.{backend.region_name}.")
    prefix_list = endpoint.destination_prefix_list_id
    private = bool(endpoint.private_dns_enabled)
    if endpoint.vpc_endpoint_type.lower() == "interface":
        return Endpoint(endpoint.id, endpoint.vpc_id, service, "interface", None, private)
    return Endpoint(endpoint.id, endpoint.vpc_id, service, "gateway", prefix_list, private_dns=False)


def _interfaces(backend: Any, owners: Owners) -> Iterator[Interface]:
    of_endpoints = {eni: each.id for each in backend.vpc_end_points.values() for eni in each.network_interface_ids}
    of_gateways = {each._eni.id: each.id for each in backend.nat_gateways.values()}
    for each in backend.enis.values():
        owner: tuple[OwnerKind, str] | None = owners.get(each.id)
        if each.instance is not None:
            owner = ("instance", each.instance.id)
        elif each.id in of_endpoints:
            owner = ("endpoint", of_endpoints[each.id])
        elif each.id in of_gateways:
            owner = ("nat_gateway", of_gateways[each.id])
        if owner:
            yield _interface(each, owner)


def _interface(interface: Any, owner: tuple[OwnerKind, str]) -> Interface:
    return Interface(
        interface.id,
        interface.subnet.vpc_id,
        interface.subnet.id,
        IPv4Address(interface.private_ip_address),
        interface.mac_address,
        tuple(sorted(group.id for group in interface._group_set)),
        interface.source_dest_check in (True, "true"),
        owner,
        _address(interface.public_ip),
    )


def _address(text: str | None) -> IPv4Address | None:
    return IPv4Address(text) if text else None


def _ranges(prefix_list: Any) -> tuple[IPv4Network, ...]:
    if prefix_list.owner_id == "AWS":
        service = _OF_SERVICE.get(prefix_list.prefix_list_name.rpartition(".")[2])
        return (network(f"{service}/32"),) if service else ()
    entries = list(prefix_list.entries.values())
    return tuple(network(each["Cidr"]) for each in entries[-1] if ":" not in each["Cidr"]) if entries else ()
