# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS: states that take time, interfaces of its own, snapshots, master passwords."""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import MasterUserSecret, RDSBackend

from lab.emulator.strict import cured, refuse
from lab.emulator.strict.addresses import free_address
from lab.emulator.transitions import TRANSITIONS

_RESOURCE_ID = string.ascii_uppercase + string.digits


@cured(RDSBackend, "create_db_instance")
def create(original: Any, backend: Any, db_kwargs: dict[str, Any]) -> Any:
    """Creating first; in its own zone's subnet. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html"""
    database = original(db_kwargs)
    database.dbi_resource_id = "db-" + "".join(secrets.choice(_RESOURCE_ID) for _ in range(26))
    database.reboots = 0
    database.restored_from = None
    TRANSITIONS.change(database, "status", "creating", "available", _real(database))
    database.interface = _interface(backend, database, db_kwargs)
    return database


def _real(database: Any) -> tuple[str, str]:
    return "database", database.dbi_resource_id


def _interface(backend: Any, database: Any, given: dict[str, Any]) -> str | None:
    """The interface of an instance: it keeps its subnet and its groups from being deleted."""
    ec2: Any = ec2_backends[backend.account_id][backend.region_name]
    group = backend.subnet_groups.get(subnet_group(getattr(database, "cluster", database)) or "")
    subnets = group._subnets if group else list(ec2.get_default_subnets().values())
    zone = given.get("availability_zone")
    chosen = next((subnet for subnet in subnets if zone in (None, subnet.availability_zone)), None)
    if chosen is None:
        return None
    database.availability_zone = chosen.availability_zone
    if not given.get("vpc_security_group_ids") and not given.get("db_cluster_identifier"):
        database.vpc_security_group_ids = [ec2.get_default_security_group(chosen.vpc_id).id]
    groups = list(database.vpc_security_group_ids)
    interface = ec2.create_network_interface(chosen.id, None, group_ids=groups, description="RDSNetworkInterface")
    interface.status, interface.requester_managed = "in-use", True
    interface.public_ip = free_address() if database.publicly_accessible else None
    return str(interface.id)


@cured(RDSBackend, "delete_db_instance")
def delete(original: Any, backend: Any, db_instance_identifier: str, *more: Any, **named: Any) -> Any:
    """Deleting first, then gone. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html"""
    before = backend.databases.get(db_instance_identifier)
    if before and before.status in ("creating", "deleting"):
        refuse("InvalidDBInstanceState", f"Instance {db_instance_identifier} is currently {before.status}.")
    database = original(db_instance_identifier, *more, **named)
    backend.databases[db_instance_identifier] = database
    TRANSITIONS.awaited(*_real(database), "deleted", _deleted, backend, database)
    return database


def _deleted(backend: Any, database: Any) -> None:
    backend.databases.pop(database.db_instance_identifier, None)
    ec2: Any = ec2_backends[backend.account_id][backend.region_name]
    if database.interface in ec2.enis:
        ec2.delete_network_interface(database.interface)


@cured(RDSBackend, "modify_db_instance")
def modify(original: Any, backend: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
    """While available only; its interface follows. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html"""
    database = backend.databases.get(db_instance_identifier)
    if database and database.status in ("creating", "deleting"):
        refuse("InvalidDBInstanceState", f"Database instance {db_instance_identifier} is not in available state.")
    modified = original(db_instance_identifier, db_kwargs)
    _follow(ec2_backends[backend.account_id][backend.region_name], modified)
    return modified


def _follow(ec2: Any, database: Any) -> None:
    """Give the interface of a database its groups, and a public address or none."""
    interface = ec2.enis.get(getattr(database, "interface", None))
    if interface:
        groups = map(ec2.get_security_group_from_id, database.vpc_security_group_ids)
        interface._group_set = [group for group in groups if group]
        interface.public_ip = (interface.public_ip or free_address()) if database.publicly_accessible else None


@cured(RDSBackend, "reboot_db_instance")
def reboot(original: Any, backend: Any, db_instance_identifier: str) -> Any:
    """Rebooting for a while. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RebootDBInstance.html"""
    database = original(db_instance_identifier)
    if database.status != "available":
        refuse("InvalidDBInstanceState", f"Instance {db_instance_identifier} is currently {database.status}.")
    database.reboots += 1
    TRANSITIONS.change(database, "status", "rebooting", "available", _real(database))
    return database


@cured(RDSBackend, "stop_db_instance")
def stop(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Stopping first. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"""
    database = original(*arguments, **named)
    TRANSITIONS.change(database, "status", "stopping", "stopped", _real(database))
    return database


@cured(RDSBackend, "start_db_instance")
def start(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Starting first. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StartInstance.html"""
    database = original(*arguments, **named)
    TRANSITIONS.change(database, "status", "starting", "available", _real(database))
    return database


@cured(RDSBackend, "create_db_snapshot")
def snapshot(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Creating first. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html"""
    made = original(*arguments, **named)
    if made.snapshot_type == "manual":  # nothing takes automated ones
        TRANSITIONS.change(made, "status", "creating", "available", ("snapshot", snapshot_id(made)))
    return made


def snapshot_id(made: Any) -> str:
    """What a snapshot is called in reports: its name, told apart from others that had or have it elsewhere."""
    moment = f"{made.db_snapshot_arn}/{made.snapshot_create_time.isoformat()}"
    return f"{made.db_snapshot_identifier}-{hashlib.sha256(moment.encode()).hexdigest()[:8]}"


@cured(RDSBackend, "restore_db_instance_from_db_snapshot")
def restore(original: Any, backend: Any, from_snapshot_id: str, overrides: dict[str, Any]) -> Any:
    """From an available one. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html"""
    found = backend.database_snapshots.get(from_snapshot_id.rpartition(":")[2])
    untaken = found and TRANSITIONS.real("snapshot") and found.snapshot_type != "manual"
    if untaken or (found and found.status != "available"):
        refuse("InvalidDBSnapshotState", f"Snapshot {from_snapshot_id} is currently {found.status}.")
    database = original(from_snapshot_id, overrides)
    database.restored_from = snapshot_id(found) if found else None
    return database


@cured(MasterUserSecret, "_generate_secret_string")
def master_secret(_: Any, secret: Any) -> str:
    """A password of its own. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html"""
    return json.dumps({"username": secret.resource.master_username, "password": secrets.token_urlsafe(21)})


@cured(MasterUserSecret, "rotate_secret")
def rotate(_: Any, secret: Any) -> None:
    """Another password at once. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html"""
    secret._status = "rotating"
    value = secret._generate_secret_string()
    secret.secretsmanager.put_secret_value(secret.secret.arn, value, None, None, ["AWSCURRENT"])


def subnet_group(database: Any) -> str | None:
    """Its subnet group's name; an instance's property of that name cannot be read, a cluster's is a plain attribute."""
    own = vars(database)
    name: str | None = own.get("_db_subnet_group_name", own.get("db_subnet_group_name"))
    return name
