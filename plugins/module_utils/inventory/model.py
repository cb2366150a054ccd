# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of EC2's service model that the inventory uses, in botocore's own form.

A part of botocore's ``data/ec2/2016-11-15/service-2.json`` (a test compares them): two operations, and of their answers
the members that are read. botocore takes from an answer only what the model names, so this list is also what makes
reading 10,000 hosts quick. The one difference: times are strings here, since they are shown and not computed with.
"""

from __future__ import annotations

from typing import Any

API_VERSION = "2016-11-15"


def _structure(**members: tuple[str, str | None]) -> dict[str, Any]:
    """A structure; a member's value is its shape and its name on the wire (None: the member's own)."""
    return {
        "type": "structure",
        "members": {
            name: {"shape": shape} if location is None else {"shape": shape, "locationName": location}
            for name, (shape, location) in members.items()
        },
    }


def _list(shape: str, location: str = "item") -> dict[str, Any]:
    return {"type": "list", "member": {"shape": shape, "locationName": location}}


def _operation(name: str) -> dict[str, Any]:
    http = {"method": "POST", "requestUri": "/"}
    return {"name": name, "http": http, "input": {"shape": f"{name}Request"}, "output": {"shape": f"{name}Result"}}


EC2: dict[str, Any] = {
    "version": "2.0",
    "metadata": {
        "apiVersion": API_VERSION,
        "endpointPrefix": "ec2",
        "protocol": "ec2",
        "protocols": ["ec2"],
        "serviceAbbreviation": "Amazon EC2",
        "serviceFullName": "Amazon Elastic Compute Cloud",
        "serviceId": "EC2",
        "signatureVersion": "v4",
        "uid": f"ec2-{API_VERSION}",
        "xmlNamespace": f"http://ec2.amazonaws.com/doc/{API_VERSION}",
        "auth": ["aws.auth#sigv4"],
    },
    "operations": {name: _operation(name) for name in ("DescribeInstances", "GetConsoleOutput")},
    "shapes": {
        "DescribeInstancesRequest": _structure(
            Filters=("FilterList", "Filter"), NextToken=("String", "nextToken"), MaxResults=("Integer", "maxResults")
        ),
        "FilterList": _list("Filter", "Filter"),
        "Filter": _structure(Name=("String", None), Values=("ValueStringList", "Value")),
        "ValueStringList": _list("String"),
        "DescribeInstancesResult": _structure(
            NextToken=("String", "nextToken"), Reservations=("ReservationList", "reservationSet")
        ),
        "ReservationList": _list("Reservation"),
        "Reservation": _structure(Instances=("InstanceList", "instancesSet")),
        "InstanceList": _list("Instance"),
        "Instance": _structure(
            InstanceId=("String", "instanceId"),
            ImageId=("String", "imageId"),
            State=("InstanceState", "instanceState"),
            PrivateDnsName=("String", "privateDnsName"),
            InstanceType=("String", "instanceType"),
            LaunchTime=("String", "launchTime"),
            Placement=("Placement", "placement"),
            VpcId=("String", "vpcId"),
            PrivateIpAddress=("String", "privateIpAddress"),
            PublicIpAddress=("String", "ipAddress"),
            Tags=("TagList", "tagSet"),
        ),
        "InstanceState": _structure(Name=("String", "name")),
        "Placement": _structure(AvailabilityZone=("String", "availabilityZone")),
        "TagList": _list("Tag"),
        "Tag": _structure(Key=("String", "key"), Value=("String", "value")),
        "GetConsoleOutputRequest": _structure(InstanceId=("InstanceId", None)) | {"required": ["InstanceId"]},
        "GetConsoleOutputResult": _structure(Output=("String", "output")),
        "InstanceId": {"type": "string"},
        "String": {"type": "string"},
        "Integer": {"type": "integer"},
    },
}
