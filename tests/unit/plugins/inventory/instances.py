# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances for the tests of the inventory."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils.inventory.hosts import Instance

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7TcF87AVpGtEyyFh4w8Exr7LzzplsPSjKjcPDBKHEd"
OTHER_KEY = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA=="


def make(
    instance_id: str,
    *,
    name: str = "host",
    group: str = "app",
    tags: dict[str, str] | None = None,
    state: str = "running",
    region: str = "us-east-1",
    zone: str = "us-east-1a",
    vpc_id: str = "vpc-1",
    private_ip: str = "10.0.1.5",
    public_ip: str = "",
) -> Instance:
    own = {key: value for key, value in {"slipway:name": name, "slipway:group": group}.items() if value}
    return Instance(
        instance_id=instance_id,
        region=region,
        zone=zone,
        vpc_id=vpc_id,
        state=state,
        private_ip=private_ip,
        public_ip=public_ip,
        private_dns_name="",
        instance_type="",
        image_id="",
        launch_time="",
        tags={**own, **(tags or {})},
        console_keys=[],
    )
