# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two instances, a rich one and a plain one, and where their credentials come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from lab.account.model import Account, Attachment, Instance
from tests.lab.accounts import Accounts

ROLE_ARN = "arn:aws:iam::123456789012:instance-profile/web"
KEY = "ssh-ed25519 AAAAC3 deploy"
USER_DATA = b"#!/bin/sh\n\xff"
ATTACHMENTS = (
    Attachment("vol-2", "/dev/sdg", root=False),
    Attachment("vol-0", "/dev/xvda", root=True),
    Attachment("vol-1", "/dev/sdf", root=False),
)


@dataclass(frozen=True)
class Given:
    access_key: str = "ASIA1"
    secret_key: str = "hidden"
    token: str = "session"
    expires: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def give(role: str, instance: str) -> Given:
    return Given(token=f"{role} of {instance}")


def refuse(role: str, instance: str) -> NoReturn:
    raise LookupError(f"there is no role {role}")


def build() -> tuple[Account, Instance, Instance]:
    """A rich instance, with a second interface, and a plain one."""
    held = Accounts()
    vpc = held.vpc("10.0.0.0/16")
    subnet = held.subnet(vpc, "10.0.1.0/24", held.table(vpc))
    group = held.group(vpc)
    rich = held.instance(
        subnet, "10.0.1.5", group, public="198.19.0.1", key_name="deploy", public_key=KEY + "\n", user_data=USER_DATA,
        profile=(ROLE_ARN, "web"), instance_tags=True, attachments=ATTACHMENTS, launched=1.7e9,
        tags=(("Name", "web-1"), ("aws:autoscaling:groupName", "web"), ("empty", "")),
    )  # fmt: skip
    held.interface(subnet, "10.0.1.6", group, owner=("instance", rich))
    plain = held.instance(subnet, "10.0.1.7", tags=(("Name", "plain"),))
    account = held.account
    return account, account.instances[rich], account.instances[plain]


ACCOUNT, RICH, PLAIN = build()
