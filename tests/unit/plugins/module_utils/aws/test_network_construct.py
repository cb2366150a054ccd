# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network construct: what one document stands for."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.network import Network
from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Document
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.expansion import (
    Documents,
    complaints,
    expand,
    names,
)

CIDR = "10.30.0.0/16"


def network(name: str = "main", /, **given: Any) -> Documents:
    return expand(Network(), name, **{"cidr": CIDR, "zones": ["a", "b", "c"], **given})


def tier(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, **given}


def test_the_least_document_stands_for_a_whole_network() -> None:
    documents = network(zones=["a", "b"])

    assert set(documents) == {
        ("vpc", "main"),
        ("internet_gateway", "main"),
        *(("subnet", f"{tier}-{zone}") for tier in ("public", "app", "data") for zone in "ab"),
        ("route_table", "public"),
        *(("route_table", f"{tier}-{zone}") for tier in ("app", "data") for zone in "ab"),
        *(("network_acl", tier) for tier in ("public", "app", "data")),
        ("elastic_ip", "nat"),
        ("nat_gateway", "main"),
        ("log_group", "flow"),
        ("iam_role", "flow-logs"),
        ("flow_log", "main"),
    }
    assert documents["subnet", "app-b"] == {
        "type": "subnet",
        "name": "app-b",
        "vpc": "main",
        "cidr": "10.30.11.0/24",
        "zone": "us-east-1b",
        "public_addresses": False,
    }


@pytest.mark.parametrize(
    ("cidr", "given", "expected"),
    [
        (CIDR, {"offset": 0}, ["10.30.0.0/24", "10.30.1.0/24", "10.30.2.0/24"]),
        (CIDR, {"offset": 20}, ["10.30.20.0/24", "10.30.21.0/24", "10.30.22.0/24"]),
        (CIDR, {"offset": 253}, ["10.30.253.0/24", "10.30.254.0/24", "10.30.255.0/24"]),
        ("10.0.4.0/22", {"offset": 1}, ["10.0.5.0/24", "10.0.6.0/24", "10.0.7.0/24"]),
        (CIDR, {"cidrs": ["10.30.64.0/20", "10.30.80.0/20", "10.30.96.0/20"]}, None),
    ],
)
def test_subnets_take_ranges_in_the_order_of_zones(
    cidr: str, given: dict[str, Any], expected: list[str] | None
) -> None:
    documents = network(cidr=cidr, tiers=[tier("app", **given)], nat="none")

    ranges = [documents["subnet", f"app-{zone}"]["cidr"] for zone in "abc"]
    assert ranges == (expected or given["cidrs"])


def test_zones_are_letters_or_full_names() -> None:
    documents = network(zones=["c", "us-east-1a"])

    assert documents["subnet", "public-c"]["zone"] == "us-east-1c"
    assert documents["subnet", "public-a"]["zone"] == "us-east-1a"
    assert documents["subnet", "public-c"]["cidr"] == "10.30.0.0/24"


@pytest.mark.parametrize(
    ("nat", "gateways", "app_a", "app_c"),
    [
        ("none", {}, None, None),
        ("single", {"main": "public-a"}, "main", "main"),
        ("zone", {"a": "public-a", "b": "public-b", "c": "public-c"}, "a", "c"),
    ],
)
def test_nat_gateways_serve_the_private_tiers_with_egress(
    nat: str, gateways: dict[str, str], app_a: str | None, app_c: str | None
) -> None:
    documents = network(nat=nat)

    assert {name: documents["nat_gateway", name]["subnet"] for name in names(documents, "nat_gateway")} == gateways
    addresses = [documents["nat_gateway", name]["elastic_ip"] for name in gateways]
    assert sorted(addresses) == sorted(names(documents, "elastic_ip"))
    for name, expected in (("app-a", app_a), ("app-c", app_c), ("data-a", None), ("data-c", None)):
        table = documents["route_table", name]
        assert table["subnets"] == [name]
        assert table["routes"] == ([{"destination": "0.0.0.0/0", "nat_gateway": expected}] if expected else [])


def test_public_tiers_lead_to_the_internet_gateway() -> None:
    table = network()["route_table", "public"]

    assert table["routes"] == [{"destination": "0.0.0.0/0", "internet_gateway": "main"}]
    assert table["subnets"] == ["public-a", "public-b", "public-c"]


def test_a_network_without_a_public_tier_has_no_internet_gateway() -> None:
    documents = network(tiers=[tier("app", offset=10)], nat="none")

    assert names(documents, "internet_gateway") == []
    assert documents["route_table", "app-a"]["routes"] == []


def test_public_addresses_are_the_tier_s_choice() -> None:
    tiers = [tier("public", offset=0, public=True, public_addresses=True), tier("app", offset=10)]
    documents = network(tiers=tiers)

    assert documents["subnet", "public-b"]["public_addresses"] is True
    assert documents["subnet", "app-b"]["public_addresses"] is False


