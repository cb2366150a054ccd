# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DB subnet group, DB instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jmespath
import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.rds import DbInstance, DbSubnetGroup
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Kind, Step, Swept, Wait
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import (
    complaints,
    problems,
    undeclared_models,
    want,
)
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

GROUP, INSTANCE = DbSubnetGroup(), DbInstance()
KEY = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
LEAST: dict[str, Any] = {
    "engine_version": "15",
    "instance_class": "db.t3.micro",
    "storage": 20,
    "subnet_group": "main",
}
FULL: dict[str, Any] = {
    **LEAST,
    "engine_version": "15.8",
    "kms_key": KEY,
    "security_groups": ["database"],
    "zone": "us-east-1a",
    "database": "shop",
    "username": "admin",
    "port": 5433,
    "backup_days": 35,
    "deletion_protection": True,
    "log_exports": ["postgresql", "upgrade"],
    "performance_insights": True,
    "final_snapshot": False,
}
"""What stands in the account, as far as the pure functions look at it."""
HERE = Have(
    "db_instance",
    "main",
    {"log_exports": ["upgrade", "iam-db-auth-error"], "final_snapshot": True, "deletion_protection": False},
    {"id": "shop-test-db", "arn": "arn:aws:rds:us-east-1:123456789012:db:shop-test-db", "resource_id": "db-ABC"},
    {},
)


@pytest.mark.parametrize("given", [LEAST, FULL], ids=["least", "full"])
def test_requests_of_an_instance_fit_the_service_model(given: dict[str, Any]) -> None:
    wanted = want(INSTANCE, **given)
    steps = [
        *INSTANCE.create(wanted),
        *INSTANCE.update(HERE, wanted, frozenset(wanted.values)),
        *INSTANCE.retag(HERE, {"a": "b"}, ["c"]),
        *INSTANCE.delete(HERE),
    ]
    assert problems(INSTANCE, steps) == []
    assert undeclared_models(INSTANCE) == []


def test_requests_of_a_subnet_group_fit_the_service_model() -> None:
    wanted = want(GROUP, subnets=["a", "b"])
    here = Have("db_subnet_group", "main", {}, {"id": "x", "arn": "arn:x"}, {})
    steps = [
        *GROUP.create(wanted),
        *GROUP.update(here, wanted, frozenset(wanted.values)),
        *GROUP.retag(here, {"a": "b"}, ["c"]),
        *GROUP.delete(here),
    ]
    assert problems(GROUP, steps) == []
    assert undeclared_models(GROUP) == []


