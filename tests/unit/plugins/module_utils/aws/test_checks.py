# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules between documents: each passes what is right and tells what is wrong, where it is written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.aws.checks import RULES
from ansible_collections.slipway.platform.plugins.module_utils.stack.construct import Document
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid, Wants
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import SCOPE


def doc(kind: str, name: str = "main", /, **fields: Any) -> Document:
    return {"type": kind, "name": name, **fields}


def subnet(name: str, third: int, zone: str, **fields: Any) -> Document:
    return doc("subnet", name, vpc="main", cidr=f"10.0.{third}.0/24", zone=f"us-east-1{zone}", **fields)


def table(name: str, subnets: list[str], **target: str) -> Document:
    routes = [{"destination": "0.0.0.0/0", **target}] if target else []
    return doc("route_table", name, vpc="main", routes=routes, subnets=subnets)


def instance(name: str, subnet: str, **fields: Any) -> Document:
    return doc("instance", name, subnet=subnet, instance_type="t3.small", image="ami-1", **fields)


def machine_role(profile: bool) -> Document:
    return doc("iam_role", "machine", trust=["ec2"], instance_profile=profile)


def group(name: str, subnets: list[str], **fields: Any) -> list[Document]:
    return [
        doc("launch_template", name, instance_type="t3.small", image="ami-1"),
        doc("auto_scaling_group", name, launch_template=name, subnets=subnets, maximum=2, **fields),
    ]


def target_group(name: str, port: int, **fields: Any) -> Document:
    return doc("target_group", name, vpc="main", port=port, **fields)


BASE = [
    doc("vpc", cidr="10.0.0.0/16"),
    doc("internet_gateway", vpc="main"),
    subnet("public-a", 0, "a"),
    subnet("public-b", 1, "b"),
    subnet("app-a", 10, "a"),
    subnet("app-b", 11, "b"),
    subnet("data-a", 20, "a"),
    doc("elastic_ip", "nat"),
    doc("nat_gateway", subnet="public-a", elastic_ip="nat"),
    table("public", ["public-a", "public-b"], internet_gateway="main"),
    table("app", ["app-a", "app-b"], nat_gateway="main"),
    table("data", ["data-a"]),
    doc("security_group", "edge", vpc="main"),
]
"""Two zones with a way out of two tiers, none out of the third."""


def findings(documents: list[Document], base: list[Document] = BASE) -> list[tuple[str, str]]:
    """What is found in ``base`` with the documents added, or put in place of those of the same name."""
    by_key = {(each["type"], each["name"]): each for each in [*base, *documents]}
    listed = list(by_key.values())
    try:
        CATALOGUE.load(listed, SCOPE)
    except Invalid as invalid:
        return [(place(path, listed), message) for path, message in invalid.problems]
    return []


def place(path: str, documents: list[Document]) -> str:
    """``resources[3].cidr`` → ``subnet public-a.cidr``."""
    index, rest = re.fullmatch(r"resources\[(\d+)\](.*)", path).groups()  # type: ignore[union-attr]
    return f"{documents[int(index)]['type']} {documents[int(index)]['name']}{rest}"


def balancer(subnets: list[str], **fields: Any) -> Document:
    return doc("load_balancer", subnets=subnets, security_groups=["edge"], **fields)


BALANCER = balancer(["public-a", "public-b"])
LISTENER = doc("listener", "http", load_balancer="main", port=80, default_action={"fixed_response": {}})
ZONE = doc("hosted_zone", "internal", domain="shop.internal")
PUBLIC_A_AGAIN = subnet("public-a2", 2, "a")


def record(name: str, record_name: str, kind: str, value: str) -> Document:
    return doc("dns_record", name, zone="internal", record_name=record_name, record_type=kind, values=[value])


def rule(name: str, priority: int, listener: str = "http") -> Document:
    action: Document = {"fixed_response": {}}
    return doc("listener_rule", name, listener=listener, priority=priority, paths=["/a"], action=action)


def volume(zone: str, **fields: Any) -> Document:
    return doc("ebs_volume", "data", zone=zone, size=10, **fields)


