# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moto does otherwise than AWS, mended where a kind would be tested against the wrong thing."""

from __future__ import annotations

from typing import Any

import pytest
from moto.acm.models import AWSCertificateManagerBackend
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance

from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account


def mend_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    """The groups of an instance's first interface are the instance's; a terminated one can be terminated again; a
    replaced profile is shown: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html"""
    run, terminate = EC2Backend.run_instances, Instance.terminate
    replace = EC2Backend.replace_iam_instance_profile_association

    def run_instances(self: EC2Backend, *arguments: Any, **options: Any) -> Any:
        reservation = run(self, *arguments, **options)
        for instance in reservation.instances:
            instance.security_groups = instance.security_groups or list(instance.nics[0].group_set)
        return reservation

    def terminate_once(self: Instance) -> Any:
        return self._state if self._state.name == "terminated" else terminate(self)

    def replace_and_show(self: EC2Backend, *arguments: Any, **options: Any) -> Any:
        association = replace(self, *arguments, **options)
        association.instance.iam_instance_profile = {"Arn": association.iam_instance_profile.arn, "Id": "an-id"}
        return association

    monkeypatch.setattr(EC2Backend, "run_instances", run_instances)
    monkeypatch.setattr(Instance, "terminate", terminate_once)
    monkeypatch.setattr(EC2Backend, "replace_iam_instance_profile_association", replace_and_show)


def mend_buckets(account: Account) -> None:
    """A new bucket has the tags of its request, and AWS's defaults:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html"""
    client = account.client("s3")
    requested: dict[str, Any] = {}

    def remember(params: dict[str, Any], **_more: Any) -> None:
        requested.update(params)

    def furnish(parsed: dict[str, Any], **_more: Any) -> None:
        if "Error" in parsed:
            return
        bucket = {"Bucket": requested["Bucket"]}
        client.put_bucket_tagging(**bucket, Tagging={"TagSet": requested["CreateBucketConfiguration"]["Tags"]})
        switches = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        client.put_public_access_block(**bucket, PublicAccessBlockConfiguration=dict.fromkeys(switches, True))
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        client.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        ownership = {"ObjectOwnership": requested.get("ObjectOwnership", "BucketOwnerEnforced")}
        client.put_bucket_ownership_controls(**bucket, OwnershipControls={"Rules": [ownership]})

    client.meta.events.register("provide-client-params.s3.CreateBucket", remember)
    client.meta.events.register("after-call.s3.CreateBucket", furnish)


def mend_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is imported again keeps its tags, what was imported comes back as it was, and a listing is of RSA:
    https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html,
    https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html"""
    original, listed = AWSCertificateManagerBackend.import_certificate, AWSCertificateManagerBackend.list_certificates

    def keep_tags(self: AWSCertificateManagerBackend, *files: Any, **options: Any) -> str:
        before = self._certificates.get(options["arn"])
        made: str = original(self, *files, **options)
        if before is not None:
            self._certificates[made].tags = before.tags
        return made

    def of_key_types(self: AWSCertificateManagerBackend, statuses: Any, includes: Any) -> Any:
        return listed(self, statuses, {"keyTypes": ["RSA_1024", "RSA_2048"], **(includes or {})})

    monkeypatch.setattr(AWSCertificateManagerBackend, "import_certificate", keep_tags)
    monkeypatch.setattr(AWSCertificateManagerBackend, "list_certificates", of_key_types)
    monkeypatch.setattr("moto.acm.models.AWS_ROOT_CA", b"")
