# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launches: what a launch template says is honoured, volumes and interfaces are the launch's own."""

from __future__ import annotations

import copy
from typing import Any

from moto.ec2.exceptions import InvalidInstanceTypeError
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import convert_tag_spec

from lab.emulator.strict import cured, refuse
from lab.emulator.strict.instances import through

# The version of the template an Auto Scaling group launches from; see strict/autoscaling.py.
TEMPLATE_VERSION: list[str | int] = []


@cured(Instance, "prep_nics")
def prep_nics(original: Any, instance: Any, nic_spec: list[dict[str, Any]], **named: Any) -> None:
    """Interfaces made by a launch go with the instance. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html"""
    nic_spec = nic_spec or [{"DeviceIndex": 0}]
    for nic in nic_spec:
        if nic.get("DeleteOnTermination") is None and not nic.get("NetworkInterfaceId"):
            nic["DeleteOnTermination"] = True
    original(nic_spec, **named)
    instance.security_groups = list(instance.nics[0]._group_set)


@cured(InstanceBackend, "run_instances")
def run(
    original: Any, backend: Any, image_id: str, count: int, user_data: Any, security_group_names: Any, **named: Any
) -> Any:
    """What the request leaves out comes from the template. https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-templates.html"""
    data = _template(backend, named)
    image_id = image_id or data.get("ImageId", "")
    _check(backend, image_id, named.get("key_name") or data.get("KeyName"))
    mappings = _complete(backend, image_id, named, data)
    try:
        reservation = original(image_id, count, user_data, security_group_names, **named)
    except InvalidInstanceTypeError:
        refuse("InvalidParameterValue", f"Invalid value '{named['instance_type']}' for InstanceType.")
    for instance in reservation.instances:
        instance.disable_api_termination = bool(data.get("DisableApiTermination"))
        _provision(backend, instance, mappings)
        _associate(backend, instance, _profile(named, data))
        through(instance, "pending", "running")
    return reservation


def _complete(backend: Any, image_id: str, named: dict[str, Any], data: dict[str, Any]) -> list[dict[str, Any]]:
    """Fill what the request leaves out; returns the volumes of the launch."""
    _fill_network(named, data)
    _fill_subnet(backend, named)
    named["tags"] = _tags(named, data)
    named["metadata_options"] = {**data.get("MetadataOptions", {}), **named.get("metadata_options", {})}
    market = data.get("InstanceMarketOptions", {}).get("MarketType")
    named["instance_market_options"] = named.get("instance_market_options") or market
    if data.get("Monitoring", {}).get("Enabled"):
        named["monitoring_state"] = "enabled"
    given = named.get("block_device_mappings") or data.get("BlockDeviceMappings") or []
    named["block_device_mappings"] = _mappings(backend, image_id, given)
    return list(named["block_device_mappings"])


def _template(backend: Any, named: dict[str, Any]) -> dict[str, Any]:
    launch = named.get("launch_template")
    if not launch:
        return {}
    if TEMPLATE_VERSION:
        launch.setdefault("Version", TEMPLATE_VERSION[-1])
    data: dict[str, Any] = backend._get_template_from_args(launch).data
    return copy.deepcopy(data)


def _check(backend: Any, image_id: str, key_name: str | None) -> None:
    if not image_id:
        refuse("MissingParameter", "The request must contain the parameter ImageId")
    if key_name and key_name not in backend.key_pairs:
        refuse("InvalidKeyPair.NotFound", f"The key pair '{key_name}' does not exist")


def _fill_network(named: dict[str, Any], data: dict[str, Any]) -> None:
    """The first interface's groups are the instance's; a subnet of the request wins over the template's."""
    if not named.get("nics"):
        named["nics"] = data.get("NetworkInterfaces", [])
    named.setdefault("subnet_id", None)
    first: dict[str, Any] = next((nic for nic in named["nics"] if int(nic.get("DeviceIndex", 0)) == 0), {})
    if first:
        first["DeviceIndex"] = 0
        groups = first.pop("Groups", None)
        if groups:
            named["security_group_ids"] = groups
        if named["subnet_id"]:
            first["SubnetId"] = named["subnet_id"]


