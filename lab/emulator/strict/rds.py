# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS: states that take time, interfaces of its own, groups that stay and are not deleted in use."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import RDSBackend

from lab.emulator.strict import cured, refuse
from lab.emulator.transitions import TRANSITIONS


@cured(RDSBackend, "create_db_instance")
def create(original: Any, backend: Any, db_kwargs: dict[str, Any]) -> Any:
    """Creating first. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html"""
    database = original(db_kwargs)
    TRANSITIONS.change(database, "status", "creating", "available")
    database.interface = _interface(backend, database)
    return database


def _interface(backend: Any, database: Any) -> str | None:
    """The interface of an instance: it keeps its subnet and its groups from being deleted."""
    group = backend.subnet_groups.get(_subnet_group(database))
    if group is None:
        return None
    ec2: Any = ec2_backends[backend.account_id][backend.region_name]
    groups = list(database.vpc_security_group_ids)
    interface = ec2.create_network_interface(
        group._subnets[0], None, group_ids=groups, description="RDSNetworkInterface"
    )
    interface.status, interface.requester_managed = "in-use", True
    return str(interface.id)


@cured(RDSBackend, "delete_db_instance")
def delete(original: Any, backend: Any, db_instance_identifier: str, *more: Any, **named: Any) -> Any:
    """Deleting first, then gone. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html"""
    before = backend.databases.get(db_instance_identifier)
    if before and before.status in ("creating", "deleting"):
        refuse("InvalidDBInstanceState", f"Instance {db_instance_identifier} is currently {before.status}.")
    database = original(db_instance_identifier, *more, **named)

    def finish() -> None:
        backend.databases.pop(db_instance_identifier, None)
        ec2 = ec2_backends[backend.account_id][backend.region_name]
        if database.interface in ec2.enis:
            ec2.delete_network_interface(database.interface)

    backend.databases[db_instance_identifier] = database
    TRANSITIONS.later(finish)
    return database


@cured(RDSBackend, "modify_db_instance")
def modify(original: Any, backend: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
    """While available only. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html"""
    database = backend.databases.get(db_instance_identifier)
    if database and database.status in ("creating", "deleting"):
        refuse("InvalidDBInstanceState", f"Database instance {db_instance_identifier} is not in available state.")
    return original(db_instance_identifier, db_kwargs)


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
    if subnet_name in map(_subnet_group, (*backend.databases.values(), *backend.clusters.values())):
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


def _subnet_group(database: Any) -> str | None:
    """Its subnet group's name; an instance's property of that name cannot be read, a cluster's is a plain attribute."""
    own = vars(database)
    name: str | None = own.get("_db_subnet_group_name", own.get("db_subnet_group_name"))
    return name
