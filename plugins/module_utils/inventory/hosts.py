# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances to inventory hosts: names, groups and variables. Pure functions of what EC2 answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A host of one of these names would stand for the controller, or be taken for a group.
RESERVED = frozenset({"localhost", "127.0.0.1", "all", "ungrouped"})
# The characters that Ansible's own group name transformation replaces (constants.INVALID_VARIABLE_NAMES).
NOT_IN_GROUP_NAMES = re.compile(r"^[\d\W]|[^\w]")
STOPPED = frozenset({"stopping", "stopped"})


class Instance(NamedTuple):
    """What is kept of an EC2 instance. A flat tuple of JSON types, as it is also what the cache holds, 10,000 times."""

    instance_id: str
    region: str
    zone: str
    vpc_id: str
    state: str
    private_ip: str
    public_ip: str
    private_dns_name: str
    instance_type: str
    image_id: str
    launch_time: str
    tags: dict[str, str]
    console_keys: list[str]

    @property
    def stopped(self) -> bool:
        return self.state in STOPPED


def instance_from_api(region: str, answer: dict[str, Any], console_keys: list[str] | None = None) -> Instance:
    """One item of DescribeInstances' ``Reservations[].Instances[]``; what the API leaves out is an empty string.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
    """
    return Instance(
        instance_id=answer["InstanceId"],
        region=region,
        zone=answer.get("Placement", {}).get("AvailabilityZone", ""),
        vpc_id=answer.get("VpcId", ""),
        state=answer["State"]["Name"],
        private_ip=answer.get("PrivateIpAddress", ""),
        public_ip=answer.get("PublicIpAddress", ""),
        private_dns_name=answer.get("PrivateDnsName", ""),
        instance_type=answer.get("InstanceType", ""),
        image_id=answer.get("ImageId", ""),
        launch_time=answer.get("LaunchTime", ""),
        tags={tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", [])},
        console_keys=console_keys or [],
    )


def group_name(text: str) -> str:
    """A valid group name, by Ansible's own rule."""
    return NOT_IN_GROUP_NAMES.sub("_", text)


def function_groups(instance: Instance) -> list[str]:
    """The groups named in the tag ``slipway:group`` (comma-separated), in its order, each once."""
    names = (name.strip() for name in instance.tags.get("slipway:group", "").split(","))
    return list(dict.fromkeys(group_name(name) for name in names if name and name not in RESERVED))


def groups(instance: Instance) -> list[str]:
    """All groups of a host.

    A stopped host is in ``slipway_stopped`` and ``<group>_stopped`` only: a play on ``kafka`` meets no host that cannot
    answer, and a role that must count every member still finds the stopped ones.
    """
    functions = function_groups(instance)
    if instance.stopped:
        return ["slipway_stopped", *(f"{name}_stopped" for name in functions)]
    if instance.zone:
        functions.append(group_name(f"zone_{instance.zone}"))
    if component := instance.tags.get("Component"):
        functions.append(group_name(f"component_{component}"))
    return list(dict.fromkeys(functions))


def usable_name(instance: Instance) -> bool:
    """Whether the tag ``slipway:name`` can name a host; other names could stand for the controller or inject text."""
    name = instance.tags.get("slipway:name", "")
    return bool(NAME.fullmatch(name)) and name not in RESERVED


def named(instances: Iterable[Instance]) -> Iterator[tuple[str, Instance]]:
    """Pairs of host name and instance, in the order of the names.

    The name is the tag ``slipway:name``. Members of an auto scaling group, and instances that share a name, get the
    last eight characters of their id appended: a member's name must not change when the group grows from one to two.
    An instance without a usable name goes by its id.
    """
    found = list(instances)
    shared = Counter(instance.tags.get("slipway:name", "") for instance in found)
    pairs = []
    for instance in found:
        name = instance.tags.get("slipway:name", "")
        if not usable_name(instance):
            name = instance.instance_id
        elif shared[name] > 1 or "aws:autoscaling:groupName" in instance.tags:
            name = f"{name}-{instance.instance_id[-8:]}"
        pairs.append((name, instance))
    return iter(sorted(pairs, key=lambda pair: pair[0]))


def variables(instance: Instance) -> dict[str, Any]:
    """The host's variables of the collection's namespace; tags without Slipway's own bookkeeping (``slipway:*``)."""
    return {
        "slipway_instance_id": instance.instance_id,
        "slipway_state": instance.state,
        "slipway_region": instance.region,
        "slipway_zone": instance.zone,
        "slipway_private_ip": instance.private_ip,
        "slipway_public_ip": instance.public_ip,
        "slipway_private_dns_name": instance.private_dns_name,
        "slipway_instance_type": instance.instance_type,
        "slipway_image_id": instance.image_id,
        "slipway_launch_time": instance.launch_time,
        "slipway_tags": {key: value for key, value in instance.tags.items() if not key.startswith("slipway:")},
    }