def _fill_subnet(backend: Any, named: dict[str, Any]) -> None:
    """A default subnet where none is given. https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html"""
    if named["subnet_id"] or any(nic.get("SubnetId") or nic.get("NetworkInterfaceId") for nic in named["nics"]):
        return
    subnets = backend.get_default_subnets()
    zone = named.get("placement") or min(subnets, default=None)
    if zone not in subnets:
        refuse("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
    named["subnet_id"] = subnets[zone].id
    for nic in named["nics"]:
        nic["SubnetId"] = subnets[zone].id


def _tags(named: dict[str, Any], data: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Tags by resource type: the template's, overridden by the request's."""
    merged = {kind: dict(tags) for kind, tags in convert_tag_spec(data.get("TagSpecifications", [])).items()}
    for kind, tags in named.get("tags", {}).items():
        merged[kind] = {**merged.get(kind, {}), **tags}
    return merged


def _mappings(backend: Any, image_id: str, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The volumes of a launch: the image's root volume first, with what the mapping says of it."""
    images = backend.describe_images(filters={"image-id": image_id})
    root = images[0].root_device_name if images else "/dev/sda1"
    mappings = {mapping["DeviceName"]: mapping for mapping in copy.deepcopy(given) if mapping.get("Ebs")}
    ebs = mappings.setdefault(root, {"DeviceName": root, "Ebs": {}})["Ebs"]
    if ebs.get("VolumeSize") is None and not ebs.get("SnapshotId"):
        ebs["VolumeSize"] = 8
    if not any(mapping["DeviceName"] == root for mapping in given):
        ebs["DeleteOnTermination"] = True
    return sorted(mappings.values(), key=lambda mapping: mapping["DeviceName"] != root)


def _provision(backend: Any, instance: Any, mappings: list[dict[str, Any]]) -> None:
    for mapping in mappings:
        device = instance.block_device_mapping.get(mapping["DeviceName"])
        if device is not None:
            volume = backend.get_volume(device.volume_id)
            volume.iops = mapping["Ebs"].get("Iops") or volume.iops
            throughput = 125 if volume.volume_type == "gp3" else None
            volume.throughput = mapping["Ebs"].get("Throughput") or throughput


def _profile(named: dict[str, Any], data: dict[str, Any]) -> dict[str, str]:
    """The template's instance profile, unless the request has one: moto sees to that itself."""
    requested = named.get("iam_instance_profile_name") or named.get("iam_instance_profile_arn")
    return {} if requested else data.get("IamInstanceProfile", {})


def _associate(backend: Any, instance: Any, profile: dict[str, str]) -> None:
    if profile:
        backend.associate_iam_instance_profile(
            instance.id, iam_instance_profile_name=profile.get("Name"), iam_instance_profile_arn=profile.get("Arn")
        )


@cured(InstanceResponse, "run_instances")
def run_by_api(original: Any, response: Any) -> Any:
    """MaxCount instances; keeps DisableApiTermination. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html"""
    least, most = response._get_int_param("MinCount", 1), response._get_int_param("MaxCount", 1)
    if not 1 <= least <= most:
        refuse("InvalidParameterValue", f"Value ({least}) for parameter minCount is invalid.")
    response.params["MinCount"] = most  # moto launches the least, AWS as many as it can
    result = original()
    profile = {name: response._get_param(f"IamInstanceProfile.{name}") for name in ("Name", "Arn")}
    for instance in result.result.instances:
        if response._get_bool_param("DisableApiTermination"):
            instance.disable_api_termination = True
    for instance in result.result.instances[1:]:
        _associate(response.ec2_backend, instance, profile if any(profile.values()) else {})
    _keep_throughput(response, result.result.instances)
    return result


def _keep_throughput(response: Any, instances: list[Any]) -> None:
    """moto's own reading of a block device mapping drops Throughput."""
    for mapping in response._get_param("BlockDeviceMappings", []):
        throughput = mapping.get("Ebs", {}).get("Throughput")
        for instance in instances if throughput else ():
            device = instance.block_device_mapping[mapping["DeviceName"]]
            response.ec2_backend.get_volume(device.volume_id).throughput = throughput