def test_gateway_endpoints_are_on_every_private_table_and_the_policy_on_s3_alone() -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"}]}
    documents = network(gateway_endpoints=["s3", "dynamodb"], s3_endpoint_policy=policy)

    private = [f"{tier}-{zone}" for tier in ("app", "data") for zone in "abc"]
    for service in ("s3", "dynamodb"):
        endpoint = documents["vpc_endpoint", service]
        assert (endpoint["service"], endpoint["endpoint_type"]) == (service, "gateway")
        assert endpoint["route_tables"] == private
    assert documents["vpc_endpoint", "s3"]["policy"] == policy
    assert "policy" not in documents["vpc_endpoint", "dynamodb"]


def test_interface_endpoints_stand_in_one_tier_behind_a_group_of_their_own() -> None:
    documents = network(interface_endpoints=["ssm", "ecr.api"], interface_endpoint_tier="data")

    assert sorted(names(documents, "vpc_endpoint")) == ["ecr-api", "ssm"]
    endpoint = documents["vpc_endpoint", "ecr-api"]
    assert (endpoint["service"], endpoint["endpoint_type"]) == ("ecr.api", "interface")
    assert endpoint["subnets"] == ["data-a", "data-b", "data-c"]
    assert endpoint["security_groups"] == ["endpoints"]
    group = documents["security_group", "endpoints"]
    assert group["ingress"] == [{"protocol": "tcp", "ports": "443", "cidrs": [CIDR]}]
    assert group["egress"] == []


def test_a_network_without_interface_endpoints_has_no_group_for_them() -> None:
    assert names(network(), "security_group") == []


def test_flow_logs_write_to_their_own_group_and_no_other() -> None:
    documents = network(flow_log_retention=7)

    assert documents["log_group", "flow"]["retention"] == 7
    assert documents["iam_role", "flow-logs"]["trust"] == ["vpc-flow-logs"]
    statements = documents["iam_role", "flow-logs"]["policies"]["write"]["Statement"]
    writing = [each["Resource"] for each in statements if "logs:PutLogEvents" in each["Action"]]
    assert writing == [["${log_group.flow.arn}", "${log_group.flow.arn}:*"]]
    flow_log = documents["flow_log", "main"]
    assert (flow_log["vpc"], flow_log["log_group"], flow_log["role"]) == ("main", "flow", "flow-logs")


def test_flow_logs_can_be_left_out() -> None:
    documents = network(flow_logs=False)

    assert not {"flow_log", "log_group", "iam_role"} & {kind for kind, _ in documents}


def test_two_networks_share_no_name() -> None:
    options: dict[str, Any] = {
        "nat": "zone",
        "gateway_endpoints": ["s3"],
        "interface_endpoints": ["ssm"],
    }
    first, second = network(**options), network("lake", **{**options, "cidr": "10.31.0.0/16"})

    assert not first.keys() & second.keys()
    assert second["nat_gateway", "lake-a"]["subnet"] == "lake-public-a"
    assert second["nat_gateway", "lake-a"]["elastic_ip"] == "lake-nat-a"
    assert second["route_table", "lake-app-b"]["routes"][0]["nat_gateway"] == "lake-b"
    assert second["route_table", "lake-public"]["routes"][0]["internet_gateway"] == "lake"
    assert second["vpc_endpoint", "lake-s3"]["route_tables"][0] == "lake-app-a"
    assert second["vpc_endpoint", "lake-ssm"]["security_groups"] == ["lake-endpoints"]
    assert second["flow_log", "lake"]["log_group"] == "lake-flow"
    assert "log_group.lake-flow.arn" in json.dumps(second["iam_role", "lake-flow-logs"]["policies"])


def admits(rules: list[Document], protocol: str, port: int, address: str) -> bool:
    """Whether a network ACL lets a packet pass: the first rule by number that fits decides, none refuses."""
    for rule in sorted(rules, key=lambda each: each["number"]):
        first, _, last = str(rule.get("ports", "0-65535")).partition("-")
        if (
            rule["protocol"] in ("all", protocol)
            and int(first) <= port <= int(last or first)
            and ipaddress.IPv4Address(address) in ipaddress.IPv4Network(rule["cidr"])
        ):
            return bool(rule["action"] == "allow")
    return False


INSIDE, OUTSIDE = "10.30.10.7", "198.51.100.7"


