# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input ends in one clear message with its place and its remedy, before anything is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from lab.emulator.credentials import EXPIRED_ACCESS_KEY
from tests.integration.stack.world import World

PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Apply
      slipway.platform.stack:
        project: demo
        environment: test
        region: {region}
        resources:
{documents}
"""
FIRST_DOCUMENT = 10
"""The line of the first document; each is one line."""

VPC = {"type": "vpc", "name": "main", "cidr": "10.0.0.0/16"}


def subnet(name: str, cidr: str, zone: str = "us-east-1a") -> dict[str, Any]:
    return {"type": "subnet", "name": name, "vpc": "main", "cidr": cidr, "zone": zone}


def trusting(name: str, other: str) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Principal": {"AWS": f"${{iam_role.{other}.arn}}"}, "Action": "sts:AssumeRole"}
    return {"type": "iam_role", "name": name, "trust_policy": {"Version": "2012-10-17", "Statement": [allowed]}}


def group(name: str, other: str) -> dict[str, Any]:
    return {"type": "target_group", "name": name, "vpc": "main", "port": 8080, "targets": [other]}


def balancer(*subnets: str) -> dict[str, Any]:
    return {"type": "load_balancer", "name": "main", "subnets": [*subnets], "security_groups": ["lb"]}


A = subnet("a", "10.0.0.0/24")
HOST = {"type": "instance", "name": "app-1", "subnet": "a", "instance_type": "t3.small", "image": "debian-12"}
PROBE = {"type": "security_group", "name": "lb", "vpc": "main"}

DOCUMENTS: dict[str, tuple[list[dict[str, Any]], int, list[str]]] = {
    "unknown kind": ([VPC, {"type": "vpcs", "name": "two"}], 1, ["resources[1].type", "'vpcs'", "did you mean vpc"]),
    "unknown field": ([VPC | {"dns_suport": True}], 0, ["resources[0].dns_suport", "no such field", "dns_support"]),
    "unknown reference": (
        [VPC, A | {"vpc": "mian"}],
        1,
        ["resources[1].vpc", "refers to vpc mian", "did you mean main"],
    ),
    "circle": (
        [trusting("one", "two"), trusting("two", "one")],
        0,
        ["resources[0]", "in a circle", "iam_role one", "drop one"],
    ),
    "overlapping ranges": (
        [VPC, A, subnet("c", "10.0.0.128/25")],
        2,
        ["resources[2].cidr", "overlaps 10.0.0.0/24 of subnet a", "choose another"],
    ),
    "subnet outside its VPC": (
        [VPC, subnet("a", "10.1.0.0/24")],
        1,
        ["resources[1].cidr", "outside 10.0.0.0/16", "choose"],
    ),
    "load balancer in one subnet": (
        [VPC, A, PROBE, balancer("a")],
        3,
        ["resources[3]", "subnets of at least two zones", "name two"],
    ),
    "load balancer in two subnets of one zone": (
        [VPC, A, subnet("c", "10.0.2.0/24"), PROBE, balancer("a", "c")],
        4,
        ["resources[4].subnets", "needs subnets in two zones", "add one of another zone"],
    ),
    "private host without a way to its sources": (
        [VPC, A, HOST],
        2,
        ["resources[2].subnet", "no way from subnet a", "NAT gateway", "sources: mirror"],
    ),
    "two services on one port of a host": (
        [VPC, A, HOST | {"sources": "mirror"}, group("one", "app-1"), group("two", "app-1")],
        4,
        ["resources[4].port", "port 8080 of instance app-1 is target group one's already", "another port"],
    ),
}


def refused(world: World, documents: list[Any], *, region: str = "us-east-1", **environment: str) -> str:
    """The one message of the failed run, after which the account is untouched."""
    lines = "\n".join(
        f"          - {yaml.safe_dump(one, default_flow_style=True, width=10_000).strip()}" for one in documents
    )
    play = world.folder / "play.yml"
    play.write_text(PLAY.format(region=region, documents=lines))
    played = world.play(play, **environment)
    assert played.code != 0
    assert "Traceback" not in played.output
    assert world.attempts() == []
    return played.message


@pytest.mark.parametrize("case", DOCUMENTS)
def test_documents_that_cannot_be(world: World, case: str) -> None:
    documents, index, words = DOCUMENTS[case]
    message = refused(world, documents)
    assert [word for word in words if word not in message] == []
    assert f"{world.folder / 'play.yml'}:{FIRST_DOCUMENT + index}:" in message
    assert "\n" not in message


def test_a_bucket_of_somebody_else(world: World) -> None:
    bucket = "demo-test-bucket-data-123456789012"
    world.provider.send("s3", "CreateBucket", {"Bucket": bucket})
    world.emulator.clear_calls()
    message = refused(world, [{"type": "s3_bucket", "name": "data"}])
    place = f"{world.folder / 'play.yml'}:{FIRST_DOCUMENT}:"
    words = [place, "resources[0]", bucket, "does not carry our tags", "choose another name", "adopt: true"]
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}, ["does not accept these credentials", "AWS_PROFILE"]),
        ({"AWS_ACCESS_KEY_ID": EXPIRED_ACCESS_KEY}, ["credentials have expired", "log in again"]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, ["no answer from sts in us-east-1", "AWS_ENDPOINT_URL"]),
    ],
    ids=["wrong credentials", "expired credentials", "unreachable endpoint"],
)
def test_an_account_that_cannot_be_used(world: World, environment: dict[str, str], words: list[str]) -> None:
    message = refused(world, [VPC], **environment)
    assert [word for word in words if word not in message] == []


def test_a_region_that_is_none(world: World) -> None:
    message = refused(world, [VPC], region="us-esat-1")
    assert "us-esat-1 is no region" in message
    assert re.search("did you mean .*us-east-1", message)
