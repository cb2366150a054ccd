# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that IAM must allow whoever provisions a stack, derived from the calls that its kinds declare.

Which action a request asks for, and by what a statement can narrow it, is said by the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Kind, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import STACK_TAG, Scope

Statement = dict[str, Any]
Document = dict[str, Any]

POLICY_LIMIT = 6144
"""Characters of one managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
"""Service of a client → prefix of its actions, and the service in its ARNs, where they differ."""

ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
}
"""Request → action, where they differ: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""

IMPLIED = {
    "s3:CreateBucket": ("s3:TagResource",),
    "s3:DeleteObjectVersion": ("s3:DeleteObject",),
    "rds:DeleteDBInstance": ("rds:CreateDBSnapshot",),
    "ec2:CreateVpcEndpoint": ("route53:AssociateVPCWithHostedZone",),
    "route53:CreateHostedZone": ("ec2:DescribeVpcs", "route53:AssociateVPCWithHostedZone"),
}
"""Action → others that AWS asks for in the course of it."""

ENGINE = (
    "ec2:DescribeAddresses",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "servicequotas:GetServiceQuota",
    "sts:GetCallerIdentity",
    "tag:GetResources",
)
"""What every run asks: who it is, what the tag index holds, what the account may have, who holds what."""

ENGINE_ON = {
    "dynamodb:{region}:{account}:table/slipway": (
        "dynamodb:CreateTable",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:TagResource",
    ),
    "ssm:{region}::parameter/aws/service/*": ("ssm:GetParameters",),
}
"""The journal's table and the public parameters of images."""

ANYWHERE = re.compile(
    r"(ec2|elasticloadbalancing|autoscaling):Describe\w+|logs:DescribeLogGroups|acm:ListCertificates|iam:(GetRole|ListRoles|ListInstanceProfiles)|"
    r"route53:(ListHostedZonesByName|CreateHostedZone|AssociateVPCWithHostedZone)|" + "|".join(ENGINE)
)
"""Actions that cannot be narrowed; and GetRole, which must see a role of our name under any path."""

RESOURCES = {
    # AWS makes up its identifier, so no name narrows it.
    "acm_certificate": ("acm:{region}:{account}:certificate/*",),
    "auto_scaling_group": ("autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{name}",),
    "db_instance": (
        "rds:{region}:{account}:db:{name}",
        "rds:{region}:{account}:snapshot:{name}",
        "rds:{region}:{account}:og:default*",
        "rds:{region}:{account}:pg:default*",
    ),
    "db_subnet_group": ("rds:{region}:{account}:subgrp:{name}",),
    "dns_record": ("route53:::hostedzone/*",),
    "hosted_zone": ("route53:::hostedzone/*",),
    "iam_role": ("iam::{account}:role/slipway/{stack}/*", "iam::{account}:instance-profile/slipway/{stack}/*"),
    "listener": (
        "elasticloadbalancing:{region}:{account}:loadbalancer/*/{name}/*",
        "elasticloadbalancing:{region}:{account}:listener/*/{name}/*",
    ),
    "listener_rule": (
        "elasticloadbalancing:{region}:{account}:listener/*/{name}/*",
        "elasticloadbalancing:{region}:{account}:listener-rule/*/{name}/*",
    ),
    "load_balancer": (
        "elasticloadbalancing:{region}:{account}:loadbalancer/*/{name}/*",
        "elasticloadbalancing:{region}:{account}:listener/*/{name}/*",
        "elasticloadbalancing:{region}:{account}:listener-rule/*/{name}/*",
    ),
    "log_group": ("logs:{region}:{account}:log-group:{name}", "logs:{region}:{account}:log-group:{name}:*"),
    "s3_bucket": ("s3:::{name}",),
    # Secrets Manager puts six characters of its own after the name.
    "secret": (
        "secretsmanager:{region}:{account}:secret:{name}",
        "secretsmanager:{region}:{account}:secret:{name}-??????",
    ),
    "target_group": ("elasticloadbalancing:{region}:{account}:targetgroup/{name}/*",),
}
"""Kind → ARNs (without ``arn:PARTITION:``) of what it makes. ``{name}``: the names that are the stack's."""

ALWAYS = ("read", "write")
"""Purposes of calls that are asked for whatever the documents say; any other is a field's name."""

RESOURCES_OF_FIELDS = {("s3_bucket", "empty_on_delete"): ("s3:::{name}", "s3:::{name}/*")}
"""Kind and field → ARNs on which the calls of that field act."""

NAMES = {"secret": "{stack}/*", "log_group": "/slipway/{stack}/*"}
"""Kind → its names, where they do not begin with the stack's."""

