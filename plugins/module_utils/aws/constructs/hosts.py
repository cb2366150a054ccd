# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts: slots with a fixed name, private DNS name and data volume over zones, or an auto scaling group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.network import subnet_name
from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.zones import (
    zone_name,
    zone_problems,
    zones_field,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Construct, Document
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    anything,
    boolean,
    integer,
    mapping,
    record,
    set_of,
    string,
)

DEVICE = "/dev/sdf"
"""The first name that AWS recommends for data volumes: https://docs.aws.amazon.com/ebs/latest/userguide/device_naming.html"""

# Runs once, at the first boot. curl signs the call itself (https://curl.se/docs/manpage.html#--aws-sigv4), in a tenth
# of the AWS CLI's time. An old one leaves the session's token unsigned: where curl is refused the CLI is asked.
# The credentials go to curl as a configuration, not as arguments. Where all fails, the console output has the host key.
PUBLISH_HOST_KEY = r"""runcmd:
  - |
    key="$(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)"
    metadata=http://169.254.169.254/latest
    token="$(curl -sf -m 5 --retry 3 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $metadata/api/token)"
    get() { curl -sf -m 5 --retry 3 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"; }
    field() { printf %s "$credentials" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }
    region="$(get placement/region)"
    instance="$(get instance-id)"
    by_curl() {
      credentials="$(get "iam/security-credentials/$(get iam/security-credentials/)")"
      printf 'user = "%s:%s"\nheader = "X-Amz-Security-Token: %s"\n' \
        "$(field AccessKeyId)" "$(field SecretAccessKey)" "$(field Token)" |
      curl -sf -m 20 -K - --aws-sigv4 "aws:amz:$region:ec2" "https://ec2.$region.$(get services/domain)/" \
        --data-urlencode Action=CreateTags --data-urlencode Version=2016-11-15 \
        --data-urlencode "ResourceId.1=$instance" \
        --data-urlencode Tag.1.Key=slipway:host-key --data-urlencode "Tag.1.Value=$key"
    }
    by_cli() {
      timeout 60 aws ec2 create-tags --cli-connect-timeout 5 --region "$region" --resources "$instance" \
        --tags "Key=slipway:host-key,Value=$key"
    }
    { by_curl || by_cli; } >/dev/null 2>&1 || true
"""

SCALING = {
    "minimum": integer("Least number of hosts.", default=0, minimum=0),
    "maximum": integer("Greatest number of hosts.", required=True, minimum=0),
    "desired": integer("Number at the start; autoscalers change it later.", minimum=0),
    "health_check": string("What makes the group replace a host: ec2 or elb."),
    "grace_period": integer("Seconds before a new host's health counts.", minimum=0),
}
DATA_VOLUME = {
    "size": integer("GiB.", required=True, minimum=1),
    "type": string("Volume type.", default="gp3"),
    "iops": integer("I/O operations per second."),
    "throughput": integer("MiB per second."),
    "kms_key": string("Key that encrypts it, in place of the account's own."),
}
SLOTS_ONLY = ("data_volume", "public_address", "elastic_ip", "dns_zone")
SCALING_ONLY = ("target_groups", "node_tags")
SHARED = ("security_groups", "key_pair", "role", "root_volume", "market", "hop_limit")
"""Fields that an instance and a launch template take as they are given."""


