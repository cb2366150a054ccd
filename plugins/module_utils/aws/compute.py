# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines and their disks: key pair, instance, EBS volume."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.aws.images import ALIASES
from ansible_collections.slipway.platform.plugins.module_utils.aws.keys import kms_key
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Reader,
    Step,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import (
    DIGEST_TAG,
    GROUP_TAG,
    NAME_TAG,
    STACK_TAG,
    digest,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    Field,
    address,
    boolean,
    integer,
    record,
    reference,
    set_of,
    string,
    template,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own

AUTO_SCALING_TAG = "aws:autoscaling:groupName"
PUBLIC_ADDRESS_TAG = "slipway:public-address"
ROOT_VOLUME_TAG = "slipway:root-volume"
TERMINATION_PROTECTION_TAG = "slipway:termination-protection"
USER_DATA_LIMIT = 16384
"""Bytes before encoding: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html"""
PROFILE_PATIENCE = {"InvalidParameterValue": 120}
"""EC2 takes a while to see a new instance profile: https://github.com/hashicorp/terraform/issues/15341"""
DEVICE = "/dev/sdf"
"""The first of the names that AWS recommends for data volumes:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html"""

SOURCES = string(
    "Where its packages come from, for the check that it has a route there; never sent.",
    default="internet",
    choices=("internet", "mirror"),
    change=Change.CREATE_ONLY,
)
LAUNCH_FIELDS: Mapping[str, Field] = {
    "instance_type": string("Instance type.", required=True),
    "image": string("AMI id, or an alias for the newest of a distribution.", required=True, change=Change.CREATE_ONLY),
    "user_data": template("What the first boot runs or reads, at most 16 KiB.", change=Change.CREATE_ONLY),
    "key_pair": reference("key_pair", "SSH key of the image's first user.", attribute="key_name"),
    "role": reference("iam_role", "Role of the machine, one with an instance profile.", attribute="profile"),
    "security_groups": set_of(reference("security_group", "A security group."), "Its security groups."),
    "root_volume": record(
        {
            "size": integer("GiB.", default=20, minimum=1),
            "type": string("EBS volume type.", default="gp3", choices=("gp3", "gp2", "io1", "io2", "standard")),
            "encrypted": boolean("Encrypt it.", default=True),
        },
        "The disk it boots from; it goes with the machine.",
        default={"size": 20, "type": "gp3", "encrypted": True},
    ),
    "hop_limit": integer(
        "Network hops that an answer of the metadata service may take: 2 for containers.",
        default=1,
        minimum=1,
        maximum=64,
    ),
    "groups": set_of(
        string("An inventory group.", pattern=r"[A-Za-z0-9_-]+"), "Inventory groups the host is in.", default=[]
    ),
    "market": string("How it is paid for.", default="on-demand", choices=("on-demand", "spot")),
}
"""What an instance and a launch template have in common."""


def launch_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that RunInstances and launch template data spell alike. ``Own("root_device")`` must be known.

    IMDSv2 only: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html
    """
    root = values["root_volume"]
    disk = {
        "VolumeSize": root["size"],
        "VolumeType": root["type"],
        "Encrypted": root["encrypted"],
        "DeleteOnTermination": True,
    }
    params = {
        "ImageId": values["image"],
        "InstanceType": values["instance_type"],
        "BlockDeviceMappings": [{"DeviceName": Own("root_device"), "Ebs": disk}],
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": values["hop_limit"],
        },
    }
    if "key_pair" in values:
        params["KeyName"] = values["key_pair"]
    if "role" in values:
        params["IamInstanceProfile"] = {"Name": values["role"]}
    if values["market"] == "spot":
        params["InstanceMarketOptions"] = {"MarketType": "spot"}
    return params


def root_device(image: Any) -> Wait:
    """An image's root device name: a mapping under any other name would add a second disk."""
    return Wait(
        "ec2",
        "DescribeImages",
        {"ImageIds": [image]},
        "Images[0].State",
        until=("available",),
        fail=("invalid", "deregistered", "failed", "error"),
        gives={"root_device": "Images[0].RootDeviceName"},
    )


def disk_tags(want: Want) -> list[dict[str, str]]:
    """The tags of what is made along with a machine: whose it is, but no resource of its own to the engine."""
    return as_list({key: value for key, value in want.tags.items() if key not in (STACK_TAG, NAME_TAG)})


def group_tag(groups: list[str]) -> dict[str, str]:
    return {GROUP_TAG: ",".join(sorted(groups))} if groups else {}


def tagged_groups(tags: Mapping[str, str]) -> list[str]:
    return tags[GROUP_TAG].split(",") if tags.get(GROUP_TAG) else []


def check_launch(want: Want) -> Iterator[str]:
    image, text = want["image"], want.get("user_data")
    if not image.startswith("ami-") and image not in ALIASES:
        yield f"image {image!r} is unknown; give an AMI id (ami-…) or one of {', '.join(ALIASES)}"
    if isinstance(text, str) and len(text.encode()) > USER_DATA_LIMIT:
        yield f"user_data has {len(text.encode())} bytes, more than {USER_DATA_LIMIT}; fetch the rest at first boot"


class Fingerprint(str):
    """What stands in a tag for a text that is not read back."""


def fingerprint(value: Any) -> Any:
    """A text in the form in which it compares with a fingerprint; what is not known yet stays as it is."""
    return Fingerprint(digest(value)) if isinstance(value, str) and not isinstance(value, Fingerprint) else value


def key_material(value: str) -> str:
    """A public key without its comment."""
    return " ".join(value.split()[:2])


class KeyPair(Ec2Kind):
    name = "key_pair"
    doc = "A public key that new instances let in."
    listing = ("DescribeKeyPairs", "KeyPairs")
    id_key = "KeyPairId"
    tag_type = "key-pair"
    fields = {
        "public_key": string(
            "The key in OpenSSH's format, RSA or Ed25519.",
            required=True,
            change=Change.CREATE_ONLY,
            pattern=r"ssh-(rsa|ed25519) \S+( .*)?\s*",
            normalise=key_material,
        )
    }
    attributes = {"id": "KeyPairId", "key_name": "its name, by which instances are launched"}
    calls = {"read": ("DescribeKeyPairs",), "write": ("ImportKeyPair", "DeleteKeyPair", "CreateTags", "DeleteTags")}

    def rows(self, reader: Reader) -> list[dict[str, Any]]:
        filters = [{"Name": f"tag:{STACK_TAG}", "Values": [reader.scope.stack]}]
        return reader.pages("ec2", "DescribeKeyPairs", "KeyPairs", {"Filters": filters, "IncludePublicKey": True})

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"public_key": row["PublicKey"]}

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": row["KeyPairId"], "key_name": row["KeyName"]}

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "ImportKeyPair",
            {"KeyName": want.physical_name, "PublicKeyMaterial": want["public_key"], **self.tagged(want)},
            gives={"id": "KeyPairId", "key_name": "KeyName"},
        )

    def delete(self, have: Have) -> Iterator[Step]:
        params = {"KeyName": have.attributes["key_name"]}
        yield Call("ec2", "DeleteKeyPair", params, done=("InvalidKeyPair.NotFound",))