EC2_CREATES = {
    "AllocateAddress": ("elastic-ip",),
    "CreateFlowLogs": ("vpc-flow-log",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateLaunchTemplate": ("launch-template",),
    "CreateNatGateway": ("natgateway",),
    "CreateNetworkAcl": ("network-acl",),
    "CreateRouteTable": ("route-table",),
    "CreateSecurityGroup": ("security-group",),
    "CreateSubnet": ("subnet",),
    "CreateVolume": ("volume",),
    "CreateVpc": ("vpc",),
    "CreateVpcEndpoint": ("vpc-endpoint",),
    "ImportKeyPair": ("key-pair",),
    "RunInstances": ("instance",),
}
"""Creation → types of the resources that carry the stack's tag in the request."""

EC2_ALONE = frozenset(
    {
        "AllocateAddress",
        "CreateInternetGateway",
        "CreateLaunchTemplate",
        "CreateVolume",
        "CreateVpc",
        "ImportKeyPair",
    }
)
"""Creations that touch nothing of the stack's."""

EC2_UNTAGGED = {
    # Images are others'; disks and network interfaces come with their instance, without a tag of their own.
    "RunInstances": ("image", "network-interface", "snapshot", "volume"),
    "CreateVolume": ("snapshot",),
    "AssociateAddress": ("network-interface",),
    "DisassociateAddress": ("network-interface",),
    # A subnet goes back to the default list of the VPC, which AWS made.
    "ReplaceNetworkAclAssociation": ("network-acl",),
    "AuthorizeSecurityGroupIngress": ("security-group-rule",),
    "AuthorizeSecurityGroupEgress": ("security-group-rule",),
}
"""Action → types that it touches without the stack's tag; something else in the request always carries it."""

PASSES_A_ROLE_TO = {
    "autoscaling:CreateAutoScalingGroup": "ec2",
    "autoscaling:UpdateAutoScalingGroup": "ec2",
    "ec2:AssociateIamInstanceProfile": "ec2",
    "ec2:CreateFlowLogs": "vpc-flow-logs",
    "ec2:ReplaceIamInstanceProfileAssociation": "ec2",
    "ec2:RunInstances": "ec2",
    "iam:AddRoleToInstanceProfile": "ec2",
}

LINKED_ROLES = {
    "autoscaling:CreateAutoScalingGroup": "autoscaling",
    "ec2:RunInstances": "spot",
    "elasticloadbalancing:CreateLoadBalancer": "elasticloadbalancing",
    "rds:CreateDBInstance": "rds",
}
"""Action → service whose service-linked role the first such request of an account makes."""


def policies(kinds: Sequence[Kind], scope: Scope, wants: Collection[Want] = ()) -> dict[str, Document]:
    """Managed policies by name, each of at most 6144 characters: together they allow what the kinds' calls ask for.

    An account that ``scope`` does not know stands as ``*``. ``wants``: documents, whose physical names are allowed
    where the stack's patterns do not cover them. Raises ValueError for a call of which this module knows no resources.
    """
    documents = pack(list(statements(kinds, scope, wants)))
    return {f"{scope.stack}-provision-{number}": document for number, document in enumerate(documents, 1)}


def statements(kinds: Sequence[Kind], scope: Scope, wants: Collection[Want] = ()) -> Iterator[Statement]:
    """The statements of all policies, before they are spread over documents."""
    actions = _actions(kinds)
    resources = _resources(kinds, scope, wants)
    anywhere = sorted(action for action in actions if ANYWHERE.fullmatch(action))
    yield _statement("Look", anywhere, ["*"])
    by_service = defaultdict(list)
    for action in sorted(actions - {*anywhere}):
        by_service[action.partition(":")[0]].append(action)
    if "ec2" in by_service:
        yield from _ec2([action.removeprefix("ec2:") for action in by_service.pop("ec2")], scope)
    for service, its_actions in by_service.items():
        if service not in resources:
            raise ValueError(f"permissions: nothing says on which resources {', '.join(its_actions)} act")
        yield _statement(service.capitalize(), its_actions, resources[service])
    yield from _side_effects(kinds, actions, scope)
    yield from _of_fields(kinds, scope, wants)
    for template, its_own in ENGINE_ON.items():
        yield _statement(f"Engine{template.partition(':')[0].capitalize()}", its_own, [_arn(template, scope)])


def pack(given: Sequence[Statement]) -> list[Document]:
    """The statements in as few documents as first fit gives, none longer than ``POLICY_LIMIT``."""
    bins: list[list[Statement]] = []
    for statement in (piece for one in given for piece in _pieces(one)):
        room = (each for each in bins if _size([*each, statement]) <= POLICY_LIMIT)
        fitting = next(room, None)
        if fitting is None:
            bins.append([statement])
        else:
            fitting.append(statement)
    return [_document(each) for each in bins]


def _actions(kinds: Iterable[Kind]) -> set[str]:
    """Every action that the kinds' calls and the engine ask for, whatever the documents say."""
    return set(ENGINE).union(*(_asked(kind, ALWAYS) for kind in kinds))


def _asked(kind: Kind, purposes: Iterable[str]) -> set[str]:
    """The actions that a kind's calls for these purposes ask for."""
    asked = set()
    for call in (call for purpose in purposes for call in kind.calls.get(purpose, ())):
        service, _colon, operation = call.rpartition(":")
        request = f"{PREFIXES.get(service or kind.service, service or kind.service)}:{operation}"
        asked.add(ACTIONS.get(request, request))
    return asked | {further for action in asked for further in IMPLIED.get(action, ())}


def _resources(kinds: Iterable[Kind], scope: Scope, wants: Iterable[Want]) -> dict[str, list[str]]:
    """Service → ARNs of what the kinds make in it."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind_name, its_names in _names(kinds, scope, wants).items():
        for template in RESOURCES.get(kind_name, ()):
            found[template.partition(":")[0]] += (_arn(template, scope, name) for name in its_names)
    return {service: _without_covered(arns) for service, arns in found.items()}


def _names(kinds: Iterable[Kind], scope: Scope, wants: Iterable[Want]) -> dict[str, list[str]]:
    """Kind → the pattern of the stack's names, then those of documents that it does not cover."""
    names = {kind.name: [_pattern(kind, scope)] for kind in kinds}
    for want in wants:
        if want.kind in names and not fnmatchcase(want.physical_name, names[want.kind][0]):
            names[want.kind].append(want.physical_name)
    return names


def _pattern(kind: Kind, scope: Scope) -> str:
    return NAMES.get(kind.name, "{stack}-*").format(stack=scope.stack.lower() if kind.service == "rds" else scope.stack)


def _without_covered(arns: Sequence[str]) -> list[str]:
    """The patterns, each once, but for those that another one covers."""
    distinct = list(dict.fromkeys(arns))
    return [arn for arn in distinct if not any(other != arn and fnmatchcase(arn, other) for other in distinct)]


def _ec2(operations: Sequence[str], scope: Scope) -> Iterator[Statement]:
    """What is touched must have the stack's tag."""
    ours = {"StringEquals": {f"aws:ResourceTag/{STACK_TAG}": scope.stack}}
    touching = [operation for operation in operations if operation not in EC2_ALONE]
    yield _statement("Ec2Touch", _ec2_actions(touching), [_ec2_arn("*", scope)], ours)
    creations = [operation for operation in operations if operation in EC2_CREATES]
    if creations:
        yield from _ec2_creations(creations, scope)
    by_types: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for operation in EC2_UNTAGGED.keys() & operations:
        by_types[EC2_UNTAGGED[operation]].append(operation)
    for number, (types, its_operations) in enumerate(sorted(by_types.items()), 1):
        yield _statement(f"Ec2Along{number}", _ec2_actions(its_operations), [_ec2_arn(kind, scope) for kind in types])


def _ec2_creations(creations: Sequence[str], scope: Scope) -> Iterator[Statement]:
    """What is made must get the stack's tag; CreateTags is allowed along with the creation that it belongs to."""
    tagged = {"StringEquals": {f"aws:RequestTag/{STACK_TAG}": scope.stack}}
    made = sorted({kind for operation in creations for kind in EC2_CREATES[operation]})
    yield _statement("Ec2Make", _ec2_actions(creations), [_ec2_arn(kind, scope) for kind in made], tagged)
    during = {"StringEquals": {"ec2:CreateAction": list(creations)}}
    yield _statement("Ec2TagWhatIsMade", ["ec2:CreateTags"], [_ec2_arn("*", scope)], during)


def _side_effects(kinds: Sequence[Kind], actions: set[str], scope: Scope) -> Iterator[Statement]:
    """What AWS does in the caller's name: pass and link roles, make secrets, use keys, launch for a group."""
    passed = sorted({f"{PASSES_A_ROLE_TO[action]}.amazonaws.com" for action in actions if action in PASSES_A_ROLE_TO})
    if passed:
        roles = [_arn(RESOURCES["iam_role"][0], scope)]
        yield _statement("PassRole", ["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": passed}})
    linked = sorted({f"{LINKED_ROLES[action]}.amazonaws.com" for action in actions if action in LINKED_ROLES})
    if linked:
        roles = [_arn("iam::{account}:role/aws-service-role/*", scope)]
        condition = {"StringEquals": {"iam:AWSServiceName": linked}}
        yield _statement("ServiceLinkedRoles", ["iam:CreateServiceLinkedRole"], roles, condition)
    if "rds:CreateDBInstance" in actions:
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
        secrets = [_arn("secretsmanager:{region}:{account}:secret:rds!db-*", scope)]
        yield _statement("RdsSecret", ["secretsmanager:CreateSecret", "secretsmanager:TagResource"], secrets)
    if "autoscaling:CreateAutoScalingGroup" in actions:
        # AWS asks whether the caller may launch from the template; the template itself must be ours (Ec2Touch).
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
        template = {"ArnLike": {"ec2:LaunchTemplate": _ec2_arn("launch-template", scope)}}
        yield _statement("Ec2LaunchForGroup", ["ec2:RunInstances"], [_ec2_arn("instance", scope)], template)
    yield from _keys(kinds, scope)


