# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents may say, and how it is told when they may not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid, locate
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import USER_TAGS_TAG, Scope

SCOPE = Scope("shop", "prod", "us-east-1", account="123456789012")
VPC = {"type": "vpc", "name": "main", "cidr": "10.0.0.0/16"}
NETWORK = {"type": "network", "name": "main", "cidr": "10.0.0.0/16", "zones": ["a", "b"]}
GROUP = {"type": "security_group", "name": "web", "vpc": "main"}


def rule(**fields: Any) -> dict[str, Any]:
    return {**GROUP, "ingress": [{"ports": "80", "cidrs": ["10.0.0.0/8"]}, {"ports": "443", **fields}]}


@pytest.mark.parametrize(
    ("documents", "path", "words"),
    [
        (["vpc"], "resources[0]", "must be a mapping"),
        ([{"name": "main"}], "resources[0].type", "required"),
        ([{**VPC, "type": "vcp"}], "resources[0].type", "did you mean vpc?"),
        ([{**VPC, "name": None}], "resources[0].name", "required"),
        ([{**VPC, "cider": 1}], "resources[0].cider", "no such field; known fields are adopt, cidr, component, "),
        ([{**VPC, "cider": 1}], "resources[0].cider", ", name, physical_name, protect, tags, type"),
        ([rule(color="red")], "resources[0].ingress[1].color", "known fields are cidrs, description, group, "),
        ([{**NETWORK, "colour": 1}], "resources[0].colour", "known fields are adopt, cidr, component, "),
        ([{**NETWORK, "physical_name": "x"}], "resources[0].physical_name", "no such field"),
        ([{**VPC, "cidr": "10.0.0.1/16"}], "resources[0].cidr", "has host bits set"),
        ([{**VPC, "dns_support": "on"}], "resources[0].dns_support", "must be true or false"),
        ([VPC, VPC], "resources[1]", "declared already at resources[0]"),
        ([VPC, rule(cidrs=["10.0.0.0/33"])], "resources[1].ingress[1].cidrs[0]", "is no IPv4 network"),
        ([VPC, rule(protocol="tpc", cidrs=["0.0.0.0/0"])], "resources[1].ingress[1].protocol", "is none of"),
        (
            [VPC, {**GROUP, "vpc": "mian"}],
            "resources[1].vpc",
            "refers to vpc mian, which no document declares; did you",
        ),
        ([{**VPC, "tags": {"Owner": "me"}}], "resources[0].tags.Owner", "the engine's own"),
        ([{**VPC, "tags": {"two words": "x"}}], "resources[0].tags.two words", "no spaces"),
        ([{"type": "network", "name": "main"}], "resources[0].cidr", "required"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(documents: list[Any], path: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        CATALOGUE.load(documents, SCOPE)
    told = dict(caught.value.problems)
    assert words in told[path]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        CATALOGUE.load([{**VPC, "cidr": "x"}, {**GROUP, "color": 1}, {"type": "moon", "name": "m"}], SCOPE)
    assert len(caught.value.problems) == 3


def test_a_circle_is_told_as_a_chain() -> None:
    def trusting(name: str, other: str) -> dict[str, Any]:
        statement = {"Principal": {"AWS": f"${{iam_role.{other}.arn}}"}}
        return {"type": "iam_role", "name": name, "trust_policy": {"Statement": [statement]}}

    with pytest.raises(Invalid, match=r"in a circle: iam_role (one|two) → iam_role (two|one) → "):
        CATALOGUE.load([trusting("one", "two"), trusting("two", "one")], SCOPE)


def test_a_reference_to_self_is_the_document() -> None:
    wants = CATALOGUE.load([VPC, {**GROUP, "ingress": [{"protocol": "all", "group": "self"}]}], SCOPE)
    assert wants["security_group", "web"]["ingress"][0]["group"].name == "web"


def test_an_attribute_that_a_kind_does_not_have() -> None:
    zone = {"type": "hosted_zone", "name": "main", "domain": "example.com"}
    record = {
        "type": "dns_record",
        "name": "x",
        "zone": "main",
        "record_name": "x.example.com",
        "values": ["${vpc.main.ip}"],
    }
    with pytest.raises(Invalid, match="vpc has no attribute ip; it has id, cidr"):
        CATALOGUE.load([VPC, zone, record], SCOPE)


@pytest.mark.parametrize(("count", "noted"), [(0, False), (1, False), (2, None)])
def test_where_few_tags_fit_the_users_own_come_first(count: int, noted: bool | None) -> None:
    zone = {"type": "hosted_zone", "name": "main", "domain": "example.com"}
    document = {**zone, "tags": {f"tag{number}": "x" for number in range(count)}}
    if noted is None:
        with pytest.raises(Invalid, match="takes 10 tags, these are 11"):
            CATALOGUE.load([document], SCOPE)
    else:
        tags = CATALOGUE.load([document], SCOPE)["hosted_zone", "main"].tags
        assert (USER_TAGS_TAG in tags) is noted


def test_names_and_tags_come_from_one_place() -> None:
    want = CATALOGUE.load([{**VPC, "component": "net", "tags": {"a": "b"}}], SCOPE)["vpc", "main"]
    assert want.physical_name == "shop-prod-vpc"
    assert want.tags == {
        "Project": "shop",
        "Environment": "prod",
        "ManagedBy": "Slipway",
        "Component": "net",
        "CostCenter": "engineering",
        "Owner": "platform-team",
        "Name": "shop-prod-vpc",
        "a": "b",
        "slipway:stack": "shop-prod",
        "slipway:name": "main",
        "slipway:tags": "a",
    }


def test_a_long_name_is_cut_and_stays_distinct() -> None:
    long = "a" * 70
    names = {SCOPE.physical_name("role", long + tail, 64) for tail in "xy"}
    assert len(names) == 2
    assert {len(name) for name in names} == {64}
    assert SCOPE.physical_name("bucket", long, 63, account_suffix=True).endswith("-123456789012")


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("resources[3].ingress[0].port", [3, "ingress", 0, "port"]),
        ("resources[2]→subnet[app-a].cidr", [2]),
        ("resources[0]", [0]),
    ],
)
def test_locate(path: str, keys: list[str | int]) -> None:
    assert locate(path) == keys
