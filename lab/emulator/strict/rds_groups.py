# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS: subnet and parameter groups that stay and are not deleted in use."""

from __future__ import annotations

from typing import Any

from moto.rds.models import RDSBackend

from lab.emulator.strict import cured, refuse
from lab.emulator.strict.rds import subnet_group


@cured(RDSBackend, "modify_db_subnet_group")
def modify_subnet_group(_: Any, backend: Any, subnet_name: str, description: str | None, subnets: list[Any]) -> Any:
    """The group stays. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html"""
    group = backend.describe_db_subnet_groups(subnet_name)[0]
    group._subnets = subnets or group._subnets
    group.description = group.description if description is None else description
    return group


@cured(RDSBackend, "create_subnet_group")
def create_subnet_group(
    original: Any, backend: Any, subnet_name: str, description: str, subnets: Any, tags: Any
) -> Any:
    """Two zones, one name. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html"""
    if subnet_name in backend.subnet_groups:
        refuse("DBSubnetGroupAlreadyExists", f"DB subnet group {subnet_name} already exists")
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement: at least 2 AZs"
        refuse("DBSubnetGroupDoesNotCoverEnoughAZs", message)
    return original(subnet_name, description, subnets, tags)


@cured(RDSBackend, "delete_subnet_group")
def delete_subnet_group(original: Any, backend: Any, subnet_name: str) -> Any:
    """Not in use. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html"""
    if subnet_name in map(subnet_group, (*backend.databases.values(), *backend.clusters.values())):
        refuse("InvalidDBSubnetGroupStateFault", f"Cannot delete the subnet group '{subnet_name}': it is in use")
    return original(subnet_name)


@cured(RDSBackend, "delete_db_parameter_group")
def delete_parameter_group(original: Any, backend: Any, db_parameter_group_name: str) -> Any:
    """Not in use. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBParameterGroup.html"""
    if any(database.db_parameter_group_name == db_parameter_group_name for database in backend.databases.values()):
        refuse(
            "InvalidDBParameterGroupState", "One or more database instances are still members of this parameter group"
        )
    return original(db_parameter_group_name)
