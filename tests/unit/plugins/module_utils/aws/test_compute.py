# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pair, instance, EBS volume."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.compute import (
    AUTO_SCALING_TAG,
    EbsVolume,
    Fingerprint,
    Instance,
    KeyPair,
    fingerprint,
    key_material,
)
from ansible_collections.slipway.platform.plugins.module_utils.aws.iam import IamRole
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Have
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import digest
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import comparable
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref, Text
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.cures import mend_instances
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFhsI9FHFvDJ0Vb0mKGZLhUwTVrQHzdxGZqJBYSqQd8q"

IMAGE = "ami-03cf127a"
"""One of those that moto has."""


@pytest.fixture
def machines(network: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The network, and what machines refer to: two security groups, a key pair, two roles."""
    mend_instances(monkeypatch)
    vpc = network.known["vpc", "main"]["id"]
    for name in ("nodes", "kafka"):
        answer = network.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)
        network.known["security_group", name] = {"id": answer["GroupId"]}
    network.create(KeyPair(), public_key=KEY)
    for name in ("node", "broker"):
        network.create(IamRole(), name, trust=["ec2"], instance_profile=True)
    return network


def machine(**more: Any) -> dict[str, Any]:
    return {"subnet": "a", "instance_type": "t3.micro", "image": IMAGE, "security_groups": ["nodes"], **more}


def operations(calls: list[Any]) -> list[str]:
    return [call.operation for call in calls]


def test_key_pair(account: Account) -> None:
    attributes = account.create(KeyPair(), public_key=f"{KEY} somebody@example.org")
    assert account.have(KeyPair()).attributes == attributes
    assert attributes["key_name"] == "shop-test-key-pair"
    assert account.differences(KeyPair()) == {}
    account.delete(KeyPair())
    assert account.read(KeyPair()) == []


def test_another_key_is_told_apart(account: Account) -> None:
    account.create(KeyPair(), public_key=KEY)
    account.want(KeyPair(), public_key=f"{KEY} somebody")
    assert account.differences(KeyPair()) == {}
    account.want(KeyPair(), public_key=KEY.replace("Qd8q", "Qd8r"))
    assert account.differences(KeyPair()).keys() == {"public_key"}


@pytest.mark.parametrize(
    ("given", "compared"),
    [(KEY, KEY), (f"{KEY} me@host", KEY), (f"{KEY}  two words\n", KEY)],
)
def test_a_key_compares_without_its_comment(given: str, compared: str) -> None:
    assert key_material(given) == compared


def test_instance(machines: Account) -> None:
    document = machine(
        key_pair="main",
        role="node",
        user_data="#!/bin/sh\n",
        private_ip="10.0.0.9",
        root_volume={"size": 30},
        groups=["kafka", "broker"],
        hop_limit=2,
    )
    attributes = machines.create(Instance(), "kafka-1", **document)
    have = machines.have(Instance(), "kafka-1")
    assert have.attributes.items() <= attributes.items()
    assert have.attributes["private_ip"] == "10.0.0.9"
    assert have.tags["slipway:group"] == "broker,kafka"
    assert machines.differences(Instance(), "kafka-1") == {}
    machines.delete(Instance(), "kafka-1")
    assert machines.read(Instance()) == []


def test_instance_changes_in_place(machines: Account) -> None:
    kind = Instance()
    machines.create(kind, **machine(role="node", groups=["web"]))
    changed = machine(
        instance_type="t3.small",
        role="broker",
        security_groups=["nodes", "kafka"],
        source_dest_check=False,
        hop_limit=3,
        groups=[],
    )
    calls = machines.update(kind, **changed)
    assert machines.differences(kind) == {}
    assert operations(calls) == [
        "DeleteTags",
        "ModifyInstanceMetadataOptions",
        "StopInstances",
        "ModifyInstanceAttribute",
        "StartInstances",
        "ModifyInstanceAttribute",
        "ModifyInstanceAttribute",
        "ReplaceIamInstanceProfileAssociation",
    ]


def test_instance_without_a_role_gets_one(machines: Account) -> None:
    machines.create(Instance(), **machine())
    assert operations(machines.update(Instance(), **machine(role="node"))) == ["AssociateIamInstanceProfile"]
    assert machines.differences(Instance()) == {}


def test_instance_termination_protection(machines: Account) -> None:
    machines.create(Instance(), **machine(termination_protection=True))
    assert machines.differences(Instance()) == {}
    calls = machines.update(Instance(), **machine())
    assert operations(calls) == ["ModifyInstanceAttribute", "CreateTags"]
    assert calls[0].params["DisableApiTermination"] == {"Value": False}
    assert machines.differences(Instance()) == {}


def test_instance_user_data_arrives_as_written_and_is_told_apart(machines: Account) -> None:
    instance = machines.create(Instance(), **machine(user_data="#!/bin/sh\necho 1\n"))
    answer = machines.client("ec2").describe_instance_attribute(InstanceId=instance["id"], Attribute="userData")
    assert base64.b64decode(answer["UserData"]["Value"]).decode() == "#!/bin/sh\necho 1\n"
    machines.want(Instance(), **machine(user_data="#!/bin/sh\necho 2\n"))
    assert machines.differences(Instance()).keys() == {"user_data"}


def test_instance_has_one_disk_that_is_no_volume_of_the_stack(machines: Account) -> None:
    machines.create(Instance(), **machine(root_volume={"size": 33}))
    (disk,) = machines.client("ec2").describe_volumes()["Volumes"]
    assert (disk["Size"], disk["VolumeType"], disk["Encrypted"]) == (33, "gp3", True)
    (image,) = machines.client("ec2").describe_images(ImageIds=[IMAGE])["Images"]
    assert disk["Attachments"][0]["Device"] == image["RootDeviceName"]
    assert {"Key": "Project", "Value": "shop"} in disk["Tags"]
    assert machines.read(EbsVolume()) == []


def test_public_address_is_what_was_asked_for_also_when_stopped(machines: Account) -> None:
    instance = machines.create(Instance(), **machine(public_address=True))
    assert instance["public_ip"]
    machines.client("ec2").stop_instances(InstanceIds=[instance["id"]])
    assert machines.differences(Instance()) == {}


def test_machines_of_a_group_are_no_instances_of_the_stack(machines: Account) -> None:
    instance = machines.create(Instance(), **machine())
    assert len(machines.read(Instance())) == 1
    tag = {"Key": AUTO_SCALING_TAG, "Value": "agents"}
    machines.client("ec2").create_tags(Resources=[instance["id"]], Tags=[tag])
    assert machines.read(Instance()) == []


def test_reading_instances_takes_one_call(machines: Account) -> None:
    for name in ("one", "two"):
        machines.create(Instance(), name, **machine())
    machines.reader.operations.clear()
    assert len(machines.read(Instance())) == 2
    assert machines.reader.operations == ["ec2:DescribeInstances"]


def test_user_data_not_known_yet_has_no_fingerprint() -> None:
    text = Text(("echo ", Ref("s3_bucket", "main")))
    assert fingerprint(text) is text
    assert fingerprint("a") == digest("a") == fingerprint(fingerprint("a"))
    field = Instance.fields["user_data"]
    assert comparable("a", field) == comparable(Fingerprint(digest("a")), field)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"image": "debian-7"}, "debian-12"),
        ({"image": "ami-12345678"}, ""),
        ({"image": "debian-12"}, ""),
        ({"user_data": "x" * 16385}, "16384"),
        ({"user_data": "x" * 16384}, ""),
        ({"groups": ["a,b"]}, "does not match"),
        ({"market": "reserved"}, "on-demand"),
        ({"private_ip": "10.0.0.300"}, "IPv4"),
    ],
)
def test_instance_checks(changed: dict[str, Any], word: str) -> None:
    found = complaints(Instance(), **{"subnet": "a", "instance_type": "t3.micro", "image": "ami-1"} | changed)
    assert [word in each for each in found] == ([True] if word else [])


def test_ebs_volume(account: Account) -> None:
    kind = EbsVolume()
    attributes = account.create(kind, zone="us-east-1a", size=10, iops=3500, throughput=200)
    assert account.have(kind).attributes == attributes
    assert account.differences(kind) == {}
    calls = account.update(kind, zone="us-east-1a", size=20, iops=4000, throughput=200)
    assert [call.params for call in calls] == [{"VolumeId": attributes["id"], "Size": 20, "Iops": 4000}]
    assert account.differences(kind) == {}
    assert operations(account.delete(kind)) == ["DeleteVolume"]
    assert account.read(kind) == []


def test_ebs_volume_changes_its_type(account: Account) -> None:
    account.create(EbsVolume(), zone="us-east-1a", size=10, volume_type="gp2")
    assert account.differences(EbsVolume()) == {}
    account.update(EbsVolume(), zone="us-east-1a", size=10)
    assert account.differences(EbsVolume()) == {}


def test_ebs_volume_follows_its_machine(machines: Account) -> None:
    kind, zone = EbsVolume(), "us-east-1a"
    for name in ("one", "two"):
        machines.create(Instance(), name, **machine())
    machines.create(kind, zone=zone, size=10, instance="one")
    assert machines.have(kind).fields["device"] == "/dev/sdf"
    assert machines.differences(kind) == {}
    assert operations(machines.update(kind, zone=zone, size=10, instance="two")) == ["DetachVolume", "AttachVolume"]
    assert machines.differences(kind) == {}
    assert operations(machines.delete(kind)) == ["DetachVolume", "DeleteVolume"]


def test_ebs_volume_whose_machine_is_replaced(machines: Account) -> None:
    """By the time of the volume's update the old machine is gone, and has let go of it."""
    kind, zone = EbsVolume(), "us-east-1a"
    machines.create(Instance(), **machine())
    machines.create(kind, zone=zone, size=10, instance="main")
    have = machines.have(kind)
    machines.delete(Instance())
    machines.create(Instance(), **machine())
    wanted = machines.want(kind, zone=zone, size=10, instance="main")
    machines.run(kind, kind.update(have, wanted, frozenset({"instance"})), have.attributes)
    assert machines.differences(kind) == {}


def test_ebs_volume_is_let_go_gently_but_for_its_deletion() -> None:
    kind = EbsVolume()
    have = Have("ebs_volume", "main", {"instance": "i-1"}, {"id": "vol-1"}, {})
    wanted = want(kind, zone="us-east-1a", size=10, instance="other")
    update = next(iter(kind.update(have, wanted, frozenset({"instance"}))))
    delete = next(iter(kind.delete(have)))
    assert (update.params["Force"], delete.params["Force"]) == (False, True)
