# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: a new bucket is private, encrypted and owned by its account."""

from __future__ import annotations

from typing import Any

from moto.s3.models import PublicAccessBlock, S3Backend

from lab.emulator.strict import cured


def _aes256() -> dict[str, Any]:
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}}


@cured(S3Backend, "create_bucket")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html and default-bucket-encryption.html"""
    bucket = original(*arguments, **named)
    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
    bucket.encryption = _aes256()
    bucket.ownership_rule = bucket.ownership_rule or "BucketOwnerEnforced"
    return bucket


@cured(S3Backend, "delete_bucket_encryption")
def delete_encryption(original: Any, backend: Any, bucket_name: str) -> None:
    """Back to the default. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html"""
    original(bucket_name)
    backend.get_bucket(bucket_name).encryption = _aes256()
