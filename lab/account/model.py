# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account at one moment. Frozen, hashable data without references to the emulator; ids are AWS's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

# ---- network


@dataclass(frozen=True)
class Vpc:
    """``dns``: whether the VPC's own resolver answers (enableDnsSupport)."""

    id: str
    region: str
    cidrs: tuple[IPv4Network, ...]
    dns: bool
    internet_gateway: str | None
    """Id of the attached gateway."""

    @property
    def resolver(self) -> IPv4Address:
        """The address of the VPC's resolver: the base of the first range plus two."""
        return self.cidrs[0].network_address + 2


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc: str
    cidr: IPv4Network
    zone: str
    route_table: str
    """The associated one, else the VPC's main table."""
    network_acl: str


@dataclass(frozen=True)
class Route:
    """``target``: ``local``, or the id of a gateway, NAT gateway, gateway endpoint, interface or instance.

    ``destination`` is a range or the id of a prefix list. ``active`` is false for a black hole.
    """

    destination: IPv4Network | str
    target: str
    active: bool = True


@dataclass(frozen=True)
class RouteTable:
    id: str
    vpc: str
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class Rule:
    """One permission of a security group. ``protocol``: ``tcp``, ``udp``, ``icmp``, ``all`` or an IANA number.

    ``ports``: first and last, or for icmp type and code (-1: any); None is every port. Exactly one of the peers is set.
    """

    protocol: str
    ports: tuple[int, int] | None
    cidr: IPv4Network | None = None
    group: str | None = None
    prefix_list: str | None = None


@dataclass(frozen=True)
class SecurityGroup:
    id: str
    vpc: str
    name: str
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


@dataclass(frozen=True)
class AclEntry:
    """One numbered entry; the first that matches decides. Protocol and ports as in `Rule`."""

    number: int
    egress: bool
    allow: bool
    protocol: str
    ports: tuple[int, int] | None
    cidr: IPv4Network


@dataclass(frozen=True)
class NetworkAcl:
    id: str
    vpc: str
    entries: tuple[AclEntry, ...]
    """In the order of their numbers, without AWS's final deny."""


@dataclass(frozen=True)
class NatGateway:
    """An available NAT gateway; pending and deleted ones are not listed."""

    id: str
    vpc: str
    subnet: str
    private: IPv4Address
    public: IPv4Address | None


@dataclass(frozen=True)
class Endpoint:
    """``service``: its short name, ``s3``. ``kind``: gateway endpoints have route tables, interface ones interfaces."""

    id: str
    vpc: str
    service: str
    kind: Literal["gateway", "interface"]
    prefix_list: str | None
    private_dns: bool


OwnerKind = Literal["instance", "load_balancer", "database", "cache", "endpoint", "nat_gateway"]


@dataclass(frozen=True)
class Interface:
    """An elastic network interface in use. ``owner``: the kind and the id (for load balancers the ARN) of its user."""

    id: str
    vpc: str
    subnet: str
    address: IPv4Address
    mac: str
    groups: tuple[str, ...]
    source_dest_check: bool
    owner: tuple[OwnerKind, str]
    public: IPv4Address | None
    """Its Elastic IP or automatically assigned address."""


# ---- compute

