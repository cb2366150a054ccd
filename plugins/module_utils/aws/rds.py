# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS: DB subnet group and DB instance. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    boolean,
    integer,
    reference,
    set_of,
    string,
    template,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own


class RdsKind(Kind):
    """A resource of the RDS API: found by its name, which RDS keeps in lower case."""

    service = "rds"
    identity = "name"
    listing: ClassVar[tuple[str, str, str, str]]
    """Describe operation, the parameter that names one, the path of the items, the code of *not found*."""
    arn_key: ClassVar[str]

    def physical_name(self, scope: Scope, name: str, values: Mapping[str, Any]) -> str:
        return super().physical_name(scope, name, values).lower()

    def observe(self, row: Mapping[str, Any], tags: Mapping[str, str], want: Want | None) -> dict[str, Any]:
        """The fields of one described row, in the document's terms."""
        raise NotImplementedError

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of one described row."""
        raise NotImplementedError

    def tags(self, reader: Reader, row: Mapping[str, Any]) -> dict[str, str]:
        answer = reader.call("rds", "ListTagsForResource", {"ResourceName": row[self.arn_key]})
        return as_map((answer or {})["TagList"])

    def relevant(self, row: Mapping[str, Any]) -> bool:
        """Whether a row stands for what exists and is of this kind."""
        return True

    def read(self, reader: Reader, request: Request) -> list[Have]:
        wanted = {want.physical_name: want for want in request.wants}
        names = {**wanted, **{one.arn.rpartition(":")[2]: None for one in request.swept}}
        haves = reader.each(lambda name: self._read_one(reader, name, wanted.get(name)), names)
        return [have for have in haves if have is not None]

    def _read_one(self, reader: Reader, name: str, want: Want | None) -> Have | None:
        operation, parameter, path, missing = self.listing
        answer = reader.call("rds", operation, {parameter: name}, (missing,))
        if answer is None or not self.relevant(answer[path][0]):
            return None
        row = answer[path][0]
        tags = self.tags(reader, row)
        foreign = tags.get(STACK_TAG) != reader.scope.stack
        if foreign and want is None:
            return None
        return Have(
            kind=self.name,
            name=want.name if foreign and want else tags[NAME_TAG],
            fields=self.observe(row, tags, want),
            attributes=self.describe(row),
            tags=tags,
            physical_name=name,
            foreign=foreign,
            pending=row.get("DBInstanceStatus") == "creating",
        )

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        arn = have.attributes["arn"]
        if tags:
            yield Call("rds", "AddTagsToResource", {"ResourceName": arn, "Tags": as_list(tags)})
        if gone:
            yield Call("rds", "RemoveTagsFromResource", {"ResourceName": arn, "TagKeys": list(gone)})


class DbSubnetGroup(RdsKind):
    name = "db_subnet_group"
    doc = "The subnets that a database may stand in."
    listing = (
        "DescribeDBSubnetGroups",
        "DBSubnetGroupName",
        "DBSubnetGroups",
        "DBSubnetGroupNotFoundFault",
    )
    arn_key = "DBSubnetGroupArn"
    arn = r"arn:[^:]+:rds:[^:]+:\d+:subgrp:.+"
    fields = {
        "description": string("What it is for.", default="Managed by Slipway"),
        "subnets": set_of(
            reference("subnet", "A subnet."), "Subnets in at least two availability zones.", required=True
        ),
    }
    attributes = {"id": "name", "arn": "ARN"}
    calls = {
        "read": ("DescribeDBSubnetGroups", "ListTagsForResource"),
        "write": (
            "CreateDBSubnetGroup",
            "ModifyDBSubnetGroup",
            "DeleteDBSubnetGroup",
            "AddTagsToResource",
            "RemoveTagsFromResource",
        ),
    }

    def observe(self, row: Mapping[str, Any], tags: Mapping[str, str], want: Want | None) -> dict[str, Any]:
        return {
            "description": row["DBSubnetGroupDescription"],
            "subnets": [subnet["SubnetIdentifier"] for subnet in row["Subnets"]],
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": row["DBSubnetGroupName"], "arn": row["DBSubnetGroupArn"]}

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "rds",
            "CreateDBSubnetGroup",
            {"DBSubnetGroupName": want.physical_name, **self._params(want), "Tags": as_list(want.tags)},
            gives={"id": "DBSubnetGroup.DBSubnetGroupName", "arn": "DBSubnetGroup.DBSubnetGroupArn"},
        )

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        yield Call("rds", "ModifyDBSubnetGroup", {"DBSubnetGroupName": have.id, **self._params(want)})

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call(
            "rds",
            "DeleteDBSubnetGroup",
            {"DBSubnetGroupName": have.id},
            done=("DBSubnetGroupNotFoundFault",),
            # Held by an instance that an earlier run began to delete.
            patience={"InvalidDBSubnetGroupStateFault": DEADLINE},
        )

    def check(self, want: Want) -> Iterator[str]:
        if len(want["subnets"]) < 2:
            yield "RDS asks for subnets in at least two availability zones; name two"

    def _params(self, want: Want) -> dict[str, Any]:
        return {"DBSubnetGroupDescription": want["description"], "SubnetIds": want["subnets"]}


DEADLINE = 2400
"""Seconds that an instance may take to come, change or go."""
FINAL_SNAPSHOT_TAG = "slipway:final-snapshot"
"""`false` on an instance that is deleted without a last snapshot: nothing else in the account would say so."""

_MUTABLE = {
    "engine_version": "EngineVersion",
    "instance_class": "DBInstanceClass",
    "storage": "AllocatedStorage",
    "storage_type": "StorageType",
    "security_groups": "VpcSecurityGroupIds",
    "multi_az": "MultiAZ",
    "port": "Port",
    "backup_days": "BackupRetentionPeriod",
    "deletion_protection": "DeletionProtection",
    "performance_insights": "EnablePerformanceInsights",
}
_ON_CREATE = {
    **_MUTABLE,
    "engine": "Engine",
    "encrypted": "StorageEncrypted",
    "kms_key": "KmsKeyId",
    "subnet_group": "DBSubnetGroupName",
    "zone": "AvailabilityZone",
    "database": "DBName",
    "username": "MasterUsername",
    "log_exports": "EnableCloudwatchLogsExports",
}
"""Field → parameter."""
_EXACT_PARTS = {"postgres": 2, "mysql": 3, "mariadb": 3}
"""Engine → numbers in the version of one minor release."""


class DbInstance(RdsKind):
    name = "db_instance"
    doc = (
        "A relational database. RDS makes its password and keeps it in Secrets Manager. An engine version stands for "
        "all its releases: `15` for 15.8, and then minor releases follow by themselves."
    )
    listing = ("DescribeDBInstances", "DBInstanceIdentifier", "DBInstances", "DBInstanceNotFound")
    arn_key = "DBInstanceArn"
    arn = r"arn:[^:]+:rds:[^:]+:\d+:db:.+"
    resource_type = "db"
    name_limit = 63
    protected = True
    lock = "deletion_protection"
    down = "the database; its data goes with it, but for the final snapshot"
    fields = {
        "engine": string("Engine.", default="postgres", choices=tuple(_EXACT_PARTS), change=Change.REPLACE),
        "engine_version": string(
            "Engine version, as exact as it is to be held.", required=True, pattern=r"\d+(\.\d+)*"
        ),
        "instance_class": string("Instance class.", required=True, pattern=r"db\..+"),
        "storage": integer("Gigabytes. Can grow, never shrink.", required=True, minimum=20, maximum=65536),
        "storage_type": string("Volume type.", default="gp3", choices=("gp2", "gp3")),
        "encrypted": boolean("Encrypt storage, backups and snapshots.", default=True, change=Change.REPLACE),
        "kms_key": template(
            "ARN of the key it is encrypted with; absent: the account's `aws/rds`.",
            # An alias would read back as another text, and look like a change that asks for a new database.
            pattern=r"arn:.+|\$\{[^}]+\}",
            change=Change.REPLACE,
        ),
        "subnet_group": reference("db_subnet_group", "Its subnets.", required=True, change=Change.REPLACE),
        "security_groups": set_of(reference("security_group", "A security group."), "Its security groups."),
        "multi_az": boolean("Keep a standby in another zone.", default=False),
        "zone": string("Availability zone of a single instance.", change=Change.CREATE_ONLY),
        "database": string("Name of the first database.", change=Change.CREATE_ONLY),
        "username": string("Name of the administrator.", default="slipway", change=Change.CREATE_ONLY),
        "port": integer("Port.", default=5432, minimum=1150, maximum=65535),
        "backup_days": integer("Days that can be restored to a point in time.", default=7, minimum=0, maximum=35),
        "deletion_protection": boolean("Have AWS refuse to delete it.", default=False),
        "log_exports": set_of(string("A log."), "Logs sent to CloudWatch."),
        "performance_insights": boolean("Record where the database's time goes.", default=False),
        "apply_immediately": boolean(
            "Change it at once, not in its maintenance window. Says how runs behave; nothing is compared.",
            default=True,
            change=Change.CREATE_ONLY,
        ),
        "final_snapshot": boolean("Take a snapshot before it is deleted.", default=True),
    }
    attributes = {
        "id": "identifier",
        "arn": "ARN",
        "endpoint": "host name",
        "port": "port",
        "secret_arn": "ARN of the secret with user name and password",
        "resource_id": "the identifier that is never used again, as IAM database authentication wants it",
    }
    calls = {
        "read": ("DescribeDBInstances",),
        "write": (
            "CreateDBInstance",
            "ModifyDBInstance",
            "DeleteDBInstance",
            "AddTagsToResource",
            "RemoveTagsFromResource",
        ),
    }
    gives: ClassVar[Mapping[str, str]] = {
        "id": "DBInstanceIdentifier",
        "arn": "DBInstanceArn",
        "endpoint": "Endpoint.Address",
        "port": "Endpoint.Port",
        "secret_arn": "MasterUserSecret.SecretArn",
        "resource_id": "DbiResourceId",
    }

    def tags(self, reader: Reader, row: Mapping[str, Any]) -> dict[str, str]:
        return as_map(row["TagList"])

    def relevant(self, row: Mapping[str, Any]) -> bool:
        # DocumentDB and Aurora answer to the same call.
        return row["Engine"] in _EXACT_PARTS and row["DBInstanceStatus"] != "deleting"

    def observe(self, row: Mapping[str, Any], tags: Mapping[str, str], want: Want | None) -> dict[str, Any]:
        # What waits for the maintenance window is asked for already.
        row = {"Port": row.get("Endpoint", {}).get("Port"), **row, **row.get("PendingModifiedValues", {})}
        groups = [group for group in row["VpcSecurityGroups"] if group["Status"] != "removing"]
        return {
            **{field: row.get(key) for field, key in _ON_CREATE.items()},
            "engine_version": _as_exact_as(want["engine_version"] if want else "", row["EngineVersion"]),
            "subnet_group": row["DBSubnetGroup"]["DBSubnetGroupName"],
            "security_groups": [group["VpcSecurityGroupId"] for group in groups],
            "performance_insights": row.get("PerformanceInsightsEnabled", False),
            "log_exports": row.get("EnabledCloudwatchLogsExports", []),
            "final_snapshot": tags.get(FINAL_SNAPSHOT_TAG) != "false",
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        nested = {
            **row,
            **{
                f"{one}.{key}": value
                for one in ("Endpoint", "MasterUserSecret")
                for key, value in row.get(one, {}).items()
            },
        }
        return {attribute: nested[path] for attribute, path in self.gives.items() if path in nested}

    def forbid(self, have: Have, want: Want) -> Iterator[str]:
        if want["storage"] < have.fields["storage"]:
            yield f"storage never shrinks: it has {have.fields['storage']} GB; say so, or restore into another instance"

    def create(self, want: Want) -> Iterator[Step]:
        last = {} if want["final_snapshot"] else {FINAL_SNAPSHOT_TAG: "false"}
        yield Call(
            "rds",
            "CreateDBInstance",
            {
                "DBInstanceIdentifier": want.physical_name,
                **{key: want[field] for field, key in _ON_CREATE.items() if want.get(field) is not None},
                "ManageMasterUserPassword": True,
                # Left out, it would depend on whether the VPC has an internet gateway.
                "PubliclyAccessible": False,
                "AutoMinorVersionUpgrade": _floats(want),
                "CopyTagsToSnapshot": True,
                "Tags": as_list({**want.tags, **last}),
            },
            gives={attribute: f"DBInstance.{path}" for attribute, path in self.gives.items()},
            # An instance of this name that is being deleted: the read takes it for gone.
            patience={"DBInstanceAlreadyExists": DEADLINE},
        )
        yield Wait(
            "rds",
            "DescribeDBInstances",
            {"DBInstanceIdentifier": Own()},
            "DBInstances[0].DBInstanceStatus",
            until=("available", "storage-optimization"),
            fail=("failed", "incompatible-network", "incompatible-parameters", "incompatible-restore"),
            gives={attribute: f"DBInstances[0].{path}" for attribute, path in self.gives.items()},
            deadline=DEADLINE,
        )

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        params = {key: want[field] for field, key in _MUTABLE.items() if field in changed}
        if "port" in changed:
            params["DBPortNumber"] = params.pop("Port")
        if "engine_version" in changed:
            params |= {"AllowMajorVersionUpgrade": True, "AutoMinorVersionUpgrade": _floats(want)}
        if "log_exports" in changed:
            params["CloudwatchLogsExportConfiguration"] = _log_changes(have.fields["log_exports"], want["log_exports"])
        if params:
            yield from self._modify(have, params, want["apply_immediately"])
        if "final_snapshot" in changed:
            yield from self._mark(have, want["final_snapshot"])

    def delete(self, have: Have) -> Iterator[Step]:
        last: dict[str, Any] = {"SkipFinalSnapshot": True}
        if have.fields["final_snapshot"]:
            # Never used again, so neither is the snapshot's name.
            suffix = have.attributes["resource_id"].lower()
            last = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": f"{have.id}-final-{suffix}"}
        gone = ("DBInstanceNotFound",)
        if have.fields[self.lock]:
            unlocked = {"DBInstanceIdentifier": have.id, "DeletionProtection": False, "ApplyImmediately": True}
            yield Call("rds", "ModifyDBInstance", unlocked, done=gone, patience={"InvalidDBInstanceState": 900})
        yield Call(
            "rds",
            "DeleteDBInstance",
            {"DBInstanceIdentifier": have.id, **last},
            done=gone,
            # Being made, changed or backed up; none of them lasts.
            patience={"InvalidDBInstanceState": 900},
        )
        where = {"DBInstanceIdentifier": have.id}
        yield Wait("rds", "DescribeDBInstances", where, "DBInstances", gone=gone, deadline=DEADLINE)

    def check(self, want: Want) -> Iterator[str]:
        if not re.fullmatch(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,62}", want.physical_name):
            yield (
                f"{want.physical_name!r} cannot name it: 1 to 63 small letters, digits and single inner dashes, "
                "beginning with a letter; say another `physical_name`"
            )
        if want["multi_az"] and want.get("zone"):
            yield "with multi_az RDS chooses the zones; drop zone"
        if want.get("kms_key") and not want["encrypted"]:
            yield "kms_key without encrypted has no meaning; drop one of them"

    def _modify(self, have: Have, params: Mapping[str, Any], now: bool) -> Iterator[Step]:
        where = {"DBInstanceIdentifier": have.id}
        yield Call(
            "rds",
            "ModifyDBInstance",
            {**where, **params, "ApplyImmediately": now},
            patience={"InvalidDBInstanceState": 900},
        )
        if now:
            # The status says `available` for a moment more; what is pending is told at once.
            reached = (
                "DBInstances[?PendingModifiedValues==`{}` || PendingModifiedValues==`null`] | [0].DBInstanceStatus"
            )
            until = ("available", "storage-optimization")
            yield Wait("rds", "DescribeDBInstances", where, reached, until=until, deadline=DEADLINE)

    def _mark(self, have: Have, final_snapshot: bool) -> Iterator[Step]:
        if final_snapshot:
            yield from self.retag(have, {}, (FINAL_SNAPSHOT_TAG,))
        else:
            yield from self.retag(have, {FINAL_SNAPSHOT_TAG: "false"}, ())


def _as_exact_as(declared: str, version: str) -> str:
    """A version cut to as many parts as the declared one has: 15.8 is as good as "15"."""
    return ".".join(version.split(".")[: declared.count(".") + 1]) if declared else version


def _floats(want: Want) -> bool:
    """Whether minor releases may follow by themselves: not where one is declared, or a run would want it back."""
    return bool(want["engine_version"].count(".") + 1 < _EXACT_PARTS[want["engine"]])


def _log_changes(there: Sequence[str], wanted: Sequence[str]) -> dict[str, list[str]]:
    changes = {
        "EnableLogTypes": [log for log in wanted if log not in there],
        "DisableLogTypes": [log for log in there if log not in wanted],
    }
    return {key: logs for key, logs in changes.items() if logs}