class Instance(Ec2Kind):
    """Machines of auto scaling groups carry the stack's tag too, but belong to their group."""

    name = "instance"
    doc = "A virtual machine. Its metadata service answers IMDSv2 only."
    listing = ("DescribeInstances", "Reservations[].Instances[]")
    id_key = "InstanceId"
    tag_type = "instance"
    down = "the machine, with what is on its root volume"
    lock = "termination_protection"
    after = ("vpc", "route_table", "nat_gateway")
    fields = {
        "subnet": reference("subnet", "The subnet it stands in.", required=True, change=Change.REPLACE),
        **LAUNCH_FIELDS,
        "instance_type": string("Instance type; a change stops and starts the machine.", required=True),
        "user_data": dataclasses.replace(LAUNCH_FIELDS["user_data"], normalise=fingerprint),
        "key_pair": dataclasses.replace(LAUNCH_FIELDS["key_pair"], change=Change.CREATE_ONLY),
        "root_volume": dataclasses.replace(LAUNCH_FIELDS["root_volume"], change=Change.CREATE_ONLY),
        "market": dataclasses.replace(LAUNCH_FIELDS["market"], change=Change.REPLACE),
        "private_ip": address("Fixed address in the subnet.", change=Change.REPLACE),
        "public_address": boolean("Give it a public address.", default=False, change=Change.REPLACE),
        "source_dest_check": boolean("Drop traffic that is not its own; false for routers.", default=True),
        "sources": SOURCES,
        "termination_protection": boolean("Let AWS refuse to terminate it.", default=False),
    }
    attributes = {
        "id": "InstanceId",
        "private_ip": "its private address",
        "public_ip": "its public address, if it has one",
        "private_dns_name": "its name in the VPC",
        "zone": "its availability zone",
    }
    calls = {
        "read": ("DescribeInstances", "DescribeImages", "DescribeIamInstanceProfileAssociations"),
        "write": (
            "RunInstances",
            "ModifyInstanceAttribute",
            "ModifyInstanceMetadataOptions",
            "AssociateIamInstanceProfile",
            "ReplaceIamInstanceProfileAssociation",
            "StopInstances",
            "StartInstances",
            "TerminateInstances",
            "CreateTags",
            "DeleteTags",
        ),
    }

    def rows(self, reader: Reader) -> list[dict[str, Any]]:
        filters = [
            {"Name": f"tag:{STACK_TAG}", "Values": [reader.scope.stack]},
            {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
        ]
        # The greatest page: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
        rows = reader.pages("ec2", *self.listing, {"Filters": filters, "MaxResults": 1000})
        return [row for row in rows if not any(tag["Key"] == AUTO_SCALING_TAG for tag in row["Tags"])]

    def state(self, row: Mapping[str, Any]) -> Any:
        return row["State"]["Name"]

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "subnet": row.get("SubnetId"),
            "instance_type": row["InstanceType"],
            "image": row["ImageId"],
            "key_pair": row.get("KeyName"),
            "role": row.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2] or None,
            "security_groups": [group["GroupId"] for group in row.get("SecurityGroups", ())],
            "private_ip": row.get("PrivateIpAddress"),
            "source_dest_check": row.get("SourceDestCheck", True),
            "hop_limit": row.get("MetadataOptions", {}).get("HttpPutResponseHopLimit"),
            "market": row.get("InstanceLifecycle", "on-demand"),
            **self._tagged_fields({tag["Key"]: tag["Value"] for tag in row["Tags"]}),
        }

    def _tagged_fields(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """What DescribeInstances does not list, or not of a stopped machine, from the tags that launching gave it."""
        fields: dict[str, Any] = {
            "groups": tagged_groups(tags),
            "public_address": tags.get(PUBLIC_ADDRESS_TAG) == "true",
            "termination_protection": tags.get(TERMINATION_PROTECTION_TAG) == "true",
        }
        if DIGEST_TAG in tags:
            fields["user_data"] = Fingerprint(tags[DIGEST_TAG])
        if ROOT_VOLUME_TAG in tags:
            size, volume_type, encryption = tags[ROOT_VOLUME_TAG].split("/")
            fields["root_volume"] = {"size": int(size), "type": volume_type, "encrypted": encryption == "encrypted"}
        return fields

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        listed = {
            "id": row["InstanceId"],
            "private_ip": row.get("PrivateIpAddress"),
            "public_ip": row.get("PublicIpAddress"),
            "private_dns_name": row.get("PrivateDnsName"),
            "zone": row["Placement"]["AvailabilityZone"],
        }
        return {name: value for name, value in listed.items() if value}

    def create(self, want: Want) -> Iterator[Step]:
        yield root_device(want["image"])
        yield Call(
            "ec2",
            "RunInstances",
            self._launch(want),
            gives={
                "id": "Instances[0].InstanceId",
                "private_ip": "Instances[0].PrivateIpAddress",
                "private_dns_name": "Instances[0].PrivateDnsName",
                "zone": "Instances[0].Placement.AvailabilityZone",
            },
            token="ClientToken",
            patience=PROFILE_PATIENCE if "role" in want.values else {},
        )
        if not want["source_dest_check"]:
            yield from self._set_source_dest_check(Own(), want)
        yield self._until(Own(), "running")

    def _launch(self, want: Want) -> dict[str, Any]:
        interface = {
            "DeviceIndex": 0,
            "SubnetId": want["subnet"],
            "AssociatePublicIpAddress": want["public_address"],
            "DeleteOnTermination": True,
        }
        if "security_groups" in want.values:
            interface["Groups"] = want["security_groups"]
        if "private_ip" in want.values:
            interface["PrivateIpAddress"] = want["private_ip"]
        params = {
            **launch_parameters(want.values),
            "MinCount": 1,
            "MaxCount": 1,
            "NetworkInterfaces": [interface],
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": as_list({**want.tags, **self._own_tags(want)})},
                {"ResourceType": "volume", "Tags": disk_tags(want)},
                {"ResourceType": "network-interface", "Tags": disk_tags(want)},
            ],
        }
        if "user_data" in want.values:
            # botocore encodes the user data of this one operation itself.
            params["UserData"] = want["user_data"]
        if want["termination_protection"]:
            params["DisableApiTermination"] = True
        return params

    def _own_tags(self, want: Want) -> dict[str, str]:
        root = want["root_volume"]
        encryption = "encrypted" if root["encrypted"] else "plain"
        tags = {**group_tag(want["groups"]), ROOT_VOLUME_TAG: f"{root['size']}/{root['type']}/{encryption}"}
        for field, tag in (
            ("public_address", PUBLIC_ADDRESS_TAG),
            ("termination_protection", TERMINATION_PROTECTION_TAG),
        ):
            if want[field]:
                tags[tag] = "true"
        if isinstance(want.get("user_data"), str):
            tags[DIGEST_TAG] = digest(want["user_data"])
        return tags

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        for field in sorted(changed - {"role"}):
            yield from getattr(self, f"_set_{field}")(have.id, want)
        if "role" in changed:
            yield from self._set_role(have, want)

    def _set_groups(self, instance: Any, want: Want) -> Iterator[Step]:
        tags = as_list(group_tag(want["groups"]))
        if tags:
            yield Call("ec2", "CreateTags", {"Resources": [instance], "Tags": tags})
        else:
            yield Call("ec2", "DeleteTags", {"Resources": [instance], "Tags": [{"Key": GROUP_TAG}]})

    def _set_hop_limit(self, instance: Any, want: Want) -> Iterator[Step]:
        params = {"InstanceId": instance, "HttpPutResponseHopLimit": want["hop_limit"]}
        yield Call("ec2", "ModifyInstanceMetadataOptions", params)

    def _set_instance_type(self, instance: Any, want: Want) -> Iterator[Step]:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/change-instance-type-of-ebs-backed-instance.html
        yield Call("ec2", "StopInstances", {"InstanceIds": [instance]})
        yield self._until(instance, "stopped")
        yield self._modify(instance, "InstanceType", {"Value": want["instance_type"]})
        yield Call("ec2", "StartInstances", {"InstanceIds": [instance]})
        yield self._until(instance, "running")

    def _set_role(self, have: Have, want: Want) -> Iterator[Step]:
        profile = {"Name": want["role"]}
        if not have.fields["role"]:
            params = {"InstanceId": have.id, "IamInstanceProfile": profile}
            yield Call("ec2", "AssociateIamInstanceProfile", params, patience=PROFILE_PATIENCE)
            return
        filters = [{"Name": "instance-id", "Values": [have.id]}, {"Name": "state", "Values": ["associated"]}]
        yield Wait(
            "ec2",
            "DescribeIamInstanceProfileAssociations",
            {"Filters": filters},
            "IamInstanceProfileAssociations[0].State",
            until=("associated",),
            gives={"profile_association": "IamInstanceProfileAssociations[0].AssociationId"},
        )
        params = {"AssociationId": Own("profile_association"), "IamInstanceProfile": profile}
        yield Call("ec2", "ReplaceIamInstanceProfileAssociation", params, patience=PROFILE_PATIENCE)

    def _set_security_groups(self, instance: Any, want: Want) -> Iterator[Step]:
        yield self._modify(instance, "Groups", want["security_groups"])

    def _set_source_dest_check(self, instance: Any, want: Want) -> Iterator[Step]:
        yield self._modify(instance, "SourceDestCheck", {"Value": want["source_dest_check"]})

    def _set_termination_protection(self, instance: Any, want: Want) -> Iterator[Step]:
        protection = want["termination_protection"]
        yield self._modify(instance, "DisableApiTermination", {"Value": protection})
        tags = as_list({TERMINATION_PROTECTION_TAG: str(protection).lower()})
        yield Call("ec2", "CreateTags", {"Resources": [instance], "Tags": tags})

    def delete(self, have: Have) -> Iterator[Step]:
        gone = ("InvalidInstanceID.NotFound",)
        if have.fields[self.lock]:
            yield dataclasses.replace(self._modify(have.id, "DisableApiTermination", {"Value": False}), done=gone)
        yield Call("ec2", "TerminateInstances", {"InstanceIds": [have.id]}, done=gone)
        yield self._until(have.id, "terminated")

    def check(self, want: Want) -> Iterator[str]:
        yield from check_launch(want)

    def _modify(self, instance: Any, attribute: str, value: Any) -> Call:
        return Call("ec2", "ModifyInstanceAttribute", {"InstanceId": instance, attribute: value})

    def _until(self, instance: Any, state: str) -> Wait:
        """Wait for a state; a machine that runs has the public address that it will keep until it is stopped."""
        ended = () if state == "terminated" else ("shutting-down", "terminated")
        return Wait(
            "ec2",
            "DescribeInstances",
            {"InstanceIds": [instance]},
            "Reservations[0].Instances[0].State.Name",
            until=(state,),
            fail=ended,
            gone=() if ended else ("InvalidInstanceID.NotFound",),
            gives={"public_ip": "Reservations[0].Instances[0].PublicIpAddress"} if state == "running" else {},
        )


