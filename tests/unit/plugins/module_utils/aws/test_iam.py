# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.iam import (
    IamRole,
    short_policy,
    trust_document,
    trusted_services,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

ACCOUNT = "arn:aws:iam::123456789012:policy"


def allow(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}


@pytest.fixture
def policies(account: Account) -> Account:
    """moto has none of AWS's own policies unless told so: customer managed ones stand in."""
    for name in ("one", "two"):
        account.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(allow("s3:*")))
    return account


def operations(calls: list[Call]) -> list[str]:
    return [call.operation for call in calls]


def test_iam_role(policies: Account) -> None:
    kind = IamRole()
    document = {
        "trust": ["ec2", "ssm.amazonaws.com"],
        "managed_policies": [f"{ACCOUNT}/one"],
        "policies": {"read": allow("s3:GetObject"), "list": allow("s3:ListBucket")},
        "instance_profile": True,
        "permissions_boundary": f"{ACCOUNT}/two",
    }
    attributes = policies.create(kind, "node", **document)
    have = policies.have(kind, "node")
    assert have.attributes == attributes
    assert attributes == {
        "id": "shop-test-role-node",
        "arn": "arn:aws:iam::123456789012:role/slipway/shop-test/shop-test-role-node",
        "profile": "shop-test-role-node",
    }
    assert (have.name, have.foreign) == ("node", False)
    assert policies.differences(kind, "node") == {}
    policies.delete(kind, "node")
    assert policies.read(kind) == []
    assert policies.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_iam_role_changes_in_place(policies: Account) -> None:
    kind = IamRole()
    policies.create(
        kind, trust=["ec2"], managed_policies=[f"{ACCOUNT}/one"], policies={"a": allow("s3:Get*"), "b": allow("s3:*")}
    )
    changed = {
        "trust": ["ecs-tasks"],
        "managed_policies": [f"{ACCOUNT}/two"],
        "policies": {"a": allow("s3:Get*"), "c": allow("sqs:*")},
        "instance_profile": True,
        "permissions_boundary": f"{ACCOUNT}/one",
    }
    assert operations(policies.update(kind, **changed)) == [
        "UpdateAssumeRolePolicy",
        "PutRolePermissionsBoundary",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "PutRolePolicy",
        "DeleteRolePolicy",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
    ]
    assert policies.differences(kind) == {}
    calls = policies.update(kind, **changed | {"instance_profile": False})
    assert operations(calls) == ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"]
    assert policies.differences(kind) == {}


def test_trust_policy_of_ones_own(account: Account) -> None:
    document = trust_document(["ec2"])
    document["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    account.create(IamRole(), trust_policy=document)
    assert account.differences(IamRole()) == {}
    account.update(IamRole(), trust=["ec2"])
    assert account.differences(IamRole()) == {}


def test_an_instance_profile_that_a_killed_run_left_is_finished(account: Account) -> None:
    kind = IamRole()
    account.create(kind, trust=["ec2"])
    account.client("iam").create_instance_profile(InstanceProfileName="shop-test-role", Path="/slipway/shop-test/")
    assert account.have(kind).fields["instance_profile"] is False
    account.update(kind, trust=["ec2"], instance_profile=True)
    assert account.differences(kind) == {}
    account.delete(kind)
    assert account.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_a_role_of_the_same_name_elsewhere_is_foreign(account: Account) -> None:
    account.client("iam").create_role(RoleName="shop-test-role", AssumeRolePolicyDocument="{}")
    assert account.read(IamRole()) == []
    account.want(IamRole(), trust=["ec2"])
    (have,) = account.read(IamRole())
    assert (have.name, have.foreign) == ("main", True)


def test_a_role_no_longer_declared_is_found_by_its_path(account: Account) -> None:
    account.create(IamRole(), "old", trust=["ec2"])
    account.wants.clear()
    assert [have.name for have in account.read(IamRole())] == ["old"]


@pytest.mark.parametrize(
    ("given", "compared"),
    [
        ("AmazonSSMManagedInstanceCore", "AmazonSSMManagedInstanceCore"),
        ("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", "AmazonSSMManagedInstanceCore"),
        ("arn:aws-cn:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy", "service-role/AmazonEBSCSIDriverPolicy"),
        ("arn:aws:iam::123456789012:policy/own", "arn:aws:iam::123456789012:policy/own"),
    ],
)
def test_policies_of_aws_compare_by_name(given: str, compared: str) -> None:
    assert short_policy(given) == compared


def test_policies_of_aws_are_attached_by_arn() -> None:
    kind = IamRole()
    wanted = want(kind, trust=["ec2"], managed_policies=["CloudWatchAgentServerPolicy"])
    attach = list(kind.create(wanted))[1]
    assert attach.params["PolicyArn"] == "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
    observed = {"managed_policies": ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"]}
    have = Have("iam_role", "main", observed, {"id": "main"}, {})
    assert list(kind.update(have, wanted, frozenset({"managed_policies"}))) == []


@pytest.mark.parametrize(
    ("principal", "services"),
    [
        ({"Service": "ec2.amazonaws.com"}, ["ec2"]),
        ({"Service": ["ssm.amazonaws.com", "ec2.amazonaws.com"]}, ["ssm", "ec2"]),
        ({"Service": "ec2.amazonaws.com", "AWS": "123456789012"}, None),
        ({"AWS": "123456789012"}, None),
        ("*", None),
    ],
)
def test_services_are_read_from_plain_trust_policies_only(principal: Any, services: list[str] | None) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    assert trusted_services({"Version": "2012-10-17", "Statement": statement}) == services
    assert trusted_services({"Version": "2012-10-17", "Statement": [statement, statement]}) is None


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({}, "exactly one"),
        ({"trust": ["ec2"], "trust_policy": trust_document(["ec2"])}, "exactly one"),
        ({"trust": []}, "trust is empty"),
        ({"trust": ["ec2"], "permissions_boundary": "boundary"}, "arn"),
        ({"trust": ["ec2"]}, ""),
    ],
)
def test_iam_role_checks(document: dict[str, Any], word: str) -> None:
    found = complaints(IamRole(), **document)
    assert [word in each for each in found] == ([True] if word else [])
