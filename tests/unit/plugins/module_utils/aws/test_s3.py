# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 bucket."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.slipway.platform.plugins.module_utils.aws.s3 import (
    S3Bucket,
    deny_plain_http,
    lifecycle_rule,
    split_policy,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Swept, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.cures import mend_buckets
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import SCOPE, complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

BUCKET = "shop-test-bucket-123456789012"
KMS = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
READ = {
    "Sid": "Read",
    "Effect": "Allow",
    "Principal": {"AWS": "123456789012"},
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
LIFECYCLE = [
    {"id": "age", "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}], "expiration_days": 180},
    {"id": "old", "prefix": "state/", "noncurrent_days": 90, "abort_multipart_days": 7},
]


@pytest.fixture
def buckets(account: Account) -> Account:
    mend_buckets(account)
    return account


def operations(calls: list[Call]) -> list[str]:
    return [call.operation for call in calls]


def test_s3_bucket(buckets: Account) -> None:
    kind = S3Bucket()
    attributes = buckets.create(kind)
    assert operations(buckets.sent) == ["CreateBucket", "PutBucketPolicy"]
    assert buckets.have(kind).attributes == attributes
    assert attributes == {
        "id": BUCKET,
        "arn": f"arn:aws:s3:::{BUCKET}",
        "domain": f"{BUCKET}.s3.us-east-1.amazonaws.com",
    }
    assert buckets.differences(kind) == {}
    buckets.delete(kind)
    assert buckets.read(kind) == []


def test_s3_bucket_in_full(buckets: Account) -> None:
    document = {
        "versioning": True,
        "encryption": {"algorithm": "aws:kms", "kms_key": KMS},
        "public_access_block": False,
        "ownership": "ObjectWriter",
        "lifecycle": LIFECYCLE,
        "policy": {"Version": "2012-10-17", "Statement": READ},
        "tls_only": False,
    }
    buckets.create(S3Bucket(), **document)
    assert buckets.differences(S3Bucket()) == {}


def test_s3_bucket_changes_in_place(buckets: Account) -> None:
    kind = S3Bucket()
    buckets.create(kind)
    calls = buckets.update(
        kind,
        versioning=True,
        encryption={"algorithm": "aws:kms"},
        public_access_block=False,
        ownership="BucketOwnerPreferred",
        lifecycle=LIFECYCLE,
        policy={"Statement": [READ]},
    )
    assert sorted(operations(calls)) == [
        "PutBucketEncryption",
        "PutBucketLifecycleConfiguration",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketVersioning",
        "PutPublicAccessBlock",
    ]
    assert buckets.differences(kind) == {}
    calls = buckets.update(kind, tls_only=False, ownership="BucketOwnerPreferred")
    assert buckets.differences(kind) == {}
    assert {"DeleteBucketLifecycle", "PutBucketPolicy"} < set(operations(calls))
    # The policy is not declared any more, so what it was stays.
    assert buckets.have(kind).fields["policy"] == {"Statement": [READ]}


def test_s3_bucket_without_a_policy_left(buckets: Account) -> None:
    buckets.create(S3Bucket())
    assert operations(buckets.update(S3Bucket(), tls_only=False)) == ["DeleteBucketPolicy"]
    assert buckets.differences(S3Bucket()) == {}


def fill(buckets: Account) -> None:
    """An object of two versions, and a deleted one."""
    for key in ("kept", "kept", "deleted"):
        buckets.client("s3").put_object(Bucket=BUCKET, Key=key)
    buckets.client("s3").delete_object(Bucket=BUCKET, Key="deleted")


def test_a_bucket_with_objects_is_emptied_only_where_it_says_so(buckets: Account) -> None:
    kind = S3Bucket()
    # moto takes the condition of the statement that denies plain HTTP for met.
    buckets.create(kind, versioning=True, tls_only=False)
    fill(buckets)
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        buckets.delete(kind)
    have = buckets.have(kind)
    buckets.run(kind, kind.retag(have, want(kind, empty_on_delete=True).tags, ()), have.attributes)
    calls = buckets.delete(kind)
    assert operations(calls) == ["DeleteObjects", "DeleteBucket"]
    assert len(calls[0].params["Delete"]["Objects"]) == 4
    assert buckets.read(kind) == []


def test_whether_it_is_emptied_is_kept_at_the_bucket(buckets: Account) -> None:
    kind = S3Bucket()
    buckets.create(kind, empty_on_delete=True)
    assert buckets.differences(kind) == {}
    assert operations(buckets.delete(kind)) == ["DeleteBucket"]


def test_retagging_keeps_the_other_tags(buckets: Account) -> None:
    kind = S3Bucket()
    buckets.create(kind)
    have = buckets.have(kind)
    buckets.run(kind, kind.retag(have, {"Owner": "data-team"}, ["CostCenter"]), have.attributes)
    tags = have.tags | {"Owner": "data-team"}
    del tags["CostCenter"]
    assert buckets.have(kind).tags == tags


def test_a_bucket_without_our_tags_is_foreign(account: Account) -> None:
    account.client("s3").create_bucket(Bucket=BUCKET)
    account.want(S3Bucket())
    (have,) = account.read(S3Bucket())
    assert (have.name, have.foreign) == ("main", True)


def test_adopting_a_bucket_converges_at_once(account: Account) -> None:
    kind = S3Bucket()
    account.client("s3").create_bucket(Bucket=BUCKET)
    account.want(kind, versioning=True)
    account.update(kind, versioning=True)
    have = account.have(kind)
    account.run(kind, kind.retag(have, account.wants[kind.name, "main"].tags, ()), have.attributes)
    assert account.differences(kind) == {}
    assert account.have(kind).foreign is False


def test_a_swept_bucket_is_looked_at(buckets: Account) -> None:
    buckets.create(S3Bucket(), "old")
    buckets.wants.clear()
    hints = [Swept(f"arn:aws:s3:::{name}", {}) for name in ("shop-test-bucket-old-123456789012", "gone-by-now")]
    assert [have.name for have in buckets.read(S3Bucket(), hints)] == ["old"]
    buckets.client("s3").create_bucket(Bucket="somebody-elses", CreateBucketConfiguration={"Tags": []})
    assert buckets.read(S3Bucket(), [Swept("arn:aws:s3:::somebody-elses", {})]) == []


@pytest.mark.parametrize(("region", "location"), [("us-east-1", None), ("eu-west-1", "eu-west-1")])
def test_location(region: str, location: str | None) -> None:
    base = want(S3Bucket())
    scope = Scope("shop", "test", region, account="123456789012")
    wanted = Want(base.kind, base.name, base.values, base.component, base.physical_name, base.tags, scope)
    create = next(iter(S3Bucket().create(wanted)))
    assert create.params["CreateBucketConfiguration"].get("LocationConstraint") == location


@pytest.mark.parametrize(
    ("document", "own", "tls_only"),
    [
        ({}, {}, False),
        ({"Statement": READ}, {"Statement": [READ]}, False),
        ({"Statement": [deny_plain_http(SCOPE, BUCKET)]}, {}, True),
        (
            {"Version": "1", "Statement": [READ, deny_plain_http(SCOPE, BUCKET)]},
            {"Version": "1", "Statement": [READ]},
            True,
        ),
        # AWS gives back a boolean as a string, and lists in an order of its own.
        (
            {
                "Statement": deny_plain_http(SCOPE, BUCKET)
                | {
                    "Condition": {"Bool": {"aws:SecureTransport": False}},
                    "Resource": [f"arn:aws:s3:::{BUCKET}/*", f"arn:aws:s3:::{BUCKET}"],
                }
            },
            {},
            True,
        ),
    ],
)
def test_policies_are_split(document: dict[str, Any], own: dict[str, Any], tls_only: bool) -> None:
    assert split_policy(document, deny_plain_http(SCOPE, BUCKET)) == (own, tls_only)


@pytest.mark.parametrize(
    "row",
    [
        {"ID": "a", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
        {"ID": "a", "Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 1}},
        {"ID": "a", "Status": "Enabled", "Filter": {"And": {"Prefix": "a", "ObjectSizeLessThan": 1}}},
    ],
)
def test_lifecycle_rules_that_no_document_says_equal_none(row: dict[str, Any]) -> None:
    assert lifecycle_rule(row) == {"id": "a"}


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"encryption": {"kms_key": KMS}}, "aws:kms"),
        ({"encryption": {"algorithm": "aws:kms", "kms_key": "alias/a"}}, "does not match"),
        ({"lifecycle": [LIFECYCLE[0], LIFECYCLE[0]]}, "more than one rule 'age'"),
        ({"lifecycle": [{"id": "idle"}]}, "does nothing"),
        ({"lifecycle": [{"id": "a", "transitions": [{"days": 1, "storage_class": "COLD"}]}]}, "GLACIER"),
        ({"lifecycle": LIFECYCLE}, ""),
    ],
)
def test_s3_bucket_checks(document: dict[str, Any], word: str) -> None:
    found = complaints(S3Bucket(), **document)
    assert [word in each for each in found] == ([True] if word else [])
