# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents of a stack must satisfy together, checked before anything is read or touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.slipway.platform.plugins.module_utils.aws.rules import addresses, reach, traffic
from ansible_collections.slipway.platform.plugins.module_utils.aws.rules.documents import Documents, Finding, Rule
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope

RULES: tuple[Rule, ...] = (
    addresses.subnet_outside_vpc,
    addresses.subnets_overlap,
    addresses.vpcs_overlap,
    addresses.cluster_ranges_taken,
    addresses.zone_outside_region,
    addresses.load_balancer_zones,
    addresses.database_zones,
    addresses.volume_elsewhere,
    reach.host_without_sources,
    reach.group_without_sources,
    reach.public_instance_in_private_subnet,
    reach.role_without_profile,
    reach.nat_without_internet,
    reach.subnet_with_two_tables,
    traffic.port_wanted_twice,
    traffic.listener_twice,
    traffic.priority_twice,
    traffic.record_conflict,
)


def check(wants: Mapping[tuple[str, str], Want], scope: Scope) -> Iterator[Finding]:
    """Each finding as (path of the document or field, what is wrong and how to mend it).

    ``wants`` are checked documents, defaults filled in, whose references (``Ref`` by name) all lead to one of them.
    """
    documents = Documents(wants, scope)
    for rule in RULES:
        yield from rule(documents)
