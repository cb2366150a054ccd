# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of a group as a load balancer sees them: where each is, and why it is not used."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from lab.account.model import Account, Listener, LoadBalancer, Target, TargetGroup

USED = ("HTTP", "HTTPS", "TCP", "TLS")
"""Protocols of target groups and listeners that there is a server for."""


@dataclass(frozen=True)
class _Found:
    """Where a target is. ``zone``: None outside the VPC's subnets."""

    address: IPv4Address
    zone: str | None


@dataclass(frozen=True)
class Unused:
    """A target that gets no requests: its state and AWS's reason code for it."""

    state: str
    reason: str


@dataclass(frozen=True)
class Server:
    """A target that gets requests. ``name``: the target's id and port."""

    name: str
    address: IPv4Address
    port: int
    zone: str | None


def label(target: Target) -> str:
    """A target's name among those of its group."""
    return f"{target.id}:{target.port}"


def identity(group: str, name: str) -> str:
    """The name under which a target's health is reported: the group's ARN and the target's `label`."""
    return f"{group} {name}"


def backend(group: str) -> str:
    """HAProxy's name of a target group, from its ARN (``…:targetgroup/NAME/ID``)."""
    return group.rpartition(":")[2].removeprefix("targetgroup/").replace("/", ".")


def groups_of(load_balancer: LoadBalancer, account: Account) -> list[TargetGroup]:
    """The target groups that a load balancer's listeners name, each once, in their order."""
    arns = (arn for listener in load_balancer.listeners for arn in groups_named(listener))
    return [account.target_groups[arn] for arn in dict.fromkeys(arns) if arn in account.target_groups]


def groups_named(listener: Listener) -> list[str]:
    """The ARNs of the target groups that a listener's rules forward to."""
    return [arn for rule in listener.rules for arn, _weight in rule.action.target_groups]


def resolve(target: Target, group: TargetGroup, load_balancer: LoadBalancer, account: Account) -> Server | Unused:
    """Where a target is, or why it gets nothing.

    One that is stopped, or in a zone that the load balancer has no subnet in, is unused:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
    """
    found = _instance(target, account) if group.target_type == "instance" else _address(target, group, account)
    if isinstance(found, Unused):
        return found
    zones = {account.subnets[subnet].zone for subnet in load_balancer.subnets if subnet in account.subnets}
    if found.zone is not None and found.zone not in zones:
        return Unused("unused", "Target.NotInUse")
    return Server(label(target), found.address, target.port, found.zone)


def _instance(target: Target, account: Account) -> _Found | Unused:
    instance = account.instances.get(target.id)
    if instance is None or instance.state not in ("pending", "running"):
        return Unused("unused", "Target.InvalidState")
    interface = account.interfaces.get(instance.interface)
    if interface is None:
        return Unused("initial", "Elb.RegistrationInProgress")
    return _Found(interface.address, instance.zone)


def _address(target: Target, group: TargetGroup, account: Account) -> _Found | Unused:
    try:
        address = IPv4Address(target.id)
    except AddressValueError:  # a Lambda function or another load balancer: there is no server for these
        return Unused("unused", "Target.IpUnusable")
    subnets = (subnet for subnet in account.subnets.values() if subnet.vpc == group.vpc and address in subnet.cidr)
    return _Found(address, next((subnet.zone for subnet in subnets), None))