def _of_fields(kinds: Sequence[Kind], scope: Scope, wants: Collection[Want]) -> Iterator[Statement]:
    """What is asked for only where a document has a field on: on the resources of those documents, and on no other."""
    for kind, field in ((one, field) for one in kinds for field in sorted(one.calls.keys() - {*ALWAYS})):
        arns = _arns_of_field(kind.name, field, scope, wants)
        if arns:
            sid = "".join(word.capitalize() for word in f"{kind.name}_{field}".split("_"))
            yield _statement(sid, _asked(kind, [field]), arns)


def _arns_of_field(kind: str, field: str, scope: Scope, wants: Collection[Want]) -> list[str]:
    templates = RESOURCES_OF_FIELDS[kind, field]
    names = [_whole_name(want, scope) for want in wants if want.kind == kind and want.get(field)]
    return [_arn(template, scope, name) for name in names for template in templates]


def _whole_name(want: Want, scope: Scope) -> str:
    """A derived name that ends in the account's twelve digits lacks them while the account is not known."""
    return want.physical_name if scope.account else re.sub("-$", f"-{'?' * 12}", want.physical_name)


def _keys(kinds: Sequence[Kind], scope: Scope) -> Iterator[Statement]:
    """Customer managed keys, through the services that encrypt with them: which keys, the key policies say."""
    services = {kind.service for kind in kinds if "kms_key" in kind.fields}
    services |= {"secretsmanager"} if "rds" in services else set()
    if services:
        via = [f"{service}.{scope.region}.amazonaws.com" for service in sorted(services)]
        operations = ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
        keys = [_arn("kms:{region}:{account}:key/*", scope)]
        condition = {"StringEquals": {"kms:ViaService": via}}
        yield _statement("Keys", [f"kms:{operation}" for operation in operations], keys, condition)


