# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the derived policies allow and what not, judged by an evaluator of IAM policies as small as they need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws import permissions
from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import KINDS
from ansible_collections.slipway.platform.plugins.module_utils.aws.iam import IamRole
from ansible_collections.slipway.platform.plugins.module_utils.aws.network import Subnet, Vpc
from ansible_collections.slipway.platform.plugins.module_utils.aws.rds import DbInstance, DbSubnetGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.s3 import S3Bucket
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Kind, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope

SCOPE = Scope("shop", "prod", "eu-west-1", account="123456789012")
ALL = permissions.policies(KINDS, SCOPE)
EC2 = "arn:aws:ec2:eu-west-1:123456789012"
OURS = {"aws:ResourceTag/slipway:stack": "shop-prod"}
THEIRS = {"aws:ResourceTag/slipway:stack": "shop-dev"}
NEW = {"aws:RequestTag/slipway:stack": "shop-prod"}

Context = Mapping[str, str]
Part = tuple[str, Context]
"""A resource that a request is about, and the condition keys that IAM has for it."""


def allowed(action: str, *parts: Part, policies: Mapping[str, Any] = ALL) -> bool:
    """IAM asks for every resource of a request whether some statement allows it."""
    return all(any(_allows(one, action, part) for one in _statements(policies)) for part in parts)


def _statements(policies: Mapping[Any, Any]) -> list[dict[str, Any]]:
    return [statement for document in policies.values() for statement in document["Statement"]]


def _allows(statement: dict[str, Any], action: str, part: Part) -> bool:
    arn, context = part
    return (
        action in statement["Action"]
        and any(fnmatchcase(arn, pattern) for pattern in statement["Resource"])
        and all(
            any(fnmatchcase(context.get(key, ""), value) for value in _listed(values))
            for conditions in statement.get("Condition", {}).values()
            for key, values in conditions.items()
        )
    )


