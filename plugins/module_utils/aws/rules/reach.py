# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of reach: every subnet, host and gateway has the way out that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.slipway.platform.plugins.module_utils.aws.rules.documents import Documents, Finding
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref

TRANSLATING = ("nat_gateway", "instance")
"""Ways out that serve hosts without a public address."""


def host_without_sources(documents: Documents) -> Iterator[Finding]:
    """A host must reach the packages that it is made of. Public ones: see ``public_instance_in_private_subnet``."""
    for instance in documents.of("instance"):
        if instance.get("sources") == "mirror" or instance.name in documents.public_instances:
            continue
        subnet = instance["subnet"].name
        if documents.ways_out.get(subnet) not in TRANSLATING:
            message = f"no way from subnet {subnet} to the packages of instance {instance.name}"
            remedy = "give the subnet a route to a NAT gateway, the host a public address, or set `sources: mirror`"
            yield f"{instance.path}.subnet", f"{message}; {remedy}"


def group_without_sources(documents: Documents) -> Iterator[Finding]:
    for group in documents.of("auto_scaling_group"):
        if group.get("sources") == "mirror":
            continue
        for subnet in group["subnets"]:
            if not _reaches_internet(documents, subnet):
                message = f"no way from subnet {subnet.name} to the packages of the hosts of {group.name}"
                remedy = "give it a route to a NAT gateway, or one to an internet gateway and `public_addresses: true`"
                yield f"{group.path}.subnets", f"{message}; {remedy}, or set `sources: mirror`"


def _reaches_internet(documents: Documents, subnet: Ref) -> bool:
    """For hosts whose only public address would be the one that the subnet gives at launch."""
    way = documents.ways_out.get(subnet.name)
    public = way == "internet_gateway" and documents.at(subnet)["public_addresses"]
    return way in TRANSLATING or public


def public_instance_in_private_subnet(documents: Documents) -> Iterator[Finding]:
    for instance in documents.of("instance"):
        subnet = instance["subnet"].name
        if instance.name in documents.public_instances and documents.ways_out.get(subnet) != "internet_gateway":
            message = f"instance {instance.name} has a public address, subnet {subnet} no route to an internet gateway"
            yield f"{instance.path}.subnet", f"{message}; move it to a public subnet or drop the address"


def role_without_profile(documents: Documents) -> Iterator[Finding]:
    """A machine takes its role by an instance profile."""
    for want in [*documents.of("instance"), *documents.of("launch_template")]:
        role = documents.at(want["role"]) if want.get("role") else None
        if role is not None and not role["instance_profile"]:
            message = f"iam_role {role.name} has no instance profile"
            yield f"{want.path}.role", f"{message}; say instance_profile: true there"


def nat_without_internet(documents: Documents) -> Iterator[Finding]:
    for gateway in documents.of("nat_gateway"):
        subnet = gateway["subnet"].name
        if documents.ways_out.get(subnet) != "internet_gateway":
            message = f"subnet {subnet} has no route to an internet gateway; put the NAT gateway into a public subnet"
            yield f"{gateway.path}.subnet", message


def subnet_with_two_tables(documents: Documents) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html"""
    seen: dict[str, str] = {}
    for table in documents.of("route_table"):
        for subnet in table.get("subnets", []):
            if seen.setdefault(subnet.name, table.name) != table.name:
                message = f"subnet {subnet.name} has route table {seen[subnet.name]} already and can have one"
                yield f"{table.path}.subnets", f"{message}; drop it here or there"
