# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: a new bucket is private, encrypted and owned by its account."""

from __future__ import annotations

from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.s3.models import PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

from lab.emulator.strict import cured


def _aes256() -> dict[str, Any]:
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}}


@cured(S3Backend, "create_bucket")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-bucket.html"""
    bucket = original(*arguments, **named)
    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
    bucket.encryption = _aes256()
    bucket.ownership_rule = bucket.ownership_rule or "BucketOwnerEnforced"
    return bucket


@cured(S3Response, "_bucket_response_put")
def put(original: Any, response: Any, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
    """A bucket is born with its tags. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""
    existed = bucket_name in response.backend.buckets
    answer = original(request, bucket_name, querystring)
    body = response.body if not querystring and not existed else b""
    tags = body and xmltodict.parse(body, force_list=("Tag",)).get("CreateBucketConfiguration", {}).get("Tags")
    if tags and bucket_name in response.backend.buckets:
        response.backend.put_bucket_tagging(bucket_name, {tag["Key"]: tag["Value"] or "" for tag in tags["Tag"]})
    return answer


@cured(S3Backend, "delete_bucket_encryption")
def delete_encryption(original: Any, backend: Any, bucket_name: str) -> None:
    """Back to the default. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html"""
    original(bucket_name)
    backend.get_bucket(bucket_name).encryption = _aes256()