Case = tuple[list[Document], list[Document], str, str]
CASES: dict[str, list[Case]] = {
    "subnet_outside_vpc": [
        (
            [subnet("more", 255, "a")],
            [doc("subnet", "more", vpc="main", cidr="10.1.0.0/24", zone="us-east-1a")],
            "subnet more.cidr",
            "10.1.0.0/24 is outside 10.0.0.0/16 of vpc main; choose",
        ),
    ],
    "subnets_overlap": [
        (
            [subnet("more", 2, "a")],
            [doc("subnet", "more", vpc="main", cidr="10.0.0.128/25", zone="us-east-1b")],
            "subnet more.cidr",
            "10.0.0.128/25 overlaps 10.0.0.0/24 of subnet public-a; choose",
        ),
    ],
    "vpcs_overlap": [
        (
            [doc("vpc", "lake", cidr="10.1.0.0/16")],
            [doc("vpc", "lake", cidr="10.0.128.0/17")],
            "vpc lake.cidr",
            "10.0.128.0/17 overlaps 10.0.0.0/16 of vpc main",
        ),
    ],
    "cluster_ranges_taken": [
        (
            [doc("vpc", "lake", cidr="10.41.0.0/16")],
            [
                doc("vpc", "lake", cidr="10.42.128.0/20"),
                doc("subnet", "lake", vpc="lake", cidr="10.42.128.0/24", zone="us-east-1a"),
            ],
            "vpc lake.cidr",
            "10.42.128.0/20 overlaps 10.42.0.0/16, the addresses of the cluster's pods; choose",
        ),
        (
            [doc("vpc", "lake", cidr="10.44.0.0/16")],
            [doc("vpc", "lake", cidr="10.43.0.0/16")],
            "vpc lake.cidr",
            "10.43.0.0/16 overlaps 10.43.0.0/16, the addresses of the cluster's services; choose",
        ),
    ],
    "zone_outside_region": [
        (
            [subnet("more", 2, "c")],
            [doc("subnet", "more", vpc="main", cidr="10.0.2.0/24", zone="eu-west-1a")],
            "subnet more.zone",
            "eu-west-1a is no zone of us-east-1; name one such as us-east-1a",
        ),
        (
            [volume("us-east-1f")],
            [volume("us-west-2a")],
            "ebs_volume data.zone",
            "us-west-2a is no zone of us-east-1",
        ),
    ],
    "load_balancer_zones": [
        (
            [BALANCER],
            [PUBLIC_A_AGAIN, balancer(["public-a", "public-a2"])],
            "load_balancer main.subnets",
            "an application load balancer needs subnets in two zones; add",
        ),
        (
            [balancer(["public-a"], load_balancer_type="network")],
            [PUBLIC_A_AGAIN, balancer(["public-a", "public-a2"], load_balancer_type="network")],
            "load_balancer main.subnets",
            "2 subnets are in us-east-1a and a load balancer takes one a zone; keep one",
        ),
    ],
    "database_zones": [
        (
            [doc("db_subnet_group", subnets=["app-a", "app-b"])],
            [doc("db_subnet_group", subnets=["app-a", "data-a"])],
            "db_subnet_group main.subnets",
            "a database needs subnets in two zones, also where it stands in one; add",
        ),
    ],
    "volume_elsewhere": [
        (
            [instance("one", "app-a"), volume("us-east-1a", instance="one")],
            [instance("one", "app-a"), volume("us-east-1b", instance="one")],
            "ebs_volume data.zone",
            "us-east-1b, but instance one stands in us-east-1a; a volume attaches in its own zone only",
        ),
    ],
    "host_without_sources": [
        (
            [instance("one", "app-a")],
            [instance("one", "data-a")],
            "instance one.subnet",
            "no way from subnet data-a to the packages of instance one; give the subnet a route",
        ),
        (
            [instance("one", "data-a", sources="mirror")],
            [instance("one", "data-a", sources="internet")],
            "instance one.subnet",
            "no way from subnet data-a",
        ),
        (
            [instance("one", "public-a", public_address=True)],
            [instance("one", "public-a")],
            "instance one.subnet",
            "no way from subnet public-a",
        ),
        (
            [instance("one", "public-a"), doc("elastic_ip", "one", instance="one")],
            [instance("one", "public-a"), doc("elastic_ip", "one")],
            "instance one.subnet",
            "no way from subnet public-a",
        ),
        (
            [
                instance("router", "public-a", public_address=True),
                table("data", ["data-a"], instance="router"),
                instance("one", "data-a"),
            ],
            [instance("router", "public-a", public_address=True), instance("one", "data-a")],
            "instance one.subnet",
            "no way from subnet data-a",
        ),
    ],
    "group_without_sources": [
        (
            group("web", ["app-a", "app-b"]),
            group("web", ["app-a", "data-a"]),
            "auto_scaling_group web.subnets",
            "no way from subnet data-a to the packages of the hosts of web; give it",
        ),
        (
            group("web", ["data-a"], sources="mirror"),
            group("web", ["data-a"]),
            "auto_scaling_group web.subnets",
            "no way from subnet data-a",
        ),
        (
            [subnet("public-a", 0, "a", public_addresses=True), *group("web", ["public-a"])],
            group("web", ["public-a"]),
            "auto_scaling_group web.subnets",
            "no way from subnet public-a",
        ),
    ],
    "public_instance_in_private_subnet": [
        (
            [instance("one", "public-b", public_address=True)],
            [instance("one", "app-b", public_address=True)],
            "instance one.subnet",
            "instance one has a public address, subnet app-b no route to an internet gateway; move it",
        ),
        (
            [instance("one", "public-b"), doc("elastic_ip", "one", instance="one")],
            [instance("one", "data-a"), doc("elastic_ip", "one", instance="one")],
            "instance one.subnet",
            "instance one has a public address, subnet data-a no route",
        ),
    ],
    "role_without_profile": [
        (
            [instance("one", "app-a", role="machine"), machine_role(True)],
            [instance("one", "app-a", role="machine"), machine_role(False)],
            "instance one.role",
            "iam_role machine has no instance profile; say",
        ),
    ],
    "nat_without_internet": [
        (
            [doc("nat_gateway", subnet="public-b", elastic_ip="nat")],
            [doc("nat_gateway", subnet="data-a", elastic_ip="nat")],
            "nat_gateway main.subnet",
            "subnet data-a has no route to an internet gateway; put",
        ),
    ],
    "subnet_with_two_tables": [
        (
            [table("spare", [])],
            [table("spare", ["data-a"])],
            "route_table spare.subnets",
            "subnet data-a has route table data already and can have one; drop",
        ),
    ],
    "port_wanted_twice": [
        (
            [
                instance("one", "app-a"),
                instance("two", "app-b"),
                target_group("api", 30000, targets=["one", "two"]),
                target_group("web", 30001, targets=["one", "two"]),
            ],
            [
                instance("one", "app-a"),
                instance("two", "app-b"),
                target_group("api", 30000, targets=["one", "two"]),
                target_group("web", 30000, targets=["one", "two"]),
            ],
            "target_group web.port",
            "port 30000 of instance one is target group api's already; give",
        ),
        (
            [
                instance("one", "app-a"),
                instance("two", "app-b"),
                target_group("api", 30000, targets=["one"]),
                target_group("web", 30000, targets=["two"]),
            ],
            [
                target_group("api", 30000),
                target_group("web", 30000),
                *group("nodes", ["app-a"], target_groups=["api", "web"]),
            ],
            "target_group web.port",
            "port 30000 of auto_scaling_group nodes is target group api's already; give",
        ),
    ],
    "listener_twice": [
        (
            [BALANCER, LISTENER, LISTENER | {"name": "other", "port": 81}],
            [BALANCER, LISTENER, LISTENER | {"name": "other"}],
            "listener other.port",
            "listener http has port 80 of load balancer main already; choose",
        ),
    ],
    "priority_twice": [
        (
            [
                BALANCER,
                LISTENER,
                LISTENER | {"name": "alt", "port": 81},
                rule("one", 10),
                rule("two", 20),
                rule("three", 10, "alt"),
            ],
            [BALANCER, LISTENER, rule("one", 10), rule("two", 10)],
            "listener_rule two.priority",
            "rule one has priority 10 on listener http already; choose",
        ),
    ],
    "record_conflict": [
        (
            [
                ZONE,
                record("one", "db.shop.internal", "A", "10.0.0.9"),
                record("two", "www.shop.internal", "CNAME", "db.shop.internal"),
            ],
            [
                ZONE,
                record("one", "db.shop.internal", "A", "10.0.0.9"),
                record("two", "DB.shop.internal.", "CNAME", "x.example.com"),
            ],
            "dns_record two.record_name",
            "a CNAME stands alone at its name, where dns_record one is too; rename",
        ),
        (
            [
                ZONE,
                record("one", "db.shop.internal", "A", "10.0.0.9"),
                record("two", "db.${hosted_zone.internal.domain}", "TXT", "x"),
            ],
            [
                ZONE,
                record("one", "db.shop.internal", "A", "10.0.0.9"),
                record("two", "db.${hosted_zone.internal.domain}", "A", "10.0.0.10"),
            ],
            "dns_record two.record_name",
            "dns_record one has this name and type already; put",
        ),
        (
            [ZONE, record("one", "shop.internal", "A", "10.0.0.9")],
            [ZONE, record("one", "shop.internal", "CNAME", "x.example.com")],
            "dns_record one.record_type",
            "shop.internal is the zone's own name and cannot be a CNAME",
        ),
    ],
}
PARAMETERS = [
    pytest.param(*case, id=f"{name}-{index}") for name, cases in CASES.items() for index, case in enumerate(cases)
]


