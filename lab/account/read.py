# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the account out of moto: its backends as plain data, in one pass, under the application's lock.

Only backends that are there are looked at: asking moto for another would make it.
"""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict

from lab.account import read_compute, read_network, read_services
from lab.account.model import Account, empty
from lab.emulator.application import Application
from lab.emulator.options import ACCOUNT_ID


def read(application: Application) -> Account:
    """The account as it is now. Terminated instances and deleted gateways are not in it."""
    found: dict[str, Any] = {name: {} for name in vars(empty(ACCOUNT_ID))} | {"id": ACCOUNT_ID}
    with application.lock:
        backends = _backends()
        profiles = _profiles(backends)
        for region, backend in backends.get("ec2", {}).items():
            owners = read_services.owners(backends, region)
            read_network.read(backend, owners, found)
            read_compute.read(backend, profiles, found)
        read_services.read(backends, found)
    return Account(**found)


def _backends() -> dict[str, dict[str, Any]]:
    """Service to region to backend, of those that there are."""
    every: Any = BackendDict
    return {each.service_name: dict(each.get(ACCOUNT_ID, {})) for each in every._instances}


def _profiles(backends: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """The role of each instance profile: ARN to ARN and the role's name."""
    every = (profile for iam in backends.get("iam", {}).values() for profile in iam.instance_profiles.values())
    return {profile.arn: (profile.arn, profile.roles[0].name) for profile in every if profile.roles}
