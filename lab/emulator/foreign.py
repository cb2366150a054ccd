# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources of somebody else in the same account: what a real account is full of.

Made on moto's backends directly, visible at once, none of them in the log of calls.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from lab.emulator import strict
from lab.emulator.options import ACCOUNT_ID
from lab.emulator.transitions import TRANSITIONS

_TAGS = {"Owner": "somebody-else", "Project": "foreign", "Environment": "prod"}
_TAG_LIST = [{"Key": key, "Value": value} for key, value in _TAGS.items()]
_SERVICES = ("ec2", "elbv2", "iam", "logs", "s3")
_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
_KEY_PREFIX = b"\0\0\0\x0bssh-ed25519\0\0\0 "


def make(count: int, region: str) -> dict[str, int]:
    """Make `count` resources of each kind in `region`; returns how many of each were made."""
    from moto.backends import get_backend

    for service in _SERVICES:
        strict.load(service)
    get: Any = get_backend  # typed by an overload a service
    of_account = {service: get(service)[ACCOUNT_ID] for service in _SERVICES}
    backends = {service: of_account[service][region] for service in ("ec2", "elbv2", "logs")}
    backends |= {service: of_account[service]["aws"] for service in ("iam", "s3")}
    delay, TRANSITIONS.delay = TRANSITIONS.delay, 0.0
    try:
        start = len(backends["logs"].groups)  # names must be new when called again
        network = _network(backends["ec2"], count, start)
        return {**network, **_others(backends, range(start, start + count), region)}
    finally:
        TRANSITIONS.delay = delay


def _network(ec2: Any, count: int, start: int) -> dict[str, int]:
    zones = [f"{ec2.region_name}{letter}" for letter in "abc"]
    vpcs = [ec2.create_vpc("10.0.0.0/16", tags=_TAG_LIST) for _ in range(count)]
    subnets = []
    for index, vpc in enumerate(vpcs):
        subnets.append(ec2.create_subnet(vpc.id, "10.0.0.0/20", availability_zone=zones[index % 3]))
        table = ec2.create_route_table(vpc.id, tags=_TAG_LIST)
        service = f"com.amazonaws.{ec2.region_name}.s3"
        ec2.create_vpc_endpoint(vpc.id, service, "Gateway", None, [table.id], tags=_TAGS)
        ec2.create_security_group(f"foreign-{start + index}", "somebody else's", vpc.id, tags=_TAGS)
        subnets[-1].add_tags(_TAGS)
    for subnet in subnets:
        ec2.create_nat_gateway(subnet.id, None, tags=_TAGS, connectivity_type="private")
    kinds = ("vpcs", "subnets", "route tables", "endpoints", "security groups", "NAT gateways")
    return dict.fromkeys(kinds, count) | {"instances": _instances(ec2, subnets)}


def _instances(ec2: Any, subnets: list[Any]) -> int:
    from lab.emulator.strict.images import IMAGES

    for first in range(0, len(subnets), 100):  # one launch a hundred, as a fleet would be
        ec2.run_instances(
            IMAGES[0].id(ec2.region_name),
            len(subnets[first : first + 100]),
            None,
            [],
            instance_type="t3.micro",
            is_instance_type_default=False,
            region_name=ec2.region_name,
            subnet_id=subnets[first].id,
            tags={"instance": _TAGS, "volume": _TAGS},
        )
    return len(subnets)


def _others(backends: dict[str, Any], numbers: range, region: str) -> dict[str, int]:
    ec2, vpc = backends["ec2"], next(iter(backends["ec2"].vpcs))
    makers: dict[str, Callable[[str, int], Any]] = {
        "addresses": lambda _name, _number: ec2.allocate_address("vpc", tags=_TAGS),
        "internet gateways": lambda _name, _number: ec2.create_internet_gateway(tags=_TAG_LIST),
        "volumes": lambda _name, _number: ec2.create_volume(1, f"{region}a").add_tags(_TAGS),
        "key pairs": lambda name, number: ec2.import_key_pair(name, _public_key(number), _TAGS),
        "launch templates": lambda name, _number: ec2.create_launch_template(name, "", {}, {"launch-template": _TAGS}),
        "buckets": lambda name, _number: backends["s3"].create_bucket(f"{name}-{region}", region),
        "roles": lambda name, _number: backends["iam"].create_role(
            f"{name}-{region}", _TRUST, "/foreign/", None, "", _TAG_LIST, "3600"
        ),
        "log groups": lambda name, _number: backends["logs"].create_log_group(name, dict(_TAGS)),
        "target groups": lambda name, _number: backends["elbv2"].create_target_group(
            name, vpc_id=vpc, protocol="HTTP", port="80", target_type="ip", tags=_TAG_LIST
        ),
        "flow logs": lambda name, number: _flow_log(ec2, list(ec2.vpcs)[-1 - (numbers.stop - 1 - number)], name),
    }
    for make_one in makers.values():
        for number in numbers:
            make_one(f"foreign-{number}", number)
    return dict.fromkeys(makers, len(numbers))


def _flow_log(ec2: Any, vpc: str, name: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/foreign"
    logs, _ = ec2.create_flow_logs("VPC", [vpc], "ALL", role, "cloud-watch-logs", None, name, None, 60)
    for log in logs:
        log.add_tags(_TAGS)


def _public_key(number: int) -> bytes:
    """An ed25519 public key, a different one for each number."""
    key = base64.b64encode(_KEY_PREFIX + number.to_bytes(32, "big"))
    return b"ssh-ed25519 " + key + b" somebody@else"