def _ec2_actions(operations: Iterable[str]) -> list[str]:
    return [f"ec2:{operation}" for operation in operations]


def _ec2_arn(kind: str, scope: Scope) -> str:
    # Images and snapshots are in nobody's account, as far as their ARN goes.
    template = f"ec2:{{region}}::{kind}/*" if kind in ("image", "snapshot") else f"ec2:{{region}}:{{account}}:{kind}/*"
    return _arn(template, scope)


def _arn(template: str, scope: Scope, name: str = "") -> str:
    parts = {"region": scope.region, "account": scope.account or "*", "stack": scope.stack, "name": name}
    return f"arn:{scope.partition}:{template.format(**parts)}"


def _statement(
    sid: str, actions: Iterable[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return {**statement, "Condition": dict(condition)} if condition else statement


def _document(its_statements: Sequence[Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(its_statements)}


def _size(its_statements: Sequence[Statement]) -> int:
    """Characters as IAM counts them: white space between tokens is none."""
    return len(json.dumps(_document(its_statements), separators=(",", ":"), ensure_ascii=False))


def _pieces(statement: Statement) -> Iterator[Statement]:
    """The statement, halved by its longer list until each part has room in a document."""
    if _size([statement]) <= POLICY_LIMIT:
        yield statement
        return
    key = max(("Action", "Resource"), key=lambda key: len(json.dumps(statement[key])) * (len(statement[key]) > 1))
    middle = len(statement[key]) // 2
    for suffix, half in (("A", statement[key][:middle]), ("B", statement[key][middle:])):
        yield from _pieces({**statement, "Sid": f"{statement['Sid']}{suffix}", key: half})
