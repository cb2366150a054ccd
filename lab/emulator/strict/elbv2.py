# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers: two zones, states that take time, interfaces of their own, protection."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from lab.emulator.strict import cured, refuse
from lab.emulator.strict.addresses import free_address
from lab.emulator.transitions import TRANSITIONS


@cured(FakeLoadBalancer, "activate")
def activate(_: Any, __: Any) -> None:
    """Active with time, not by being looked at. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html"""


@cured(ELBv2Backend, "create_load_balancer")
def create(original: Any, backend: Any, **named: Any) -> Any:
    """Two zones, one name, provisioning first. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""
    chosen = {mapping["SubnetId"]: mapping for mapping in named.get("subnet_mappings") or ()}
    subnets = [*named["subnet_ids"], *chosen]
    _check_zones(backend, subnets, named.get("loadbalancer_type") or "application")
    if any(balancer.name == named["name"] for balancer in backend.load_balancers.values()):
        refuse("DuplicateLoadBalancerName", "A load balancer with the specified name already exists")
    defaults = {"scheme": named.get("scheme") or "internet-facing", "security_groups": _groups(backend, named, subnets)}
    balancer = original(**{**named, **defaults})
    balancer.interfaces = [_interface(backend, balancer, subnet, chosen.get(subnet, {})) for subnet in subnets]
    TRANSITIONS.change(balancer, "state", "provisioning", "active", ("load_balancer", balancer.arn))
    return balancer


def _check_zones(backend: Any, subnets: list[str], kind: str) -> None:
    zones = {backend.ec2_backend.get_subnet(subnet).availability_zone for subnet in subnets}
    if kind == "application" and len(zones) < 2:
        refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    if len(zones) < len(subnets):
        refuse("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same zone")


def _groups(backend: Any, named: dict[str, Any], subnets: list[str]) -> list[str]:
    """An application load balancer has the VPC's default group where none is given, a network load balancer none."""
    if named.get("security_groups") or named.get("loadbalancer_type") == "network":
        return list(named.get("security_groups") or ())
    return [backend.ec2_backend.get_default_security_group(backend.ec2_backend.get_subnet(subnets[0]).vpc_id).id]


def _interface(backend: Any, balancer: Any, subnet: str, chosen: dict[str, str]) -> str:
    """The interface of a balancer in one subnet; it keeps the subnet and the groups from being deleted.

    `chosen`: a network load balancer's own addresses. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SubnetMapping.html
    """
    ec2, private = backend.ec2_backend, chosen.get("PrivateIPv4Address")
    interface = ec2.create_network_interface(subnet, private, group_ids=list(balancer.security_groups))
    interface.description = f"ELB {balancer.arn.partition(':loadbalancer/')[2]}"
    interface.status, interface.requester_managed = "in-use", True
    if not balancer.security_groups:
        interface._group_set = []
    if "AllocationId" in chosen:
        ec2.associate_address(eni=interface, allocation_id=chosen["AllocationId"])
    elif balancer.scheme == "internet-facing":
        interface.public_ip = free_address()
    return str(interface.id)


@cured(ELBv2Backend, "delete_load_balancer")
def delete(original: Any, backend: Any, arn: str) -> None:
    """Not a protected one; its interfaces stay a while. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html"""
    balancer = backend.load_balancers.get(arn)
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        refuse(
            "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        )
    original(arn)
    for interface in getattr(balancer, "interfaces", ()):
        TRANSITIONS.later(_released, backend.ec2_backend, interface)


def _released(ec2: Any, interface: str) -> None:
    if interface in ec2.enis:
        ec2.delete_network_interface(interface)


@cured(ELBv2Backend, "set_subnets")
def set_subnets(original: Any, backend: Any, arn: str, subnets: list[str], subnet_mappings: list[Any]) -> Any:
    """Its interfaces follow. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html"""
    answer = original(arn, subnets, subnet_mappings)
    balancer, ec2 = backend.load_balancers[arn], backend.ec2_backend
    standing = {ec2.enis[interface].subnet_id: interface for interface in balancer.interfaces}
    chosen = {mapping["SubnetId"]: mapping for mapping in subnet_mappings}
    wanted = [subnet.id for subnet in balancer.subnets]
    for interface in [standing[subnet] for subnet in standing if subnet not in wanted]:
        _released(ec2, interface)
    balancer.interfaces = [
        standing.get(subnet) or _interface(backend, balancer, subnet, chosen.get(subnet, {})) for subnet in wanted
    ]
    return answer


@cured(ELBv2Backend, "set_security_groups")
def set_security_groups(original: Any, backend: Any, arn: str, sec_groups: list[str]) -> Any:
    """Its interfaces follow. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSecurityGroups.html"""
    answer = original(arn, sec_groups)
    groups = [backend.ec2_backend.get_security_group_from_id(group) for group in sec_groups]
    for interface in getattr(backend.load_balancers[arn], "interfaces", ()):
        backend.ec2_backend.enis[interface]._group_set = groups
    return answer


@cured(ELBv2Backend, "create_listener")
def create_listener(original: Any, backend: Any, load_balancer_arn: str, protocol: str, port: Any, **named: Any) -> Any:
    """A port once; HTTPS with a certificate. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html"""
    balancer = backend.load_balancers.get(load_balancer_arn)
    if balancer and any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
        refuse("DuplicateListener", f"A listener already exists on port {port} of load balancer '{load_balancer_arn}'")
    if protocol in ("HTTPS", "TLS") and not named.get("certificate"):
        refuse("ValidationError", "A certificate must be specified for HTTPS and TLS listeners")
    return original(load_balancer_arn=load_balancer_arn, protocol=protocol, port=port, **named)
