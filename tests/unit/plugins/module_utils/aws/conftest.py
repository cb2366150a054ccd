# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the kinds' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from ansible_collections.slipway.platform.plugins.module_utils.aws.network import InternetGateway, Subnet, Vpc
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account, served by moto in this process."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield Account()


@pytest.fixture
def network(account: Account) -> Account:
    """The account with a VPC `main` (10.0.0.0/16), its internet gateway `main`, and the subnets `a`, `b` and `c`."""
    account.create(Vpc(), cidr="10.0.0.0/16")
    account.create(InternetGateway(), vpc="main")
    for index, letter in enumerate("abc"):
        account.create(Subnet(), letter, vpc="main", cidr=f"10.0.{index}.0/24", zone=f"us-east-1{letter}")
    return account