class EbsVolume(Ec2Kind):
    name = "ebs_volume"
    doc = "A disk that outlives the machine it is attached to."
    listing = ("DescribeVolumes", "Volumes")
    id_key = "VolumeId"
    tag_type = "volume"
    resource_type = "volume"
    gone_states = ("deleting", "deleted")
    protected = True
    down = "its data"
    fields = {
        "zone": string("Availability zone.", required=True, change=Change.REPLACE),
        "size": integer("GiB; a volume can grow, never shrink.", required=True, minimum=1),
        "volume_type": string(
            "EBS volume type.", default="gp3", choices=("gp3", "gp2", "io1", "io2", "st1", "sc1", "standard")
        ),
        "iops": integer("Operations a second.", minimum=100),
        "throughput": integer("MiB/s, of gp3 only.", minimum=125),
        "encrypted": boolean("Encrypt it.", default=True, change=Change.REPLACE),
        "kms_key": kms_key("ARN of the key instead of the account's own.", change=Change.REPLACE),
        "snapshot": string("Snapshot it begins as.", change=Change.CREATE_ONLY),
        "instance": reference("instance", "The machine it is attached to.", late=True),
        "device": string("Device name of the attachment, /dev/sdf unless said.", late=True),
    }
    calls = {
        "read": ("DescribeVolumes", "DescribeVolumesModifications"),
        "write": (
            "CreateVolume",
            "ModifyVolume",
            "AttachVolume",
            "DetachVolume",
            "DeleteVolume",
            "CreateTags",
            "DeleteTags",
        ),
    }
    changeable = {"size": "Size", "volume_type": "VolumeType", "iops": "Iops", "throughput": "Throughput"}
    parameters = {
        **changeable,
        "zone": "AvailabilityZone",
        "encrypted": "Encrypted",
        "kms_key": "KmsKeyId",
        "snapshot": "SnapshotId",
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        attachments = [one for one in row["Attachments"] if one["State"] != "detached"]
        fields = {field: row.get(parameter) or None for field, parameter in self.parameters.items()}
        return {
            **fields,
            "encrypted": row["Encrypted"],
            "instance": attachments[0]["InstanceId"] if attachments else None,
            "device": attachments[0]["Device"] if attachments else None,
        }

    def forbid(self, have: Have, want: Want) -> Iterator[str]:
        if want["size"] < have.fields["size"]:
            yield f"a volume never shrinks: it has {have.fields['size']} GiB; say so, or make another and move the data"

    def create(self, want: Want) -> Iterator[Step]:
        params = {parameter: want[field] for field, parameter in self.parameters.items() if field in want.values}
        yield Call(
            "ec2",
            "CreateVolume",
            {**params, **self.tagged(want)},
            gives={"id": "VolumeId"},
            token="ClientToken",
        )
        yield self._until(Own(), "available")

    def complete(self, want: Want) -> Iterator[Step]:
        if "instance" in want.values:
            yield from self._attach(Own(), want)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        params = {parameter: want[field] for field, parameter in self.changeable.items() if field in changed}
        if params:
            yield Call("ec2", "ModifyVolume", {"VolumeId": have.id, **params})
            yield Wait(
                "ec2",
                "DescribeVolumesModifications",
                {"VolumeIds": [have.id]},
                "VolumesModifications[0].ModificationState",
                until=("optimizing", "completed"),
                fail=("failed",),
            )
        if changed & {"instance", "device"} and "instance" in want.values:
            yield from self._detach(have, force=False)
            yield from self._attach(have.id, want)

    def delete(self, have: Have) -> Iterator[Step]:
        # Its data goes anyway: a machine that still has it mounted must not hold it.
        yield from self._detach(have, force=True)
        in_use = {"VolumeInUse": 300}
        yield Call("ec2", "DeleteVolume", {"VolumeId": have.id}, done=("InvalidVolume.NotFound",), patience=in_use)

    def _attach(self, volume: Any, want: Want) -> Iterator[Step]:
        device = want.get("device", DEVICE)
        yield Call("ec2", "AttachVolume", {"VolumeId": volume, "InstanceId": want["instance"], "Device": device})
        yield self._until(volume, "in-use")

    def _detach(self, have: Have, force: bool) -> Iterator[Step]:
        if not have.fields["instance"]:
            return
        params = {"VolumeId": have.id, "InstanceId": have.fields["instance"], "Force": force}
        # The machine may be gone already, which detaches as well.
        detached = ("IncorrectState", "InvalidAttachment.NotFound", "InvalidVolume.NotFound")
        yield Call("ec2", "DetachVolume", params, done=detached)
        yield self._until(have.id, "available")

    def _until(self, volume: Any, state: str) -> Wait:
        return Wait(
            "ec2",
            "DescribeVolumes",
            {"VolumeIds": [volume]},
            "Volumes[0].State",
            until=(state,),
            fail=("error",),
            gone=("InvalidVolume.NotFound",) if state == "available" else (),
        )