def test_the_base_has_no_findings() -> None:
    assert findings([]) == []


def test_every_rule_has_a_case() -> None:
    assert {each.__name__ for each in RULES} == set(CASES)


@pytest.mark.parametrize(("good", "bad", "where", "message"), PARAMETERS)
def test_what_is_right_passes(good: list[Document], bad: list[Document], where: str, message: str) -> None:
    assert findings(good) == []


@pytest.mark.parametrize(("good", "bad", "where", "message"), PARAMETERS)
def test_what_is_wrong_is_told_once_where_it_is_written(
    good: list[Document], bad: list[Document], where: str, message: str
) -> None:
    ((found, told),) = findings(bad)

    assert found == where
    assert told.startswith(message)


def test_all_findings_are_told_together() -> None:
    told = findings([instance("one", "data-a"), doc("vpc", "lake", cidr="10.0.0.0/24")])

    assert [where for where, _ in told] == ["vpc lake.cidr", "instance one.subnet"]


def hosts(name: str, **fields: Any) -> Document:
    return doc("hosts", name, zones=["a", "b"], instance_type="t3.small", **fields)


@pytest.mark.parametrize("nat", ["none", "single", "zone"])
def test_constructs_stand_for_documents_that_pass(nat: str) -> None:
    tiers = [
        {"name": "public", "offset": 0, "public": True, "public_addresses": True},
        {"name": "app", "offset": 10},
        {"name": "data", "offset": 20, "egress": False},
    ]
    private = {"sources": "mirror"} if nat == "none" else {}
    wants = load(
        doc("hosted_zone", "internal", domain="shop.internal", vpc="main"),
        doc("iam_role", "node", trust=["ec2"], instance_profile=True),
        doc("security_group", "nodes", vpc="main"),
        target_group("api", 30000),
        doc(
            "network",
            cidr="10.30.0.0/16",
            zones=["a", "b"],
            tiers=tiers,
            nat=nat,
            gateway_endpoints=["s3", "dynamodb"],
            s3_endpoint_policy={"Version": "2012-10-17", "Statement": []},
            interface_endpoints=["ssm", "ecr.api"],
        ),
        hosts("bastion", count=1, tier="public", elastic_ip=True),
        hosts("kafka", count=3, tier="app", role="node", dns_zone="internal", data_volume={"size": 100}, **private),
        hosts("agent", scaling={"maximum": 3}, tier="app", target_groups=["api"], node_tags={"a": "b"}, **private),
        hosts("web", scaling={"maximum": 3}, tier="public", security_groups=["nodes"], root_volume={"size": 50}),
        doc(
            "database",
            zones=["a", "b"],
            zone="b",
            engine_version="15",
            instance_class="db.t3.micro",
            storage=20,
            allowed_groups=["nodes"],
        ),
    )

    assert ("ebs_volume", "kafka-3") in wants
    assert wants["instance", "kafka-1"].path == "resources[6]→instance[kafka-1]"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"count": 1, "tier": "app"}, "instance[kafka-1].subnet"),
        ({"scaling": {"maximum": 1}, "tier": "app"}, "auto_scaling_group[kafka].subnets"),
        ({"count": 1, "tier": "public"}, "instance[kafka-1].subnet"),
        ({"count": 1, "tier": "app", "elastic_ip": True}, "instance[kafka-1].subnet"),
    ],
)
def test_hosts_without_a_way_to_their_packages_are_refused(fields: dict[str, Any], where: str) -> None:
    network = doc("network", cidr="10.30.0.0/16", zones=["a", "b"], nat="none")

    with pytest.raises(Invalid) as caught:
        load(network, hosts("kafka", **fields))

    assert {path for path, _ in caught.value.problems} == {f"resources[1]→{where}"}


def load(*documents: Document) -> Wants:
    return CATALOGUE.load(documents, SCOPE)