InstanceState = Literal["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]


@dataclass(frozen=True)
class Attachment:
    """A volume at an instance. ``root``: it is the image's own device, which is the host's file system."""

    volume: str
    device: str
    root: bool


@dataclass(frozen=True)
class Volume:
    """``size`` in GiB. ``snapshot``: what it was made from, or the empty string."""

    id: str
    zone: str
    size: int
    snapshot: str


@dataclass(frozen=True)
class Instance:
    id: str
    state: InstanceState
    image: str
    type: str
    region: str
    zone: str
    interface: str
    """Its primary interface's id."""
    launched: float
    """Seconds since the epoch."""
    key_name: str | None
    public_key: str | None
    """In OpenSSH's format."""
    user_data: bytes
    profile: tuple[str, str] | None
    """ARN of the instance profile and name of its role."""
    tokens_required: bool
    """Whether the metadata service wants a token (IMDSv2)."""
    hop_limit: int
    instance_tags: bool
    """Whether the metadata service tells the tags."""
    attachments: tuple[Attachment, ...]
    tags: tuple[tuple[str, str], ...]
    reboots: int
    """How many times RebootInstances was called for it."""
    vcpus: int
    memory: int
    """MiB, of its type."""
    gpus: int


# ---- names


@dataclass(frozen=True)
class Record:
    """``name`` with its final dot, lower case. ``alias``: the DNS name an alias record stands for."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]
    alias: str | None


@dataclass(frozen=True)
class Zone:
    id: str
    name: str
    vpcs: tuple[str, ...]
    """The VPCs a private zone is associated with; none: a public zone."""
    records: tuple[Record, ...]


# ---- managed services


@dataclass(frozen=True)
class Target:
    """``id``: an instance id, an address or an ARN. ``port``: the target's own or the group's."""

    id: str
    port: int


@dataclass(frozen=True)
class HealthCheck:
    """Times in seconds; ``codes`` as AWS writes them: ``200``, ``200,204`` or ``200-299``."""

    protocol: str
    port: str
    """A number, or ``traffic-port``."""
    path: str | None
    interval: int
    timeout: int
    healthy: int
    unhealthy: int
    codes: str


@dataclass(frozen=True)
class TargetGroup:
    arn: str
    name: str
    vpc: str
    protocol: str
    port: int
    target_type: Literal["instance", "ip", "lambda", "alb"]
    targets: tuple[Target, ...]
    health: HealthCheck
    deregistration_delay: int
    """Seconds."""
    stickiness: int | None
    """Seconds that the load balancer's own cookie lasts; None: off."""
    draining: tuple[Target, ...] = ()
    """Targets that were deregistered and still finish requests; empty where nothing real says when they have."""


@dataclass(frozen=True)
class Condition:
    """``field``: path-pattern, host-header, http-header, http-request-method, query-string or source-ip.

    ``key`` is the header's or the query's name; any one of ``values`` must match (``*`` and ``?`` are wild cards).
    Where a query-string condition has several names, ``key`` is empty and a value is ``NAME=VALUE``. A query-string
    value without a name (any name) has an empty ``key`` and is the value alone.
    """

    field: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Action:
    """What a rule does: ``forward`` (weighted target groups), ``redirect`` or ``fixed-response``, with its settings."""

    type: str
    target_groups: tuple[tuple[str, int], ...] = ()
    """ARN and weight."""
    settings: tuple[tuple[str, str], ...] = ()
    """As the API writes them: Protocol, Port, Host, Path, Query, StatusCode, ContentType, MessageBody."""


@dataclass(frozen=True)
class ListenerRule:
    """``priority``: None is the listener's default, which has no conditions."""

    arn: str
    priority: int | None
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    arn: str
    protocol: str
    port: int
    certificates: tuple[str, ...]
    """ARNs; the first is the default."""
    ssl_policy: str | None
    rules: tuple[ListenerRule, ...]
    """In the order of their priority, the default last."""


@dataclass(frozen=True)
class LoadBalancer:
    arn: str
    name: str
    type: Literal["application", "network"]
    scheme: Literal["internet-facing", "internal"]
    dns_name: str
    region: str
    vpc: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    idle_timeout: int
    cross_zone: bool
    listeners: tuple[Listener, ...]


@dataclass(frozen=True)
class Certificate:
    """A certificate of the store: PEM texts. Its key is a secret: kept out of every representation."""

    arn: str
    certificate: str
    chain: str
    private_key: str = dataclasses.field(repr=False, default="")


@dataclass(frozen=True)
class Database:
    """An RDS instance. ``endpoint``: its DNS name. Passwords are kept out of every representation.

    ``id`` is its DbiResourceId: another database that has the same ``name`` later, or in another region, has its own.
    """

    id: str
    arn: str
    region: str
    status: str
    engine: str
    version: str
    vpc: str
    subnets: tuple[str, ...]
    zone: str
    groups: tuple[str, ...]
    port: int
    endpoint: str
    public: bool
    database: str | None
    username: str
    parameters: tuple[tuple[str, str], ...]
    storage: int
    """GiB."""
    snapshot: str | None
    """Id of the snapshot it was restored from."""
    reboots: int
    password: str = dataclasses.field(repr=False, default="")
    name: str = ""
    """Its identifier."""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a database; it is taken when it is first seen.

    ``id`` is its name and a digest that tells it from others which have or had that name; ``database`` is an id.
    """

    id: str
    database: str


# ---- images


@dataclass(frozen=True)
class Repository:
    """A repository of ECR. ``immutable``: whether its tags are."""

    arn: str
    name: str
    region: str
    immutable: bool


@dataclass(frozen=True)
class Account:
    """Everything, by id."""

    id: str
    vpcs: Mapping[str, Vpc]
    subnets: Mapping[str, Subnet]
    route_tables: Mapping[str, RouteTable]
    network_acls: Mapping[str, NetworkAcl]
    security_groups: Mapping[str, SecurityGroup]
    nat_gateways: Mapping[str, NatGateway]
    endpoints: Mapping[str, Endpoint]
    interfaces: Mapping[str, Interface]
    instances: Mapping[str, Instance]
    volumes: Mapping[str, Volume]
    zones: Mapping[str, Zone]
    target_groups: Mapping[str, TargetGroup]
    load_balancers: Mapping[str, LoadBalancer]
    certificates: Mapping[str, Certificate]
    databases: Mapping[str, Database]
    database_snapshots: Mapping[str, Snapshot]
    prefix_lists: Mapping[str, tuple[IPv4Network, ...]]
    """AWS's own and the account's, as ranges in the lab's addresses."""
    repositories: Mapping[str, Repository] = dataclasses.field(default_factory=dict)


def empty(account_id: str) -> Account:
    """An account that holds nothing."""
    names = [field.name for field in dataclasses.fields(Account) if field.name != "id"]
    return Account(id=account_id, **{name: {} for name in names})