@pytest.fixture
def net(account: Account) -> Account:
    """An account with a DB subnet group and two security groups, known by their names."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for zone, cidr in {"a": "10.0.0.0/24", "b": "10.0.1.0/24"}.items():
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        account.known["subnet", f"data-{zone}"] = {"id": subnet["SubnetId"]}
    for name in ("database", "other"):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
        account.known["security_group", name] = {"id": group["GroupId"]}
    account.create(GROUP, subnets=["data-a", "data-b"])
    return account


def test_subnet_group_comes_and_goes(net: Account) -> None:
    assert net.have(GROUP).attributes == net.known["db_subnet_group", "main"]
    assert net.have(GROUP).physical_name == "shop-test-db-subnet-group"
    assert net.differences(GROUP) == {}
    net.run(GROUP, GROUP.retag(net.have(GROUP), {"Owner": "me"}, ["CostCenter"]), {})
    assert net.have(GROUP).tags["Owner"] == "me"
    assert "CostCenter" not in net.have(GROUP).tags
    net.delete(GROUP)
    assert net.read(GROUP) == []


def test_subnet_group_is_changed_by_one_call() -> None:
    # moto 5.2.5 loses the group when it is modified, so the call is tested instead of its effect.
    wanted = want(GROUP, subnets=["a", "c"], description="other")
    here = Have("db_subnet_group", "main", {}, {"id": "shop-test-db-subnet-group", "arn": "arn:x"}, {})
    (call,) = GROUP.update(here, wanted, frozenset({"subnets"}))
    assert call.operation == "ModifyDBSubnetGroup"
    assert call.params == {
        "DBSubnetGroupName": "shop-test-db-subnet-group",
        "DBSubnetGroupDescription": "other",
        "SubnetIds": wanted["subnets"],
    }


def test_instance_comes_changes_and_goes(net: Account) -> None:
    given = {**LEAST, "security_groups": ["database"], "database": "shop"}
    created = net.create(INSTANCE, **given)
    assert net.have(INSTANCE).attributes == created
    assert created.keys() == INSTANCE.attributes.keys()
    assert net.have(INSTANCE).physical_name == created["id"] == "shop-test-db"
    assert net.differences(INSTANCE) == {}
    changed = {
        "instance_class": "db.t3.small",
        "storage": 40,
        "security_groups": ["database", "other"],
        "multi_az": True,
        "backup_days": 14,
        "deletion_protection": True,
        "log_exports": ["postgresql"],
        "final_snapshot": False,
    }
    calls = net.update(INSTANCE, **{**given, **changed})
    assert [call.operation for call in calls] == ["ModifyDBInstance", "AddTagsToResource"]
    assert net.differences(INSTANCE) == {}
    net.update(INSTANCE, **{**given, **changed, "deletion_protection": False, "final_snapshot": True})
    assert net.differences(INSTANCE) == {}
    net.delete(INSTANCE)
    assert net.read(INSTANCE) == []
    snapshots = net.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert [one["DBSnapshotIdentifier"] for one in snapshots] == [
        f"shop-test-db-final-{created['resource_id'].lower()}"
    ]


def test_full_instance_converges(net: Account) -> None:
    net.create(INSTANCE, **FULL)
    # moto 5.2.5 does not keep that performance insights are on; what is read of it is tested below.
    assert net.differences(INSTANCE) == {"performance_insights": (True, False)}


def test_performance_insights_are_read(account: Account) -> None:
    account.want(INSTANCE, **LEAST)
    (have,) = observed(account, PerformanceInsightsEnabled=True)
    assert have.fields["performance_insights"] is True


def test_an_instance_is_private_and_has_no_password_of_ours() -> None:
    call = next(iter(INSTANCE.create(want(INSTANCE, **LEAST))))
    assert isinstance(call, Call)
    assert call.params["PubliclyAccessible"] is False
    assert call.params["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in call.params


@pytest.mark.parametrize(
    ("given", "follows"),
    [
        ({"engine_version": "15"}, True),
        ({"engine_version": "15.8"}, False),
        ({"engine": "mysql", "engine_version": "8.0"}, True),
        ({"engine": "mysql", "engine_version": "8.0.39"}, False),
    ],
    ids=str,
)
def test_minor_releases_follow_unless_one_is_declared(given: dict[str, str], follows: bool) -> None:
    call = next(iter(INSTANCE.create(want(INSTANCE, **{**LEAST, **given}))))
    assert call.params["AutoMinorVersionUpgrade"] is follows


def described(**row: Any) -> dict[str, Any]:
    """One row of DescribeDBInstances."""
    tags = {"slipway:stack": "shop-test", "slipway:name": "main"}
    return {
        "DBInstanceIdentifier": "shop-test-db",
        "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:shop-test-db",
        "DBInstanceStatus": "available",
        "Engine": "postgres",
        "EngineVersion": "15.8",
        "VpcSecurityGroups": [],
        "DBSubnetGroup": {"DBSubnetGroupName": "main"},
        "TagList": [{"Key": key, "Value": value} for key, value in tags.items()],
        **row,
    }


class Answering:
    """A reader with one answer to everything."""

    def __init__(self, account: Account, row: dict[str, Any]) -> None:
        self.scope = account.scope
        self.row = row

    def call(self, *_request: Any) -> dict[str, Any]:
        return {"DBInstances": [self.row]}

    def each(self, function: Any, items: Any) -> list[Any]:
        return [function(item) for item in items]


def observed(account: Account, **row: Any) -> list[Have]:
    """What is read of a row that AWS would give and moto would not."""
    account.reader = Answering(account, described(**row))  # type: ignore[assignment]
    return account.read(INSTANCE)


@pytest.mark.parametrize(
    ("declared", "version", "seen"),
    [
        ("15", "15.8", "15"),
        ("15.8", "15.8", "15.8"),
        ("15.8", "15.10", "15.10"),
        ("15", "16.1", "16"),
        ("1", "15.8", "15"),
        ("15.8.1", "15.8", "15.8"),
    ],
)
def test_a_version_is_observed_as_exactly_as_it_is_declared(
    account: Account, declared: str, version: str, seen: str
) -> None:
    account.want(INSTANCE, **{**LEAST, "engine_version": declared})
    assert [have.fields["engine_version"] for have in observed(account, EngineVersion=version)] == [seen]


def test_what_waits_for_the_maintenance_window_counts_as_done(account: Account) -> None:
    account.want(INSTANCE, **LEAST)
    pending = {"AllocatedStorage": 100, "EngineVersion": "16.3", "Port": 5433}
    (have,) = observed(account, AllocatedStorage=20, Endpoint={"Port": 5432}, PendingModifiedValues=pending)
    assert (have.fields["storage"], have.fields["engine_version"], have.fields["port"]) == (100, "16", 5433)
    assert have.attributes["port"] == 5432


@pytest.mark.parametrize("row", [{"DBInstanceStatus": "deleting"}, {"Engine": "docdb"}], ids=str)
def test_instances_that_are_none_of_ours_any_more(account: Account, row: dict[str, str]) -> None:
    account.want(INSTANCE, **LEAST)
    assert observed(account, **row) == []


def test_an_instance_that_is_being_made_is_there(account: Account) -> None:
    account.want(INSTANCE, **LEAST)
    (have,) = observed(account, DBInstanceStatus="creating")
    assert "endpoint" not in have.attributes


def test_a_group_that_is_being_removed_is_gone(account: Account) -> None:
    account.want(INSTANCE, **LEAST)
    groups = [
        {"VpcSecurityGroupId": "sg-1", "Status": "active"},
        {"VpcSecurityGroupId": "sg-2", "Status": "removing"},
        {"VpcSecurityGroupId": "sg-3", "Status": "adding"},
    ]
    (have,) = observed(account, VpcSecurityGroups=groups)
    assert have.fields["security_groups"] == ["sg-1", "sg-3"]


def test_a_same_named_one_of_another_is_foreign_and_a_hint_at_it_nothing(net: Account) -> None:
    net.create(INSTANCE, **LEAST)
    arn = net.have(INSTANCE).attributes["arn"]
    net.client("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=["slipway:stack"])
    assert [(have.name, have.foreign) for have in net.read(INSTANCE)] == [("main", True)]
    net.wants.clear()
    assert net.read(INSTANCE, [Swept(arn, {})]) == []


def test_what_the_tag_index_hints_at_is_found(net: Account) -> None:
    net.create(INSTANCE, **LEAST)
    instance, group = net.have(INSTANCE).attributes["arn"], net.have(GROUP).attributes["arn"]
    net.wants.clear()
    assert [have.name for have in net.read(INSTANCE, [Swept(instance, {})])] == ["main"]
    assert [have.name for have in net.read(GROUP, [Swept(group, {})])] == ["main"]
    assert net.read(GROUP, [Swept(f"{group}-gone", {})]) == []


def change(**given: Any) -> list[Step]:
    """The steps of an update to the fields given."""
    return list(INSTANCE.update(HERE, want(INSTANCE, **{**LEAST, **given}), frozenset(given)))


def sent(step: Step) -> Mapping[str, Any]:
    common = {"DBInstanceIdentifier", "ApplyImmediately"}
    return {key: value for key, value in step.params.items() if key not in common}


@pytest.mark.parametrize(
    ("given", "params"),
    [
        ({"port": 5433}, {"DBPortNumber": 5433}),
        (
            {"engine_version": "16"},
            {"EngineVersion": "16", "AllowMajorVersionUpgrade": True, "AutoMinorVersionUpgrade": True},
        ),
        (
            {"log_exports": ["postgresql", "upgrade"]},
            {
                "CloudwatchLogsExportConfiguration": {
                    "EnableLogTypes": ["postgresql"],
                    "DisableLogTypes": ["iam-db-auth-error"],
                }
            },
        ),
        ({"storage": 40, "storage_type": "gp2"}, {"AllocatedStorage": 40, "StorageType": "gp2"}),
    ],
    ids=str,
)
def test_an_update_is_one_call_for_what_changed(given: dict[str, Any], params: dict[str, Any]) -> None:
    call, wait = change(**given)
    assert sent(call) == params
    assert call.params["ApplyImmediately"] is True
    assert isinstance(wait, Wait)


def test_a_change_for_the_maintenance_window_is_not_waited_for() -> None:
    here = want(INSTANCE, **LEAST, apply_immediately=False, multi_az=True)
    (call,) = INSTANCE.update(HERE, here, frozenset({"multi_az"}))
    assert call.params["ApplyImmediately"] is False


@pytest.mark.parametrize(
    ("status", "pending", "reached"),
    [
        ("available", {}, True),
        ("available", {"AllocatedStorage": 40}, False),
        ("modifying", {}, False),
        ("available", None, True),
    ],
)
def test_a_change_is_done_when_nothing_is_pending(status: str, pending: dict[str, int] | None, reached: bool) -> None:
    wait = change(storage=40)[1]
    assert isinstance(wait, Wait)
    row = {"DBInstanceStatus": status} | ({} if pending is None else {"PendingModifiedValues": pending})
    assert (jmespath.search(wait.path, {"DBInstances": [row]}) in wait.until) is reached


@pytest.mark.parametrize(
    ("final_snapshot", "expected"),
    [
        (True, {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": "shop-test-db-final-db-abc"}),
        (False, {"SkipFinalSnapshot": True}),
    ],
)
def test_the_final_snapshot(final_snapshot: bool, expected: dict[str, Any]) -> None:
    fields = {"final_snapshot": final_snapshot, "deletion_protection": False}
    call, wait = INSTANCE.delete(Have("db_instance", "main", fields, HERE.attributes, {}))
    assert sent(call) == expected
    assert isinstance(wait, Wait)
    assert wait.until == ()


def test_a_locked_instance_is_unlocked_before_it_goes() -> None:
    fields = {"final_snapshot": True, "deletion_protection": True}
    unlock, delete, _wait = INSTANCE.delete(Have("db_instance", "main", fields, HERE.attributes, {}))
    assert problems(INSTANCE, [unlock]) == []
    assert (unlock.operation, sent(unlock)) == ("ModifyDBInstance", {"DeletionProtection": False})
    assert delete.operation == "DeleteDBInstance"


@pytest.mark.parametrize(("storage", "refused"), [(19, True), (20, False), (21, False)])
def test_storage_never_shrinks(storage: int, refused: bool) -> None:
    here = Have("db_instance", "main", {"storage": 20}, {}, {})
    wanted = want(INSTANCE, **LEAST)
    wanted.values["storage"] = storage
    assert bool(list(INSTANCE.forbid(here, wanted))) is refused


def test_the_first_wait_names_what_was_made() -> None:
    _call, wait = INSTANCE.create(want(INSTANCE, **LEAST))
    assert wait.params == {"DBInstanceIdentifier": Own()}
    assert wait.gives.keys() == INSTANCE.attributes.keys()


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (GROUP, {"subnets": ["a"]}, "two availability zones"),
        (INSTANCE, {**LEAST, "multi_az": True, "zone": "us-east-1a"}, "drop zone"),
        (INSTANCE, {**LEAST, "kms_key": KEY, "encrypted": False}, "kms_key"),
        (INSTANCE, {**LEAST, "kms_key": "alias/database"}, "does not match"),
        (INSTANCE, {**LEAST, "storage": 5}, "least value"),
        (INSTANCE, {**LEAST, "backup_days": 36}, "greatest value"),
    ],
)
def test_bad_documents_are_refused(kind: Kind, given: dict[str, Any], expected: str) -> None:
    assert any(expected in complaint for complaint in complaints(kind, **given))


@pytest.mark.parametrize("name", ["1db", "Db", "a--b", "a-", "a.b", "a" * 64])
def test_names_that_rds_refuses(name: str) -> None:
    with pytest.raises(AssertionError, match="cannot name it"):
        want(INSTANCE, **LEAST, physical_name=name)


def test_names_are_kept_in_small_letters() -> None:
    assert want(INSTANCE, "Main", **LEAST).physical_name == "shop-test-db-main"
