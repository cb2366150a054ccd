# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database as the account's reader gives it."""

from __future__ import annotations

from typing import Any

from lab.account.model import Database


def database(**fields: Any) -> Database:
    """A PostgreSQL of db.t3.micro; ``fields`` of `Database` replace the defaults."""
    values: dict[str, Any] = {
        "id": "db-SHOP", "name": "shop-dev-db",
        "arn": "arn:aws:rds:us-east-1:123456789012:db:shop-dev-db", "region": "us-east-1",
        "status": "creating", "engine": "postgres", "version": "15.8", "vpc": "vpc-1", "subnets": ("subnet-1",),
        "zone": "us-east-1a", "groups": (), "port": 5432, "endpoint": "shop-dev-db.abc.us-east-1.rds.amazonaws.com",
        "public": False, "database": "platform", "username": "slipway", "parameters": (), "storage": 20,
        "snapshot": None, "reboots": 0, "password": "first-Secret-1",
    }  # fmt: skip
    return Database(**{**values, **fields})
