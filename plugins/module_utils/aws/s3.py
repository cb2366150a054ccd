# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object storage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.keys import kms_key
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    PAGE,
    Call,
    Have,
    Kind,
    Listing,
    Reader,
    Request,
    Step,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    boolean,
    canonical_policy,
    integer,
    list_of,
    policy,
    record,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Json, references

GONE = ("NoSuchBucket",)
EMPTY_TAG = "slipway:empty-on-delete"
"""Kept at the bucket, because it is deleted when its document is no more."""
BLOCKED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
STORAGE_CLASSES = ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


def bucket_arn(scope: Scope, bucket: str) -> str:
    return f"arn:{scope.partition}:s3:::{bucket}"


def deny_plain_http(scope: Scope, bucket: str) -> dict[str, Any]:
    """https://repost.aws/knowledge-center/s3-bucket-policy-for-config-rule"""
    arn = bucket_arn(scope, bucket)
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def statements(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def split_policy(document: Mapping[str, Any], deny: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A policy without the statement ``deny`` ({} when none is left), and whether that was there."""
    everything = statements(document)
    rest = [one for one in everything if canonical_policy(one) != canonical_policy(deny)]
    return ({**document, "Statement": rest} if rest else {}), len(rest) < len(everything)


def lifecycle_request(rule: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"ID": rule["id"], "Status": "Enabled", "Filter": {"Prefix": rule["prefix"]}}
    if rule["transitions"]:
        request["Transitions"] = [
            {"Days": each["days"], "StorageClass": each["storage_class"]} for each in rule["transitions"]
        ]
    for field, (name, days) in LIFECYCLE_DAYS.items():
        if field in rule:
            request[name] = {days: rule[field]}
    return request


def lifecycle_rule(row: Mapping[str, Any]) -> dict[str, Any]:
    """A rule in a document's terms. One that a document cannot say keeps its name only, so that it equals none."""
    selection = {key: value for key, value in row.get("Filter", {"Prefix": row.get("Prefix", "")}).items() if value}
    if row["Status"] != "Enabled" or selection.keys() - {"Prefix"}:
        return {"id": row.get("ID", "")}
    return {
        "id": row.get("ID", ""),
        "prefix": selection.get("Prefix", ""),
        "transitions": [
            {"days": each.get("Days"), "storage_class": each["StorageClass"]} for each in row.get("Transitions", ())
        ],
        **{field: row.get(name, {}).get(days) for field, (name, days) in LIFECYCLE_DAYS.items()},
    }


LIFECYCLE_DAYS = {
    "expiration_days": ("Expiration", "Days"),
    "noncurrent_days": ("NoncurrentVersionExpiration", "NoncurrentDays"),
    "abort_multipart_days": ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
}

LIFECYCLE_RULE = record(
    {
        "id": string("Name of the rule.", required=True),
        "prefix": string("Objects it is for; all unless said.", default=""),
        "transitions": list_of(
            record(
                {
                    "days": integer("After so many days.", required=True, minimum=0),
                    "storage_class": string("To this class.", required=True, choices=STORAGE_CLASSES),
                },
                "A move to a cheaper class.",
            ),
            "Moves to cheaper classes.",
            default=[],
        ),
        "expiration_days": integer("Delete after so many days.", minimum=1),
        "noncurrent_days": integer("Delete old versions after so many days.", minimum=1),
        "abort_multipart_days": integer("Drop unfinished uploads after so many days.", minimum=1),
    },
    "What becomes of objects as they age.",
)


class S3Bucket(Kind):
    """AWS gives a new bucket a public access block, AES256 and owner-enforced ownership by itself:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html"""

    name = "s3_bucket"
    doc = "A bucket: private, encrypted, over TLS only, unless said otherwise."
    service = "s3"
    identity = "name"
    resource_type = "bucket"
    name_limit = 63
    account_suffix = True
    protected = True
    down = "all its objects"
    arn = r"arn:aws[a-z-]*:s3:::[^/]+"
    fields = {
        "versioning": boolean("Keep old versions of objects.", default=False),
        "encryption": record(
            {
                "algorithm": string("Encryption of new objects.", default="AES256", choices=("AES256", "aws:kms")),
                "kms_key": kms_key("ARN of the key, with aws:kms; the account's own unless said."),
            },
            "Encryption at rest.",
            default={"algorithm": "AES256"},
        ),
        "public_access_block": boolean("Block public access, by all four of its switches.", default=True),
        "ownership": string(
            "Who owns objects; BucketOwnerEnforced turns ACLs off.",
            default="BucketOwnerEnforced",
            choices=("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
        ),
        "lifecycle": set_of(LIFECYCLE_RULE, "Lifecycle rules.", default=[]),
        "empty_on_delete": boolean(
            "When it is deleted, delete all objects in it first, every version of them; else AWS refuses to delete a "
            "bucket that holds any. It must be applied before.",
            default=False,
        ),
        "policy": policy("Bucket policy.", late=True),
        "tls_only": boolean("Deny plain HTTP, by a statement added to the policy.", default=True, late=True),
    }
    attributes = {"id": "its name", "arn": "its ARN", "domain": "its regional domain name"}
    calls = {
        "read": (
            "HeadBucket",
            "GetBucketTagging",
            "GetBucketVersioning",
            "GetBucketEncryption",
            "GetPublicAccessBlock",
            "GetBucketOwnershipControls",
            "GetBucketLifecycleConfiguration",
            "GetBucketPolicy",
        ),
        "write": (
            "CreateBucket",
            "PutBucketTagging",
            "PutBucketVersioning",
            "PutBucketEncryption",
            "PutPublicAccessBlock",
            "PutBucketOwnershipControls",
            "PutBucketLifecycleConfiguration",
            "DeleteBucketLifecycle",
            "PutBucketPolicy",
            "DeleteBucketPolicy",
            "DeleteBucket",
        ),
        "empty_on_delete": ("ListObjectVersions", "DeleteObjects"),
    }
    given_by_aws = {
        "versioning": False,
        "encryption": {"algorithm": "AES256"},
        "public_access_block": True,
        "lifecycle": [],
    }

    def read(self, reader: Reader, request: Request) -> list[Have]:
        wanted = {want.physical_name: want.name for want in request.wants}
        swept = {one.arn.rpartition(":")[2] for one in request.swept}
        found = reader.each(lambda bucket: self._read(reader, bucket, wanted), sorted(wanted.keys() | swept))
        return [have for have in found if have and (not have.foreign or have.physical_name in wanted)]

    def _read(self, reader: Reader, bucket: str, wanted: Mapping[str, str]) -> Have | None:
        def get(operation: str, *missing: str) -> dict[str, Any]:
            return reader.call("s3", operation, {"Bucket": bucket}, missing=(*missing, *GONE)) or {}

        # A bucket of another account's answers 403: creating it will fail with the reason.
        if reader.call("s3", "HeadBucket", {"Bucket": bucket}, missing=("404", "403", *GONE)) is None:
            return None
        tags = as_map(get("GetBucketTagging", "NoSuchTagSet").get("TagSet", ()))
        name = wanted.get(bucket) or tags.get(NAME_TAG, "")
        foreign = tags.get(STACK_TAG) != reader.scope.stack
        fields = {**self._observe(reader.scope, bucket, get), "empty_on_delete": tags.get(EMPTY_TAG) == "true"}
        return Have(self.name, name, fields, _attributes(reader.scope, bucket), tags, bucket, foreign)

    def _observe(self, scope: Scope, bucket: str, get: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        rules = get("GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError")
        encryption = rules.get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])[0]
        by_default = encryption.get("ApplyServerSideEncryptionByDefault", {})
        block = get("GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration")
        blocked = block.get("PublicAccessBlockConfiguration", {})
        ownership = get("GetBucketOwnershipControls", "OwnershipControlsNotFoundError")
        lifecycle = get("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration")
        document = json.loads(get("GetBucketPolicy", "NoSuchBucketPolicy").get("Policy", "{}"))
        own, tls_only = split_policy(document, deny_plain_http(scope, bucket))
        return {
            "versioning": get("GetBucketVersioning").get("Status") == "Enabled",
            "encryption": {
                "algorithm": by_default.get("SSEAlgorithm"),
                "kms_key": by_default.get("KMSMasterKeyID"),
            },
            "public_access_block": all(blocked.get(switch) for switch in BLOCKED),
            "ownership": ownership.get("OwnershipControls", {}).get("Rules", [{}])[0].get("ObjectOwnership"),
            "lifecycle": [lifecycle_rule(row) for row in lifecycle.get("Rules", ())],
            "policy": own,
            "tls_only": tls_only,
        }

    def create(self, want: Want) -> Iterator[Step]:
        bucket, region = want.physical_name, want.scope.region
        # The oldest region is no location: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        location = {} if region == "us-east-1" else {"LocationConstraint": region}
        params = {"Bucket": bucket, "CreateBucketConfiguration": {**location, "Tags": as_list(want.tags)}}
        if want["ownership"] != "BucketOwnerEnforced":
            params["ObjectOwnership"] = want["ownership"]
        gives = {attribute: f"'{value}'" for attribute, value in _attributes(want.scope, bucket).items()}
        # The name of a bucket deleted a moment ago is not free yet.
        yield Call("s3", "CreateBucket", params, gives=gives, patience={"OperationAborted": 300})
        for field, given in self.given_by_aws.items():
            if want[field] != given:
                yield self._set(bucket, want, field)

    def complete(self, want: Want) -> Iterator[Step]:
        step = self._set_policy(want.physical_name, want, want.get("policy", {}))
        if step.operation == "PutBucketPolicy":
            yield step

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        for field in sorted(changed - {"policy", "tls_only", "empty_on_delete"}):
            yield self._set(have.id, want, field)
        if changed & {"policy", "tls_only"}:
            yield self._set_policy(have.id, want, want.get("policy", have.fields["policy"]))

    def _set(self, bucket: str, want: Want, field: str) -> Call:
        step: Call = getattr(self, f"_set_{field}")(bucket, want[field])
        return step

    def _set_versioning(self, bucket: str, versioning: bool) -> Call:
        status = {"Status": "Enabled" if versioning else "Suspended"}
        return Call("s3", "PutBucketVersioning", {"Bucket": bucket, "VersioningConfiguration": status})

    def _set_encryption(self, bucket: str, encryption: Mapping[str, Any]) -> Call:
        rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": encryption["algorithm"]}}
        if encryption["algorithm"] == "aws:kms":
            # One call to KMS a bucket instead of one an object.
            rule["BucketKeyEnabled"] = True
        if "kms_key" in encryption:
            rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = encryption["kms_key"]
        rules = {"Rules": [rule]}
        return Call("s3", "PutBucketEncryption", {"Bucket": bucket, "ServerSideEncryptionConfiguration": rules})

    def _set_public_access_block(self, bucket: str, block: bool) -> Call:
        switches = dict.fromkeys(BLOCKED, block)
        return Call("s3", "PutPublicAccessBlock", {"Bucket": bucket, "PublicAccessBlockConfiguration": switches})

    def _set_ownership(self, bucket: str, ownership: str) -> Call:
        rules = {"Rules": [{"ObjectOwnership": ownership}]}
        return Call("s3", "PutBucketOwnershipControls", {"Bucket": bucket, "OwnershipControls": rules})

    def _set_lifecycle(self, bucket: str, lifecycle: Sequence[Mapping[str, Any]]) -> Call:
        if not lifecycle:
            return Call("s3", "DeleteBucketLifecycle", {"Bucket": bucket})
        rules = {"Rules": [lifecycle_request(rule) for rule in lifecycle]}
        return Call("s3", "PutBucketLifecycleConfiguration", {"Bucket": bucket, "LifecycleConfiguration": rules})

    def _set_policy(self, bucket: str, want: Want, own: Mapping[str, Any]) -> Call:
        deny = [deny_plain_http(want.scope, bucket)] if want["tls_only"] else []
        everything = [*statements(own), *deny]
        if not everything:
            return Call("s3", "DeleteBucketPolicy", {"Bucket": bucket})
        document = {**(own or {"Version": "2012-10-17"}), "Statement": everything}
        # A principal made a moment ago is an invalid one: https://github.com/aws/aws-sdk-java-v2/issues/1946
        patience = {"MalformedPolicy": 120} if any(references(own)) else {}
        return Call("s3", "PutBucketPolicy", {"Bucket": bucket, "Policy": Json(document)}, patience=patience)

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        kept = {key: value for key, value in {**have.tags, **tags}.items() if key not in gone}
        yield Call("s3", "PutBucketTagging", {"Bucket": have.id, "Tagging": {"TagSet": as_list(kept)}})

    def marks(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        return {EMPTY_TAG: "true"} if values["empty_on_delete"] else {}

    def delete(self, have: Have) -> Iterator[Step]:
        bucket = {"Bucket": have.id}
        if have.fields["empty_on_delete"]:
            # The greatest page, and the greatest request:
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
            page = {**bucket, "MaxKeys": 1000}
            every = "[Versions, DeleteMarkers][] | [].{Key: Key, VersionId: VersionId}"
            objects = Listing("s3", "ListObjectVersions", page, every, "all objects in it, every version of them")
            yield Call(
                "s3", "DeleteObjects", {**bucket, "Delete": {"Objects": PAGE, "Quiet": True}}, done=GONE, each=objects
            )
        yield Call("s3", "DeleteBucket", bucket, done=GONE)

    def check(self, want: Want) -> Iterator[str]:
        if "kms_key" in want["encryption"] and want["encryption"]["algorithm"] != "aws:kms":
            yield "encryption.kms_key is of no use with AES256; say algorithm: aws:kms, or drop the key"
        names = [rule["id"] for rule in want["lifecycle"]]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"lifecycle has more than one rule {name!r}; give each an id of its own"
        for rule in want["lifecycle"]:
            if not rule["transitions"] and not rule.keys() & LIFECYCLE_DAYS.keys():
                yield f"the lifecycle rule {rule['id']!r} does nothing; give it transitions or days"


def _attributes(scope: Scope, bucket: str) -> dict[str, str]:
    return {"id": bucket, "arn": bucket_arn(scope, bucket), "domain": f"{bucket}.s3.{scope.region}.amazonaws.com"}
