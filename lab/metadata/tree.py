# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance's metadata says. Pure.

Categories: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html#instancedata-data-categories
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from lab.account.model import Account, Instance, Interface
from lab.dns.names import private_name, public_name
from lab.metadata.credentials import Source

Leaf = str | bytes | Callable[[], str]
"""A text, or a function that gives it when it is asked for."""
Tree = Mapping[str, "Leaf | Tree"]
"""A folder. The name `LISTING` holds its list of names where that is not simply all of them."""
LISTING = ""

VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
)  # fmt: skip
"""What the service lists at its root. Each of them has the whole tree."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def tree(account: Account, instance: Instance, credentials: Source) -> Tree:
    """What one version of the tree holds, of an instance whose primary interface is in the account."""
    document = json.dumps(_identity(account, instance), indent=2)
    found: dict[str, Leaf | Tree] = {
        LISTING: "dynamic\nmeta-data" + ("\nuser-data" if instance.user_data else ""),
        "dynamic": {"fws": {"instance-monitoring": "disabled"}, "instance-identity": {"document": document}},
        "meta-data": _metadata(account, instance, credentials),
    }
    if instance.user_data:
        found["user-data"] = instance.user_data
    return found


def find(found: Tree, path: Sequence[str]) -> bytes | None:
    """What is at a path: a leaf's content, or a folder's names, one a line. None: nothing."""
    here: Leaf | Tree = found
    for name in path:
        if not isinstance(here, Mapping) or name not in here:
            return None
        here = here[name]
    if isinstance(here, Mapping):
        return _listing(here).encode()
    text = here() if callable(here) else here
    return text.encode() if isinstance(text, str) else text


def _listing(folder: Tree) -> str:
    names = (f"{name}/" if isinstance(held, Mapping) else name for name, held in sorted(folder.items()))
    listing = folder.get(LISTING)
    return listing if isinstance(listing, str) else "\n".join(names)


def _metadata(account: Account, instance: Instance, credentials: Source) -> Tree:
    interface = account.interfaces[instance.interface]
    found: dict[str, Leaf | Tree] = {
        "ami-id": instance.image,
        "ami-launch-index": "0",
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": _devices(instance),
        "events": {"maintenance": {"history": "[]", "scheduled": "[]"}},
        "hibernation": {"configured": "false"},
        "hostname": private_name(interface.address, instance.region),
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.type,
        "local-hostname": private_name(interface.address, instance.region),
        "local-ipv4": str(interface.address),
        "mac": interface.mac,
        "metrics": {"vhostmd": '<?xml version="1.0" encoding="UTF-8"?>'},
        "network": {"interfaces": {"macs": {
            each.mac: _interface(account, each, instance) for each in _interfaces(account, instance)
        }}},
        "placement": {"availability-zone": instance.zone, "region": instance.region},
        "profile": "default-hvm",
        "reservation-id": f"r-{instance.id.removeprefix('i-')}",
        "security-groups": _group_names(account, interface),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }  # fmt: skip
    return {**found, **_optional(account, instance, interface, credentials)}


def _optional(account: Account, instance: Instance, interface: Interface, credentials: Source) -> Tree:
    """What only some instances have; others answer 404 (as all do for ``spot``: nothing interrupts them)."""
    found: dict[str, Leaf | Tree] = {}
    if instance.profile:
        found["iam"] = _iam(instance, *instance.profile, credentials)
    if instance.public_key:
        key = {"openssh-key": f"{instance.public_key.strip()}\n"}
        found["public-keys"] = {LISTING: f"0={instance.key_name or ''}", "0": key}
    if interface.public:
        found["public-hostname"] = public_name(interface.public, instance.region)
        found["public-ipv4"] = str(interface.public)
    if instance.instance_tags:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
        found["tags"] = {"instance": dict(instance.tags)}
    if "aws:autoscaling:groupName" in dict(instance.tags):
        found["autoscaling"] = {"target-lifecycle-state": "InService"}
    return found


def _devices(instance: Instance) -> Tree:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html#bdm-instance-metadata"""
    root = next((each.device for each in instance.attachments if each.root), "/dev/xvda")
    others = [each.device for each in instance.attachments if not each.root]
    named = {f"ebs{number}": device.removeprefix("/dev/") for number, device in enumerate(sorted(others), 1)}
    return {"ami": root, **named, "root": root}


def _interfaces(account: Account, instance: Instance) -> list[Interface]:
    """Its interfaces, the primary one first."""
    own = [each for each in account.interfaces.values() if each.owner == ("instance", instance.id)]
    return sorted(own, key=lambda each: (each.id != instance.interface, each.id))


def _interface(account: Account, interface: Interface, instance: Instance) -> Tree:
    vpc, subnet = account.vpcs[interface.vpc], account.subnets[interface.subnet]
    number = _interfaces(account, instance).index(interface)
    public: dict[str, Leaf | Tree] = {}
    if interface.public:
        public = {
            "ipv4-associations": {str(interface.public): str(interface.address)},
            "public-hostname": public_name(interface.public, instance.region),
            "public-ipv4s": str(interface.public),
        }
    return {
        "device-number": str(number),
        "interface-id": interface.id,
        "local-hostname": private_name(interface.address, instance.region),
        "local-ipv4s": str(interface.address),
        "mac": interface.mac,
        "owner-id": account.id,
        **public,
        "security-group-ids": "\n".join(interface.groups),
        "security-groups": _group_names(account, interface),
        "subnet-id": subnet.id,
        "subnet-ipv4-cidr-block": str(subnet.cidr),
        "vpc-id": vpc.id,
        "vpc-ipv4-cidr-block": str(vpc.cidrs[0]),
        "vpc-ipv4-cidr-blocks": "\n".join(map(str, vpc.cidrs)),
    }


def _group_names(account: Account, interface: Interface) -> str:
    return "\n".join(account.security_groups[each].name for each in interface.groups)


def _iam(instance: Instance, profile: str, role: str, credentials: Source) -> Tree:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html"""

    def info() -> str:
        return json.dumps({"Code": "Success", "LastUpdated": _now(), "InstanceProfileArn": profile}, indent=2)

    def secret() -> str:
        return json.dumps(_credentials(role, instance.id, credentials), indent=2)

    return {"info": info, "security-credentials": {role: secret}}


def _credentials(role: str, instance: str, credentials: Source) -> Mapping[str, str]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam_ec2.html#troubleshoot_iam_ec2_errors-info-doc"""
    try:
        held = credentials(role, instance)
    except LookupError as cause:
        message = f"EC2 cannot assume the role {role}: {cause.args[0]}"
        return {"Code": "AssumeRoleUnauthorizedAccess", "Message": message, "LastUpdated": _now()}
    return {
        "Code": "Success",
        "LastUpdated": _now(),
        "Type": "AWS-HMAC",
        "AccessKeyId": held.access_key,
        "SecretAccessKey": held.secret_key,
        "Token": held.token,
        "Expiration": held.expires.strftime(_TIME),
    }


def _identity(account: Account, instance: Instance) -> Mapping[str, object]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html"""
    return {
        "accountId": account.id,
        "architecture": "x86_64",
        "availabilityZone": instance.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image,
        "instanceId": instance.id,
        "instanceType": instance.type,
        "kernelId": None,
        "pendingTime": datetime.fromtimestamp(instance.launched, UTC).strftime(_TIME),
        "privateIp": str(account.interfaces[instance.interface].address),
        "ramdiskId": None,
        "region": instance.region,
        "version": "2017-09-30",
    }


def _now() -> str:
    return datetime.now(UTC).strftime(_TIME)