@pytest.mark.parametrize(
    ("options", "name", "side", "protocol", "port", "address", "passes"),
    [
        ({}, "public", "ingress", "tcp", 443, OUTSIDE, True),
        ({}, "public", "ingress", "tcp", 22, OUTSIDE, True),
        ({}, "public", "ingress", "tcp", 111, OUTSIDE, False),
        ({}, "public", "ingress", "tcp", 111, INSIDE, True),
        ({}, "public", "ingress", "tcp", 1024, OUTSIDE, True),
        ({}, "public", "egress", "udp", 123, OUTSIDE, True),
        ({}, "app", "ingress", "tcp", 443, OUTSIDE, False),
        ({}, "app", "ingress", "tcp", 443, INSIDE, True),
        ({}, "app", "ingress", "tcp", 33000, OUTSIDE, True),
        ({}, "app", "ingress", "udp", 33000, OUTSIDE, True),
        ({}, "app", "egress", "tcp", 443, OUTSIDE, True),
        ({"nat": "none"}, "app", "ingress", "tcp", 33000, OUTSIDE, False),
        ({"nat": "none"}, "app", "egress", "tcp", 443, OUTSIDE, False),
        ({"nat": "none"}, "app", "egress", "tcp", 443, INSIDE, True),
        ({}, "data", "ingress", "tcp", 5432, INSIDE, True),
        ({}, "data", "ingress", "tcp", 33000, OUTSIDE, False),
        ({}, "data", "egress", "tcp", 443, OUTSIDE, False),
        ({"gateway_endpoints": ["s3"]}, "data", "ingress", "tcp", 33000, OUTSIDE, True),
        ({"gateway_endpoints": ["s3"]}, "data", "ingress", "tcp", 5432, OUTSIDE, False),
        ({"gateway_endpoints": ["s3"]}, "data", "egress", "tcp", 443, OUTSIDE, True),
        ({"gateway_endpoints": ["s3"]}, "data", "egress", "tcp", 80, OUTSIDE, False),
    ],
)
def test_network_acls_pass_what_a_tier_needs_and_no_more(
    options: dict[str, Any], name: str, side: str, protocol: str, port: int, address: str, passes: bool
) -> None:
    acl = network(**options)["network_acl", name]

    assert admits(acl[side], protocol, port, address) is passes


def test_network_acls_cover_every_subnet_once() -> None:
    documents = network()

    covered = [
        subnet for name in names(documents, "network_acl") for subnet in documents["network_acl", name]["subnets"]
    ]
    assert sorted(covered) == sorted(names(documents, "subnet"))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"zones": ["a"]}, "zones: 1 named, at least 2 needed; add another letter"),
        ({"zones": ["a", "us-west-2b"]}, "zones: 'us-west-2b' is no zone of us-east-1; write a letter such as `a`"),
        ({"zones": ["a", "us-east-1a", "b"]}, "zones: a zone is named twice; name each once"),
        ({"tiers": [tier("app", offset=1), tier("app", offset=4)], "nat": "none"}, "tiers: two have the same name"),
        ({"tiers": [tier("app")], "nat": "none"}, "tiers[app]: give either `offset` or `cidrs`"),
        (
            {"tiers": [tier("app", offset=1, cidrs=["10.30.1.0/24"])], "nat": "none"},
            "tiers[app]: give either `offset` or `cidrs`",
        ),
        (
            {"tiers": [tier("app", cidrs=["10.30.1.0/24"])], "nat": "none"},
            "tiers[app].cidrs: 1 ranges for 3 zones; give one a zone",
        ),
        (
            {"tiers": [tier("app", offset=254)], "nat": "none"},
            "tiers[app].offset: 10.30.0.0/16 holds 256 ranges of /24",
        ),
        (
            {"cidr": "10.30.0.0/26", "tiers": [tier("app", offset=0)], "nat": "none"},
            "tiers[app].offset: 10.30.0.0/26 holds 0 ranges of /24",
        ),
        (
            {"tiers": [tier("app", offset=0, public_addresses=True)], "nat": "none"},
            "tiers[app].public_addresses: of use in a public tier only",
        ),
        ({"tiers": [tier("app", offset=0)]}, "nat: a NAT gateway stands in a public tier and there is none"),
        (
            {"tiers": [tier("public", offset=0, public=True)], "gateway_endpoints": ["s3"]},
            "gateway_endpoints: they serve private tiers and there is none",
        ),
        (
            {"interface_endpoints": ["ssm"], "interface_endpoint_tier": "apps"},
            "interface_endpoint_tier: no tier 'apps'; the tiers are public, app, data",
        ),
        (
            {"gateway_endpoints": ["s3"], "interface_endpoints": ["s3"]},
            "interface_endpoints: s3 has a gateway endpoint already",
        ),
        ({"s3_endpoint_policy": {}}, "s3_endpoint_policy: there is no S3 endpoint; add `s3` to `gateway_endpoints`"),
    ],
)
def test_bad_documents_get_one_complaint_with_its_remedy(given: dict[str, Any], complaint: str) -> None:
    (found,) = complaints(Network(), **{"cidr": CIDR, "zones": ["a", "b", "c"], **given})

    assert found.startswith(complaint)
    assert ";" in found or "give" in found
