# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of addresses: ranges that must contain one another or must not overlap, and zones."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, groupby

from ansible_collections.slipway.platform.plugins.module_utils.aws.rules.documents import Documents, Finding
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want

CLUSTER_RANGES = {"10.42.0.0/16": "pods", "10.43.0.0/16": "services"}
"""K3s's defaults for cluster-cidr and service-cidr: https://docs.k3s.io/cli/server#networking"""


def _range(want: Want) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(want["cidr"])


def _overlaps(wants: Iterable[Want]) -> Iterator[tuple[Want, Want]]:
    for one, other in combinations(wants, 2):
        if _range(one).overlaps(_range(other)):
            yield one, other


def subnet_outside_vpc(documents: Documents) -> Iterator[Finding]:
    for subnet in documents.of("subnet"):
        vpc = documents.at(subnet["vpc"])
        if not _range(subnet).subnet_of(_range(vpc)):
            message = f"{subnet['cidr']} is outside {vpc['cidr']} of vpc {vpc.name}"
            yield f"{subnet.path}.cidr", f"{message}; choose a range inside it"


def subnets_overlap(documents: Documents) -> Iterator[Finding]:
    def vpc(subnet: Want) -> str:
        return str(subnet["vpc"].name)

    for _vpc, subnets in groupby(sorted(documents.of("subnet"), key=vpc), vpc):
        for one, other in _overlaps(subnets):
            message = f"{other['cidr']} overlaps {one['cidr']} of subnet {one.name}"
            yield f"{other.path}.cidr", f"{message}; choose another range"


def vpcs_overlap(documents: Documents) -> Iterator[Finding]:
    for one, other in _overlaps(documents.of("vpc")):
        message = f"{other['cidr']} overlaps {one['cidr']} of vpc {one.name}, so the two could never be joined"
        yield f"{other.path}.cidr", f"{message}; choose another range"


def cluster_ranges_taken(documents: Documents) -> Iterator[Finding]:
    """A VPC inside one of the ranges is told once, without each of its subnets."""
    for taken, user in CLUSTER_RANGES.items():
        for want in _outermost_overlapping(documents, ipaddress.IPv4Network(taken)):
            message = f"{want['cidr']} overlaps {taken}, the addresses of the cluster's {user}"
            yield f"{want.path}.cidr", f"{message}; choose another range"


def _outermost_overlapping(documents: Documents, cluster: ipaddress.IPv4Network) -> list[Want]:
    vpcs = [vpc for vpc in documents.of("vpc") if _range(vpc).overlaps(cluster)]
    told = {vpc.name for vpc in vpcs}
    subnets = [each for each in documents.of("subnet") if _range(each).overlaps(cluster)]
    return [*vpcs, *(subnet for subnet in subnets if subnet["vpc"].name not in told)]


def zone_outside_region(documents: Documents) -> Iterator[Finding]:
    region = documents.scope.region
    for want in [*documents.of("subnet"), *documents.of("ebs_volume")]:
        if not want["zone"].startswith(region):
            yield f"{want.path}.zone", f"{want['zone']} is no zone of {region}; name one such as {region}a"


def load_balancer_zones(documents: Documents) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-subnets.html"""
    for balancer in documents.of("load_balancer"):
        zones = Counter(documents.zones(balancer))
        if balancer["load_balancer_type"] == "application" and len(zones) < 2:
            message = "an application load balancer needs subnets in two zones"
            yield f"{balancer.path}.subnets", f"{message}; add one of another zone"
            continue
        for zone, count in zones.items():
            if count > 1:
                message = f"{count} subnets are in {zone} and a load balancer takes one a zone"
                yield f"{balancer.path}.subnets", f"{message}; keep one of them"


def database_zones(documents: Documents) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html"""
    for group in documents.of("db_subnet_group"):
        if len({*documents.zones(group)}) < 2:
            message = "a database needs subnets in two zones, also where it stands in one"
            yield f"{group.path}.subnets", f"{message}; add one of another zone"


def volume_elsewhere(documents: Documents) -> Iterator[Finding]:
    for volume in documents.of("ebs_volume"):
        if "instance" not in volume.values:
            continue
        instance = documents.at(volume["instance"])
        zone = documents.at(instance["subnet"])["zone"]
        if zone != volume["zone"]:
            message = f"{volume['zone']}, but instance {instance.name} stands in {zone}"
            yield f"{volume.path}.zone", f"{message}; a volume attaches in its own zone only: put both into one"
