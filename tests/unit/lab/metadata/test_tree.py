# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance's metadata says: each path that cloud-init, the SDKs and other programs of a host read."""

from __future__ import annotations

import json

import pytest

from lab.account.model import Instance
from lab.metadata.credentials import Source
from lab.metadata.tree import find, tree
from tests.unit.lab.metadata.subjects import ACCOUNT, KEY, PLAIN, RICH, ROLE_ARN, USER_DATA, give, refuse

MAC = ACCOUNT.interfaces[RICH.interface].mac
SECOND = next(each for each in ACCOUNT.interfaces.values() if str(each.address) == "10.0.1.6")
SUBNET = ACCOUNT.interfaces[RICH.interface].subnet
(GROUP,) = ACCOUNT.interfaces[RICH.interface].groups
OF_MAC = f"meta-data/network/interfaces/macs/{MAC}/"


def read(instance: Instance, path: str, source: Source = give) -> str | None:
    found = find(tree(ACCOUNT, instance, source), [part for part in path.split("/") if part])
    return None if found is None else found.decode()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "dynamic\nmeta-data\nuser-data"),
        ("meta-data/ami-id", "ami-0debian12"),
        ("meta-data/instance-id", RICH.id),
        ("meta-data/instance-type", "t3.micro"),
        ("meta-data/instance-life-cycle", "on-demand"),
        ("meta-data/hostname", "ip-10-0-1-5.ec2.internal"),
        ("meta-data/local-hostname", "ip-10-0-1-5.ec2.internal"),
        ("meta-data/local-ipv4", "10.0.1.5"),
        ("meta-data/public-hostname", "ec2-198-19-0-1.compute-1.amazonaws.com"),
        ("meta-data/public-ipv4", "198.19.0.1"),
        ("meta-data/mac", MAC),
        ("meta-data/placement/", "availability-zone\nregion"),
        ("meta-data/placement/availability-zone", "us-east-1a"),
        ("meta-data/placement/region", "us-east-1"),
        ("meta-data/services/domain", "amazonaws.com"),
        ("meta-data/services/partition", "aws"),
        ("meta-data/security-groups", GROUP),
        ("meta-data/block-device-mapping/", "ami\nebs1\nebs2\nroot"),
        ("meta-data/block-device-mapping/root", "/dev/xvda"),
        ("meta-data/block-device-mapping/ebs1", "sdf"),
        ("meta-data/events/maintenance/scheduled", "[]"),
        ("meta-data/public-keys/", "0=deploy"),
        ("meta-data/public-keys/0/", "openssh-key"),
        ("meta-data/public-keys/0/openssh-key", KEY + "\n"),
        ("meta-data/tags/instance/", "Name\naws:autoscaling:groupName\nempty"),
        ("meta-data/tags/instance/Name", "web-1"),
        ("meta-data/tags/instance/empty", ""),
        ("meta-data/autoscaling/target-lifecycle-state", "InService"),
        ("meta-data/iam/", "info\nsecurity-credentials/"),
        ("meta-data/iam/security-credentials/", "web"),
        ("meta-data/network/interfaces/macs/", "\n".join(sorted([f"{MAC}/", f"{SECOND.mac}/"]))),
        (OF_MAC + "device-number", "0"),
        (OF_MAC + "interface-id", RICH.interface),
        (OF_MAC + "ipv4-associations/198.19.0.1", "10.0.1.5"),
        (OF_MAC + "local-ipv4s", "10.0.1.5"),
        (OF_MAC + "public-ipv4s", "198.19.0.1"),
        (OF_MAC + "owner-id", "123456789012"),
        (OF_MAC + "security-group-ids", GROUP),
        (OF_MAC + "subnet-id", SUBNET),
        (OF_MAC + "subnet-ipv4-cidr-block", "10.0.1.0/24"),
        (OF_MAC + "vpc-ipv4-cidr-blocks", "10.0.0.0/16"),
        (f"meta-data/network/interfaces/macs/{SECOND.mac}/device-number", "1"),
        (f"meta-data/network/interfaces/macs/{SECOND.mac}/public-ipv4s", None),
        ("dynamic/", "fws/\ninstance-identity/"),
        ("dynamic/fws/instance-monitoring", "disabled"),
        ("meta-data/spot/instance-action", None),
        ("meta-data/instance-id/more", None),
        ("nowhere", None),
    ],
)
def test_paths(path: str, expected: str | None) -> None:
    assert read(RICH, path) == expected


@pytest.mark.parametrize(
    "path",
    ["user-data", *(f"meta-data/{each}" for each in ("iam", "public-keys", "public-ipv4", "public-hostname", "tags",
                                                     "autoscaling", "spot", "events/recommendations"))],
)  # fmt: skip
def test_a_plain_instance_lacks_what_it_was_not_given(path: str) -> None:
    assert read(PLAIN, path) is None


def test_a_plain_instance_lists_no_user_data() -> None:
    assert read(PLAIN, "") == "dynamic\nmeta-data"


def test_every_listed_path_is_there() -> None:
    def walk(path: str) -> list[str]:
        listed = (read(RICH, path) or "").splitlines()
        return [each for name in listed for each in (walk(path + name) if name.endswith("/") else [path + name])]

    leaves = walk("meta-data/") + walk("dynamic/")
    assert len(leaves) > 40
    # The one listing that is not of names: "0=deploy" stands for the folder 0.
    assert [path for path in leaves if read(RICH, path) is None] == ["meta-data/public-keys/0=deploy"]


def test_user_data_is_given_byte_by_byte() -> None:
    assert find(tree(ACCOUNT, RICH, give), ["user-data"]) == USER_DATA


def test_the_identity_document() -> None:
    document = json.loads(read(RICH, "dynamic/instance-identity/document") or "")
    assert document["pendingTime"] == "2023-11-14T22:13:20Z"
    said = [
        document[name] for name in ("accountId", "availabilityZone", "imageId", "instanceId", "privateIp", "region")
    ]
    assert said == ["123456789012", "us-east-1a", "ami-0debian12", RICH.id, "10.0.1.5", "us-east-1"]


def test_credentials_are_asked_for_when_they_are_read_and_are_the_roles_own() -> None:
    assert json.loads(read(RICH, "meta-data/iam/info", refuse) or "")["InstanceProfileArn"] == ROLE_ARN
    said = json.loads(read(RICH, "meta-data/iam/security-credentials/web") or "")
    assert said.pop("LastUpdated")
    assert said == {
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIA1", "SecretAccessKey": "hidden",
        "Token": f"web of {RICH.id}", "Expiration": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    assert read(RICH, "meta-data/iam/security-credentials/other") is None


def test_a_role_that_is_gone_is_said_so() -> None:
    said = json.loads(read(RICH, "meta-data/iam/security-credentials/web", refuse) or "")
    assert said["Code"] == "AssumeRoleUnauthorizedAccess"
    assert said["Message"] == "EC2 cannot assume the role web: there is no role web"