def _listed(values: str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values


def ec2(kind: str, context: Context) -> Part:
    return f"{EC2}:{kind}/x-1", context


LAUNCH: tuple[Part, ...] = (
    ("arn:aws:ec2:eu-west-1::image/ami-1", {}),
    ec2("network-interface", {}),
    ec2("volume", {}),
)


@pytest.mark.parametrize(
    ("action", "parts", "expected"),
    [
        ("ec2:DescribeInstances", [("*", {})], True),
        ("ec2:CreateVpc", [ec2("vpc", NEW)], True),
        ("ec2:CreateVpc", [ec2("vpc", {})], False),
        ("ec2:CreateVpc", [ec2("vpc", OURS)], False),
        ("ec2:CreateVpc", [ec2("vpc", {"aws:RequestTag/slipway:stack": "shop-dev"})], False),
        ("ec2:CreateSubnet", [ec2("subnet", NEW), ec2("vpc", OURS)], True),
        ("ec2:CreateSubnet", [ec2("subnet", NEW), ec2("vpc", THEIRS)], False),
        ("ec2:CreateSubnet", [ec2("subnet", NEW), ec2("vpc", {})], False),
        ("ec2:DeleteVpc", [ec2("vpc", OURS)], True),
        ("ec2:DeleteVpc", [ec2("vpc", THEIRS)], False),
        ("ec2:RunInstances", [*LAUNCH, ec2("instance", NEW), ec2("subnet", OURS), ec2("security-group", OURS)], True),
        ("ec2:RunInstances", [*LAUNCH, ec2("instance", {}), ec2("subnet", OURS)], False),
        ("ec2:RunInstances", [*LAUNCH, ec2("instance", NEW), ec2("subnet", THEIRS)], False),
        ("ec2:RunInstances", [ec2("instance", {"ec2:LaunchTemplate": f"{EC2}:launch-template/lt-1"})], True),
        ("ec2:TerminateInstances", [ec2("instance", THEIRS)], False),
        ("ec2:CreateTags", [ec2("subnet", {"ec2:CreateAction": "CreateSubnet"})], True),
        ("ec2:CreateTags", [ec2("subnet", {"ec2:CreateAction": "CreateSnapshot"})], False),
        ("ec2:CreateTags", [ec2("subnet", OURS)], True),
        ("ec2:CreateTags", [ec2("subnet", THEIRS)], False),
        ("ec2:AssociateAddress", [ec2("elastic-ip", OURS), ec2("network-interface", {})], True),
        ("ec2:AssociateAddress", [ec2("elastic-ip", THEIRS), ec2("network-interface", {})], False),
        ("ec2:ReplaceNetworkAclAssociation", [ec2("subnet", OURS), ec2("network-acl", {})], True),
        ("ec2:DeleteNetworkAcl", [ec2("network-acl", {})], False),
    ],
)
def test_ec2_is_bound_to_the_tag_of_the_stack(action: str, parts: Sequence[Part], expected: bool) -> None:
    assert allowed(action, *parts) is expected


ELB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
IAM = "arn:aws:iam::123456789012"
RDS = "arn:aws:rds:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("action", "ours", "theirs"),
    [
        ("s3:PutEncryptionConfiguration", "arn:aws:s3:::shop-prod-logs-1", "arn:aws:s3:::shop-dev-logs-1"),
        ("s3:ListBucket", "arn:aws:s3:::shop-prod-logs-1", "arn:aws:s3:::shop-dev-logs-1"),
        ("s3:CreateBucket", "arn:aws:s3:::shop-prod-logs-1", "arn:aws:s3:::other"),
        ("s3:TagResource", "arn:aws:s3:::shop-prod-logs-1", "arn:aws:s3:::other"),
        (
            "elasticloadbalancing:CreateListener",
            f"{ELB}:loadbalancer/app/shop-prod-lb/50dc6c49",
            f"{ELB}:loadbalancer/app/shop-dev-lb/50dc6c49",
        ),
        (
            "elasticloadbalancing:ModifyRule",
            f"{ELB}:listener-rule/app/shop-prod-lb/50dc6c49/f2f7dc8e/9683b2d0",
            f"{ELB}:listener-rule/app/lb/50dc6c49/f2f7dc8e/9683b2d0",
        ),
        ("elasticloadbalancing:RegisterTargets", f"{ELB}:targetgroup/shop-prod-tg-a/1", f"{ELB}:targetgroup/a/1"),
        ("rds:DeleteDBInstance", f"{RDS}:db:shop-prod-db", f"{RDS}:db:other"),
        ("rds:CreateDBSnapshot", f"{RDS}:snapshot:shop-prod-db-final-db-1", f"{RDS}:snapshot:other"),
        ("rds:CreateDBInstance", f"{RDS}:pg:default.postgres15", f"{RDS}:pg:other"),
        ("logs:CreateLogGroup", f"{LOGS}:/slipway/shop-prod/flow", f"{LOGS}:/slipway/shop-dev/flow"),
        ("logs:DeleteLogGroup", f"{LOGS}:/slipway/shop-prod/flow:*", f"{LOGS}:/aws/lambda/x"),
        ("secretsmanager:CreateSecret", f"{SECRET}:shop-prod/redis-a1B2c3", f"{SECRET}:shop-dev/redis-a1B2c3"),
        ("secretsmanager:TagResource", f"{SECRET}:rds!db-0123", f"{SECRET}:rds"),
        ("iam:PutRolePolicy", f"{IAM}:role/slipway/shop-prod/nodes", f"{IAM}:role/slipway/shop-dev/nodes"),
        ("iam:DeleteInstanceProfile", f"{IAM}:instance-profile/slipway/shop-prod/n", f"{IAM}:instance-profile/n"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/slipway", "arn:aws:dynamodb:::table/x"),
        ("ssm:GetParameters", "arn:aws:ssm:eu-west-1::parameter/aws/service/debian", "arn:aws:ssm:::parameter/x"),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::healthcheck/1"),
        (
            "autoscaling:DeleteAutoScalingGroup",
            "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1-2:autoScalingGroupName/shop-prod-asg",
            "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1-2:autoScalingGroupName/other",
        ),
    ],
)
def test_other_services_are_bound_to_the_names_of_the_stack(action: str, ours: str, theirs: str) -> None:
    assert allowed(action, (ours, {}))
    assert not allowed(action, (theirs, {}))


@pytest.mark.parametrize(
    ("arn", "service", "expected"),
    [
        (f"{IAM}:role/slipway/shop-prod/nodes", "ec2.amazonaws.com", True),
        (f"{IAM}:role/slipway/shop-prod/flow", "vpc-flow-logs.amazonaws.com", True),
        (f"{IAM}:role/slipway/shop-prod/nodes", "lambda.amazonaws.com", False),
        (f"{IAM}:role/admin", "ec2.amazonaws.com", False),
    ],
)
def test_only_roles_of_the_stack_are_passed_and_only_where_needed(arn: str, service: str, expected: bool) -> None:
    assert allowed("iam:PassRole", (arn, {"iam:PassedToService": service})) is expected


@pytest.mark.parametrize(("via", "expected"), [("rds", True), ("secretsmanager", True), ("dynamodb", False)])
def test_keys_are_used_only_through_what_encrypts_with_them(via: str, expected: bool) -> None:
    context = {"kms:ViaService": f"{via}.eu-west-1.amazonaws.com"}
    assert allowed("kms:CreateGrant", ("arn:aws:kms:eu-west-1:123456789012:key/1", context)) is expected


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_call_of_a_kind_is_allowed(kind: Kind) -> None:
    everything_on = Want(kind.name, "x", dict.fromkeys(kind.fields, True), "", "x", {}, SCOPE)
    policies = permissions.policies([kind], SCOPE, [everything_on])
    actions = {action for one in _statements(policies) for action in one["Action"]}
    for call in (call for calls in kind.calls.values() for call in calls):
        service, _colon, operation = call.rpartition(":")
        prefix = permissions.PREFIXES.get(service or kind.service, service or kind.service)
        assert permissions.ACTIONS.get(f"{prefix}:{operation}", f"{prefix}:{operation}") in actions


def test_rds_uses_its_key_for_its_secret_too() -> None:
    policies = permissions.policies([DbInstance()], SCOPE)
    context = {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}
    assert allowed("kms:CreateGrant", ("arn:aws:kms:eu-west-1:123456789012:key/1", context), policies=policies)


def test_only_what_the_kinds_call_is_allowed() -> None:
    policies = permissions.policies([Vpc(), Subnet()], SCOPE)
    assert allowed("ec2:CreateSubnet", ec2("subnet", NEW), ec2("vpc", OURS), policies=policies)
    services = {action.partition(":")[0] for one in _statements(policies) for action in one["Action"]}
    assert services == {"ec2", "sts", "dynamodb", "tag", "ssm", "servicequotas"}
    assert not allowed("ec2:RunInstances", ec2("instance", NEW), policies=policies)


def test_no_action_is_a_pattern() -> None:
    assert not [action for one in _statements(ALL) for action in one["Action"] if "*" in action]


def test_a_policy_is_never_longer_than_iam_takes() -> None:
    sizes = [len(json.dumps(document, separators=(",", ":"))) for document in ALL.values()]
    assert max(sizes) <= 6144
    assert len(sizes) > 1
    assert all(name.startswith("shop-prod-") for name in ALL)


def granted(policies: Mapping[Any, Any]) -> set[tuple[str, str, str]]:
    """Every (action, resource, condition) that the policies allow."""
    return {
        (action, arn, json.dumps(one.get("Condition"), sort_keys=True))
        for one in _statements(policies)
        for action in one["Action"]
        for arn in one["Resource"]
    }


@pytest.mark.parametrize("limit", [700, 1500, 6144, 100_000])
def test_however_it_is_cut_the_same_is_allowed(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(permissions, "POLICY_LIMIT", limit)
    policies = permissions.policies(KINDS, SCOPE)
    assert max(len(json.dumps(document, separators=(",", ":"))) for document in policies.values()) <= limit
    assert granted(policies) == granted(ALL)
    for document in policies.values():
        sids = [one["Sid"] for one in document["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


@pytest.mark.parametrize(
    ("actions", "resources"),
    [
        (["s3:" + "a" * 314, "s3:b", "s3:" + "c" * 314, "s3:d"], ["*"]),
        (["s3:" + "a" * 200], ["arn:" + "b" * 90, "arn:" + "c" * 90]),
    ],
    ids=["pieces that share a document", "one long action"],
)
def test_pieces_of_a_statement(monkeypatch: pytest.MonkeyPatch, actions: list[str], resources: list[str]) -> None:
    monkeypatch.setattr(permissions, "POLICY_LIMIT", 420)
    whole = {"Sid": "One", "Effect": "Allow", "Action": actions, "Resource": resources}
    documents = permissions.pack([whole])
    assert max(len(json.dumps(document, separators=(",", ":"))) for document in documents) <= 420
    assert granted(dict(enumerate(documents))) == granted({0: {"Statement": [whole]}})
    for document in documents:
        sids = [one["Sid"] for one in document["Statement"]]
        assert len(set(sids)) == len(sids)


def test_a_statement_of_many_names_is_cut_by_them() -> None:
    wants = [Want("s3_bucket", "x", {}, "", f"archive-{number}", {}, SCOPE) for number in range(400)]
    policies = permissions.policies([S3Bucket()], SCOPE, wants)
    assert max(len(json.dumps(document, separators=(",", ":"))) for document in policies.values()) <= 6144
    assert all(allowed("s3:CreateBucket", (f"arn:aws:s3:::archive-{n}", {}), policies=policies) for n in range(400))


def test_a_name_outside_the_pattern_is_allowed_by_itself() -> None:
    wants = [Want("s3_bucket", "logs", {}, "", "old-logs", {}, SCOPE)]
    policies = permissions.policies([S3Bucket()], SCOPE, wants)
    assert allowed("s3:PutBucketPolicy", ("arn:aws:s3:::old-logs", {}), policies=policies)
    assert not allowed("s3:PutBucketPolicy", ("arn:aws:s3:::old-logs-2", {}), policies=policies)


def test_a_name_inside_the_pattern_adds_nothing() -> None:
    wants = [Want("s3_bucket", "logs", {}, "", "shop-prod-s3-bucket-logs", {}, SCOPE)]
    assert permissions.policies([S3Bucket()], SCOPE, wants) == permissions.policies([S3Bucket()], SCOPE)


@pytest.mark.parametrize(("account", "end"), [("123456789012", "123456789012"), ("", "")])
def test_only_the_objects_of_buckets_that_are_emptied_may_be_deleted(account: str, end: str) -> None:
    def bucket(name: str, physical_name: str, empty: bool) -> Want:
        return Want("s3_bucket", name, {"empty_on_delete": empty}, "", physical_name, {}, SCOPE)

    wants = [
        bucket("tmp", f"shop-prod-bucket-tmp-{end}", True),
        bucket("data", f"shop-prod-bucket-data-{end}", False),
        bucket("old", "old-logs", True),
    ]
    policies = permissions.policies([S3Bucket()], Scope("shop", "prod", "eu-west-1", account=account), wants)
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert allowed(action, ("arn:aws:s3:::shop-prod-bucket-tmp-123456789012/a/b", {}), policies=policies)
        assert allowed(action, ("arn:aws:s3:::old-logs/a", {}), policies=policies)
        assert not allowed(action, ("arn:aws:s3:::shop-prod-bucket-data-123456789012/a", {}), policies=policies)
        assert not allowed(action, ("arn:aws:s3:::shop-prod-bucket-tmp-b-123456789012/a", {}), policies=policies)
    listing = "s3:ListBucketVersions"
    assert allowed(listing, ("arn:aws:s3:::shop-prod-bucket-tmp-123456789012", {}), policies=policies)
    assert not allowed(listing, ("arn:aws:s3:::shop-prod-bucket-data-123456789012", {}), policies=policies)


def test_calls_for_a_field_on_unknown_resources_are_an_error() -> None:
    class Bucket(S3Bucket):
        calls = {**S3Bucket.calls, "versioning": ("PutBucketVersioning",)}

    with pytest.raises(KeyError, match="versioning"):
        permissions.policies([Bucket()], SCOPE)


def test_names_that_rds_keeps_in_small_letters() -> None:
    policies = permissions.policies([DbInstance(), DbSubnetGroup()], Scope("Shop", "Prod", "eu-west-1", account="1"))
    assert allowed("rds:CreateDBInstance", ("arn:aws:rds:eu-west-1:1:db:shop-prod-db", {}), policies=policies)


def test_partition_and_unknown_account() -> None:
    scope = Scope("shop", "prod", "cn-north-1", partition="aws-cn")
    policies = permissions.policies([IamRole()], scope)
    arns = {arn for one in _statements(policies) for arn in one["Resource"]} - {"*"}
    assert "arn:aws-cn:iam::*:role/slipway/shop-prod/*" in arns
    assert all(arn.startswith("arn:aws-cn:") for arn in arns)


def test_a_call_on_unknown_resources_is_an_error() -> None:
    class Queue(Kind):
        name = "queue"
        service = "sqs"
        fields = {}
        calls = {"write": ("CreateQueue",)}

    with pytest.raises(ValueError, match="sqs:CreateQueue"):
        permissions.policies([Queue()], SCOPE)