class Hosts(Construct):
    name = "hosts"
    doc = "Hosts of one purpose over zones: slots that keep name and data, or an auto scaling group."
    fields = {
        "count": integer("Number of slots, each a host with a fixed name `<name>-<n>`.", minimum=0),
        "scaling": record(SCALING, "Make an auto scaling group in place of slots."),
        "network": string("The network they stand in.", default="main"),
        "tier": string("The network's tier they stand in.", required=True),
        "zones": zones_field("Zones; slots go round them."),
        "instance_type": string("Instance type.", required=True),
        "image": string("AMI id, or `debian-12` or `gpu-ubuntu-22.04`.", default="debian-12"),
        "role": string("The iam_role they run with; it must have an instance profile."),
        "security_groups": set_of(string("Name."), "Their security groups; the VPC's default one else."),
        "groups": set_of(string("Name."), "Inventory groups; the document's name with _ for - where none is given."),
        "key_pair": string("The key_pair let in at the first boot."),
        "user_data": string(
            "What cloud-init does at the first boot, in place of setting the name and publishing the key."
        ),
        "root_volume": anything("As an instance's."),
        "data_volume": record(DATA_VOLUME, f"A volume a slot, at {DEVICE}, that outlives the host."),
        "public_address": boolean("A public address that changes when the host stops.", default=False),
        "elastic_ip": boolean("A public address that stays.", default=False),
        "dns_zone": string("The hosted_zone in which each slot's name gives its private address."),
        "market": string("on-demand or spot."),
        "hop_limit": integer("Hops that the metadata service's answers travel: 2 lets containers ask it."),
        "sources": string(
            "Where packages come from: a mirror inside the VPC needs no way to the internet.",
            default="internet",
            choices=("internet", "mirror"),
        ),
        "target_groups": set_of(
            string("Name."), "Target groups that every host of the auto scaling group joins.", default=[]
        ),
        "node_tags": mapping("All further tags of the auto scaling group's hosts; without it those set by hand stay."),
    }

    def check(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[str]:
        yield from zone_problems(values["zones"], scope)
        if ("count" in values) == ("scaling" in values):
            yield "count: give either `count` or `scaling`"
        elif "scaling" in values:
            for field in _given(values, SLOTS_ONLY):
                yield f"{field}: only slots have it; give `count` in place of `scaling`, or drop it"
        else:
            yield from _slot_problems(values)

    def expand(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[Document]:
        zones = [zone_name(zone, scope) for zone in values["zones"]]
        if "scaling" in values:
            yield from _scaling(name, values, zones)
            return
        for index in range(values["count"]):
            yield from _slot(name, f"{name}-{index + 1}", zones[index % len(zones)], values)


def _slot_problems(values: Mapping[str, Any]) -> Iterator[str]:
    for field in _given(values, SCALING_ONLY):
        remedy = "list the instances in the target group's `targets`" if field == "target_groups" else "drop it"
        yield f"{field}: only an auto scaling group has it; {remedy}"


def _given(values: Mapping[str, Any], fields: tuple[str, ...]) -> list[str]:
    return [field for field in fields if values.get(field)]


def _groups(name: str, values: Mapping[str, Any]) -> list[str]:
    return list(values.get("groups", [name.replace("-", "_")]))


def _machine(values: Mapping[str, Any]) -> Document:
    """What an instance and a launch template have in common."""
    return {
        "instance_type": values["instance_type"],
        "image": values["image"],
        **{field: values[field] for field in SHARED if field in values},
    }


def _slot(name: str, slot: str, zone: str, values: Mapping[str, Any]) -> Iterator[Document]:
    yield {
        "type": "instance",
        "name": slot,
        "subnet": subnet_name(values["network"], values["tier"], zone),
        **_machine(values),
        "groups": _groups(name, values),
        "user_data": values.get("user_data", _user_data(values, slot)),
        "public_address": values["public_address"],
        "sources": values["sources"],
    }
    if "data_volume" in values:
        volume = dict(values["data_volume"])
        volume["volume_type"] = volume.pop("type")
        yield {"type": "ebs_volume", "name": slot, "zone": zone, **volume, "instance": slot, "device": DEVICE}
    if values["elastic_ip"]:
        yield {"type": "elastic_ip", "name": slot, "instance": slot}
    if "dns_zone" in values:
        zone, address = values["dns_zone"], f"${{instance.{slot}.private_ip}}"
        full_name = f"{slot}.${{hosted_zone.{zone}.domain}}"
        yield {"type": "dns_record", "name": slot, "zone": zone, "record_name": full_name, "values": [address]}


def _scaling(name: str, values: Mapping[str, Any], zones: list[str]) -> Iterator[Document]:
    user_data = values.get("user_data", _user_data(values))
    yield {"type": "launch_template", "name": name, **_machine(values), "user_data": user_data}
    yield {
        "type": "auto_scaling_group",
        "name": name,
        "launch_template": name,
        "subnets": [subnet_name(values["network"], values["tier"], zone) for zone in zones],
        **values["scaling"],
        "target_groups": values["target_groups"],
        "groups": _groups(name, values),
        **({"node_tags": values["node_tags"]} if "node_tags" in values else {}),
        "sources": values["sources"],
    }


def _user_data(values: Mapping[str, Any], hostname: str = "") -> str:
    """cloud-config: the slot's name as host name, and the host key into the host's own tag where a role may let it."""
    parts = ["#cloud-config\n"]
    if hostname:
        parts.append(f"hostname: {hostname}\n")
    if "role" in values:
        parts.append(PUBLISH_HOST_KEY)
    return "".join(parts)
