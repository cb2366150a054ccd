# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers: two zones, states that take time, interfaces of their own, protection."""

from __future__ import annotations

import functools
from typing import Any

from moto.ec2.utils import random_public_ip
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from lab.emulator.strict import cured, refuse
from lab.emulator.transitions import TRANSITIONS


@cured(FakeLoadBalancer, "activate")
def activate(_: Any, __: Any) -> None:
    """Active with time, not by being looked at. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html"""


@cured(ELBv2Backend, "create_load_balancer")
def create(original: Any, backend: Any, **named: Any) -> Any:
    """Two zones, one name, provisioning first. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""
    subnets = [*named["subnet_ids"], *(mapping["SubnetId"] for mapping in named.get("subnet_mappings") or ())]
    _check_zones(backend, subnets, named.get("loadbalancer_type") or "application")
    if any(balancer.name == named["name"] for balancer in backend.load_balancers.values()):
        refuse("DuplicateLoadBalancerName", "A load balancer with the specified name already exists")
    balancer = original(**{**named, "scheme": named.get("scheme") or "internet-facing"})
    balancer.interfaces = [_interface(backend, balancer, subnet) for subnet in subnets]
    TRANSITIONS.change(balancer, "state", "provisioning", "active")
    return balancer


def _check_zones(backend: Any, subnets: list[str], kind: str) -> None:
    zones = {backend.ec2_backend.get_subnet(subnet).availability_zone for subnet in subnets}
    if kind == "application" and len(zones) < 2:
        refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    if len(zones) < len(subnets):
        refuse("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same zone")


def _interface(backend: Any, balancer: Any, subnet: str) -> str:
    """The interface of a balancer in one subnet; it keeps the subnet and the groups from being deleted."""
    interface = backend.ec2_backend.create_network_interface(subnet, None, group_ids=list(balancer.security_groups))
    interface.description = f"ELB {balancer.arn.partition(':loadbalancer/')[2]}"
    interface.status, interface.requester_managed = "in-use", True
    interface.public_ip = random_public_ip() if balancer.scheme == "internet-facing" else None
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
        TRANSITIONS.later(functools.partial(backend.ec2_backend.delete_network_interface, interface))


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
