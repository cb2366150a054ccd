# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database: a managed PostgreSQL with its subnets and its security group."""

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
    boolean,
    integer,
    set_of,
    string,
)

INSTANCE = {
    "engine_version": string("Version of the engine; `15` stands for any 15.x.", required=True),
    "instance_class": string("Instance class, e.g. `db.t3.micro`.", required=True),
    "storage": integer("GiB.", required=True),
    "storage_type": string("Volume type."),
    "kms_key": string("Key that encrypts it, in place of the account's own."),
    "port": integer("Port.", default=5432),
    "multi_az": boolean("A standby in another zone.", default=False),
    "database": string("Database made at the start."),
    "username": string("The administrator's name."),
    "backup_days": integer("Days that can be recovered."),
    "deletion_protection": boolean("Refuse deletion on AWS's side."),
    "log_exports": set_of(string("Log."), "Logs that go to CloudWatch."),
    "performance_insights": boolean("Record what the load is made of."),
    "apply_immediately": boolean("Change at once and not in the maintenance window."),
    "final_snapshot": boolean("Keep a snapshot when it is deleted."),
}
"""What the db_instance takes as it is given; its own checks and defaults hold."""


class Database(Construct):
    name = "database"
    doc = "A PostgreSQL instance of RDS, reached only from the security groups named."
    fields = {
        "network": string("The network it stands in.", default="main"),
        "tier": string("The network's tier it stands in.", default="data"),
        "zones": zones_field("Zones of its subnet group, two at least."),
        "zone": string("Where a single instance stands: a letter or a full name."),
        "allowed_groups": set_of(string("Name."), "Security groups whose members may connect.", default=[]),
        **INSTANCE,
    }

    def check(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[str]:
        yield from zone_problems(values["zones"], scope, least=2)
        if "zone" not in values:
            return
        if values["multi_az"]:
            yield "zone: an instance with a standby stands in no one zone; drop `zone` or `multi_az`"
        if zone_name(values["zone"], scope) not in [zone_name(zone, scope) for zone in values["zones"]]:
            yield f"zone: {values['zone']} is none of `zones`; name one of them"

    def expand(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[Document]:
        zones = [zone_name(zone, scope) for zone in values["zones"]]
        group = "database" if name == "main" else f"database-{name}"
        yield {
            "type": "db_subnet_group",
            "name": name,
            "subnets": [subnet_name(values["network"], values["tier"], zone) for zone in zones],
        }
        ports = str(values["port"])
        yield {
            "type": "security_group",
            "name": group,
            "vpc": values["network"],
            "ingress": [{"protocol": "tcp", "ports": ports, "group": allowed} for allowed in values["allowed_groups"]],
            "egress": [],  # a database answers and never calls
        }
        yield {
            "type": "db_instance",
            "name": name,
            "subnet_group": name,
            "security_groups": [group],
            **{field: values[field] for field in INSTANCE if field in values},
            **({"zone": zone_name(values["zone"], scope)} if "zone" in values else {}),
        }
