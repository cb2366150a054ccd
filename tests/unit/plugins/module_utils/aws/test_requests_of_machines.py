# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of the kinds of machines, roles and storage is valid, declared and needed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.compute import EbsVolume, Instance, KeyPair
from ansible_collections.slipway.platform.plugins.module_utils.aws.iam import IamRole
from ansible_collections.slipway.platform.plugins.module_utils.aws.logs import LogGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.s3 import S3Bucket
from ansible_collections.slipway.platform.plugins.module_utils.aws.scaling import AutoScalingGroup, LaunchTemplate
from ansible_collections.slipway.platform.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Have, Kind, Wait
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import (
    problems,
    undeclared_models,
    want,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFhsI9FHFvDJ0Vb0mKGZLhUwTVrQHzdxGZqJBYSqQd8q somebody@example.org"
KMS = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
LAUNCH = {"instance_type": "t3.micro", "image": "ami-0123456789abcdef0"}
FULL_LAUNCH = LAUNCH | {
    "user_data": "#!/bin/sh\necho ${s3_bucket.main.id}\n",
    "key_pair": "main",
    "role": "node",
    "security_groups": ["nodes"],
    "root_volume": {"size": 30},
    "hop_limit": 2,
    "groups": ["kafka", "broker"],
    "market": "spot",
}
STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "${s3_bucket.main.arn}/*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}
PUBLIC = {"Statement": [STATEMENT | {"Principal": {"AWS": "${iam_role.main.arn}"}}]}
LIFECYCLE = [
    {"id": "age", "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}], "expiration_days": 180},
    {"id": "old", "prefix": "state/", "noncurrent_days": 90, "abort_multipart_days": 7},
]

DOCUMENTS: list[tuple[Kind, dict[str, Any], list[str]]] = [
    (KeyPair(), {"public_key": KEY}, ["ImportKeyPair"]),
    (Instance(), {"subnet": "a", **LAUNCH}, ["RunInstances"]),
    (
        Instance(),
        {
            "subnet": "a",
            **FULL_LAUNCH,
            "private_ip": "10.0.0.9",
            "public_address": True,
            "source_dest_check": False,
            "termination_protection": True,
        },
        ["RunInstances", "ModifyInstanceAttribute"],
    ),
    (EbsVolume(), {"zone": "us-east-1a", "size": 10}, ["CreateVolume"]),
    (
        EbsVolume(),
        {
            "zone": "us-east-1a",
            "size": 10,
            "iops": 4000,
            "throughput": 250,
            "kms_key": KMS,
            "snapshot": "snap-0123456789abcdef0",
            "instance": "kafka-1",
            "device": "/dev/sdg",
        },
        ["CreateVolume", "AttachVolume"],
    ),
    (LaunchTemplate(), LAUNCH, ["CreateLaunchTemplate"]),
    (LaunchTemplate(), FULL_LAUNCH, ["CreateLaunchTemplate"]),
    (AutoScalingGroup(), {"launch_template": "a", "subnets": ["a"], "maximum": 1}, ["CreateAutoScalingGroup"]),
    (
        AutoScalingGroup(),
        {
            "launch_template": "a",
            "subnets": ["a", "b"],
            "minimum": 1,
            "maximum": 3,
            "desired": 2,
            "target_groups": ["web"],
            "groups": ["agents"],
            "node_tags": {"k8s.io/cluster-autoscaler/enabled": "true"},
            "health_check": "elb",
        },
        ["CreateAutoScalingGroup"],
    ),
    (IamRole(), {"trust": ["ec2"]}, ["CreateRole"]),
    (
        IamRole(),
        {
            "trust_policy": PUBLIC,
            "managed_policies": ["AmazonSSMManagedInstanceCore"],
            "policies": {"read": DOCUMENT},
            "instance_profile": True,
            "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
        },
        ["CreateRole", "AttachRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile", "PutRolePolicy"],
    ),
    (S3Bucket(), {"tls_only": False}, ["CreateBucket"]),
    (S3Bucket(), {}, ["CreateBucket", "PutBucketPolicy"]),
    (
        S3Bucket(),
        {
            "versioning": True,
            "encryption": {"algorithm": "aws:kms", "kms_key": KMS},
            "public_access_block": False,
            "ownership": "ObjectWriter",
            "lifecycle": LIFECYCLE,
            "policy": PUBLIC,
        },
        [
            "CreateBucket",
            "PutBucketVersioning",
            "PutBucketEncryption",
            "PutPublicAccessBlock",
            "PutBucketLifecycleConfiguration",
            "PutBucketPolicy",
        ],
    ),
    (Secret(), {}, ["RestoreSecret", "CreateSecret"]),
    (
        Secret(),
        {
            "description": "Password of the database",
            "generate": {"length": 20, "punctuation": "-_", "key": "password", "fields": {"username": "slipway"}},
            "kms_key": KMS,
            "recovery_days": 0,
        },
        ["RestoreSecret", "CreateSecret"],
    ),
    (LogGroup(), {"retention": 0}, ["CreateLogGroup"]),
    (LogGroup(), {"retention": 90, "kms_key": KMS}, ["CreateLogGroup", "PutRetentionPolicy"]),
]


@pytest.mark.parametrize(("kind", "document", "operations"), DOCUMENTS)
def test_creation_is_valid_and_needs_no_more_calls(kind: Kind, document: dict[str, Any], operations: list[str]) -> None:
    wanted = want(kind, **document)
    steps = [*kind.create(wanted), *kind.complete(wanted)]
    assert problems(kind, steps) == []
    assert [step.operation for step in steps if not isinstance(step, Wait)] == operations
    assert "id" in {attribute for step in steps for attribute in step.gives}


@pytest.mark.parametrize("kind", {document[0].name: document[0] for document in DOCUMENTS}.values())
def test_declared_operations_exist(kind: Kind) -> None:
    assert undeclared_models(kind) == []


@pytest.mark.parametrize("kind", {document[0].name: document[0] for document in DOCUMENTS}.values())
def test_retagging_is_valid(kind: Kind) -> None:
    attributes = {"id": "an-identifier", "arn": "arn:aws:a:b:c:an-identifier", "profile": "an-identifier"}
    have = Have(kind.name, "main", {}, attributes, {"Owner": "one", "Name": "main"})
    steps = list(kind.retag(have, {"Owner": "two"}, ["Name"]))
    assert steps
    assert problems(kind, steps) == []
