# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database construct: subnet group, security group, instance."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.constructs.database import Database
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.expansion import (
    Documents,
    complaints,
    expand,
)

LEAST: dict[str, Any] = {"zones": ["a", "b"], "engine_version": "15", "instance_class": "db.t3.micro", "storage": 20}


def database(name: str = "main", /, **given: Any) -> Documents:
    return expand(Database(), name, **LEAST, **given)


def test_the_least_document_stands_for_a_closed_database() -> None:
    assert database() == {
        ("db_subnet_group", "main"): {
            "type": "db_subnet_group",
            "name": "main",
            "subnets": ["data-a", "data-b"],
        },
        ("security_group", "database"): {
            "type": "security_group",
            "name": "database",
            "vpc": "main",
            "ingress": [],
            "egress": [],
        },
        ("db_instance", "main"): {
            "type": "db_instance",
            "name": "main",
            "subnet_group": "main",
            "security_groups": ["database"],
            "engine_version": "15",
            "instance_class": "db.t3.micro",
            "storage": 20,
            "port": 5432,
            "multi_az": False,
        },
    }


def test_the_allowed_groups_alone_reach_the_port() -> None:
    documents = database(allowed_groups=["nodes", "bastion"], port=5433)

    assert documents["security_group", "database"]["ingress"] == [
        {"protocol": "tcp", "ports": "5433", "group": "nodes"},
        {"protocol": "tcp", "ports": "5433", "group": "bastion"},
    ]
    assert documents["db_instance", "main"]["port"] == 5433


def test_what_is_given_reaches_the_instance() -> None:
    given = {
        "multi_az": True,
        "backup_days": 35,
        "database": "orders",
        "username": "app",
        "deletion_protection": True,
        "log_exports": ["postgresql"],
        "performance_insights": True,
        "apply_immediately": False,
        "final_snapshot": False,
        "storage_type": "io2",
        "kms_key": "alias/data",
    }

    instance = database(**given)["db_instance", "main"]
    assert {field: instance[field] for field in given} == given


@pytest.mark.parametrize("zone", ["b", "us-east-1b"])
def test_a_single_instance_stands_in_the_zone_named(zone: str) -> None:
    assert database(zone=zone)["db_instance", "main"]["zone"] == "us-east-1b"


def test_another_database_of_another_network_has_names_of_its_own() -> None:
    documents = database("reports", network="lake", tier="store")

    assert not documents.keys() & database().keys()
    assert documents["db_subnet_group", "reports"]["subnets"] == ["lake-store-a", "lake-store-b"]
    assert documents["security_group", "database-reports"]["vpc"] == "lake"
    assert documents["db_instance", "reports"]["subnet_group"] == "reports"
    assert documents["db_instance", "reports"]["security_groups"] == ["database-reports"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"zones": ["a"]}, "zones: 1 named, at least 2 needed; add another letter"),
        ({"zone": "a", "multi_az": True}, "zone: an instance with a standby stands in no one zone; drop"),
        ({"zone": "c"}, "zone: c is none of `zones`; name one of them"),
    ],
)
def test_bad_documents_get_one_complaint_with_its_remedy(given: dict[str, Any], complaint: str) -> None:
    (found,) = complaints(Database(), **{**LEAST, **given})

    assert found.startswith(complaint)
