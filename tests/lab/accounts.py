# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts made by hand: what a test needs of one, and AWS's defaults for the rest."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab import place
from lab.account.model import (
    Account,
    AclEntry,
    Endpoint,
    Instance,
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
    empty,
)

ANYWHERE = "0.0.0.0/0"
S3_PREFIXES = "pl-63a5400a"
REGION = "us-east-1"


def rule(protocol: str, ports: int | tuple[int, int] | None = None, peer: str = ANYWHERE) -> Rule:
    """A permission for a range, a group (``sg-…``) or a prefix list (``pl-…``); ``ports``: one, or first and last."""
    both = (ports, ports) if isinstance(ports, int) else ports
    if peer.startswith("sg-"):
        return Rule(protocol, both, group=peer)
    if peer.startswith("pl-"):
        return Rule(protocol, both, prefix_list=peer)
    return Rule(protocol, both, cidr=IPv4Network(peer))


def entry(
    number: int, allow: bool = True, egress: bool = False, peer: str = ANYWHERE, ports: int | None = None
) -> AclEntry:
    """An entry of a network ACL: of TCP where it names a port, else of everything."""
    both = (ports, ports) if ports else None
    return AclEntry(number, egress, allow, "tcp" if ports else "all", both, IPv4Network(peer))


OPEN = (rule("all"),)
ALLOW_ALL = (entry(100), entry(100, egress=True))


class Accounts:
    """Builds an account step by step; each method returns the id of what it added. Ids differ between two of these."""

    def __init__(self, identity: str = "123456789012", first: int = 1) -> None:
        self._account = dataclasses.replace(empty(identity), prefix_lists={S3_PREFIXES: (IPv4Network(place.S3),)})
        self._next = first

    @property
    def account(self) -> Account:
        """The account as it is now; what is added later is not in it."""
        held = {field.name: getattr(self._account, field.name) for field in dataclasses.fields(Account)}
        return Account(**{name: copy.copy(value) for name, value in held.items()})

    def reset(self, account: Account) -> None:
        """Go on from another account, or from an earlier state of this one."""
        self._account = account

    def put(self, kind: str, identity: str, value: Any) -> str:
        """Add or replace anything: ``kind`` is a field of `Account`."""
        getattr(self._account, kind)[identity] = value
        return identity

    def change(self, kind: str, identity: str, **fields: Any) -> None:
        """Replace fields of what is there."""
        held = getattr(self._account, kind)
        held[identity] = dataclasses.replace(held[identity], **fields)

    def remove(self, kind: str, identity: str) -> None:
        """Take something away."""
        del getattr(self._account, kind)[identity]

    def vpc(self, cidr: str = "10.0.0.0/16", internet: bool = True, dns: bool = True) -> str:
        """A VPC with an open network ACL, ``internet``: with an internet gateway."""
        gateway = self._id("igw") if internet else None
        identity = self._id("vpc")
        return self.put("vpcs", identity, Vpc(identity, REGION, (IPv4Network(cidr),), dns, gateway))

    def table(self, vpc: str, *routes: tuple[str, str]) -> str:
        """A route table: the local route, and (destination, target); the target ``internet`` is the VPC's gateway."""
        held = self._account.vpcs[vpc]
        listed = [Route(cidr, "local") for cidr in held.cidrs]
        for destination, target in routes:
            where = destination if destination.startswith("pl-") else IPv4Network(destination)
            listed.append(Route(where, held.internet_gateway or "igw-0" if target == "internet" else target))
        identity = self._id("rtb")
        return self.put("route_tables", identity, RouteTable(identity, vpc, tuple(listed)))

    def acl(self, vpc: str, entries: Iterable[AclEntry] = ALLOW_ALL) -> str:
        """A network ACL."""
        identity = self._id("acl")
        listed = tuple(sorted(entries, key=lambda each: each.number))
        return self.put("network_acls", identity, NetworkAcl(identity, vpc, listed))

    def subnet(self, vpc: str, cidr: str, table: str, acl: str | None = None, zone: str = "us-east-1a") -> str:
        """A subnet; without ``acl`` an open one of its own."""
        identity = self._id("subnet")
        subnet = Subnet(identity, vpc, IPv4Network(cidr), zone, table, acl or self.acl(vpc))
        return self.put("subnets", identity, subnet)

    def group(self, vpc: str, ingress: Sequence[Rule] = (), egress: Sequence[Rule] = OPEN) -> str:
        """A security group: nothing comes in, everything goes out."""
        identity = self._id("sg")
        return self.put(
            "security_groups", identity, SecurityGroup(identity, vpc, identity, tuple(ingress), tuple(egress))
        )

    def interface(
        self,
        subnet: str,
        address: str,
        *groups: str,
        public: str | None = None,
        owner: tuple[OwnerKind, str] | None = None,
        checked: bool = True,
    ) -> str:
        """An interface; without ``owner`` of an instance that is not in the account."""
        identity = self._id("eni")
        number = self._next
        interface = Interface(
            id=identity,
            vpc=self._account.subnets[subnet].vpc,
            subnet=subnet,
            address=IPv4Address(address),
            mac=f"0a:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            groups=groups,
            source_dest_check=checked,
            owner=owner or ("instance", self._id("i")),
            public=IPv4Address(public) if public else None,
        )
        return self.put("interfaces", identity, interface)

    def instance(self, subnet: str, address: str, *groups: str, public: str | None = None, **fields: Any) -> str:
        """A running instance with one interface; ``fields`` of `Instance` replace the defaults."""
        identity = self._id("i")
        interface = self.interface(subnet, address, *groups, public=public, owner=("instance", identity))
        values: dict[str, Any] = {
            "id": identity, "state": "running", "image": "ami-0debian12", "type": "t3.micro", "region": REGION,
            "zone": self._account.subnets[subnet].zone, "interface": interface, "launched": 1.7e9, "key_name": None,
            "public_key": None, "user_data": b"", "profile": None, "tokens_required": True, "hop_limit": 1,
            "instance_tags": False, "attachments": (), "tags": (), "reboots": 0, "vcpus": 2, "memory": 1024, "gpus": 0,
        }  # fmt: skip
        return self.put("instances", identity, Instance(**{**values, **fields}))

    def nat(self, subnet: str, private: str, public: str | None) -> str:
        """A NAT gateway with its interface."""
        identity = self._id("nat")
        vpc = self._account.subnets[subnet].vpc
        self.interface(subnet, private, public=public, owner=("nat_gateway", identity))
        held = NatGateway(identity, vpc, subnet, IPv4Address(private), IPv4Address(public) if public else None)
        return self.put("nat_gateways", identity, held)

    def gateway_endpoint(self, vpc: str, service: str = "s3") -> str:
        """A gateway endpoint; tables lead to it by a route for `S3_PREFIXES`."""
        identity = self._id("vpce")
        return self.put("endpoints", identity, Endpoint(identity, vpc, service, "gateway", S3_PREFIXES, False))

    def _id(self, prefix: str) -> str:
        self._next += 1
        return f"{prefix}-{self._next:017x}"
