# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image aliases."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.images import ALIASES, NoSuchImage, resolve
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account


@pytest.fixture
def parameters(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Only AWS and Debian can make these parameters: the answer to the one call is given here."""
    paths = {image.parameter: f"ami-{index}" for index, image in enumerate(ALIASES.values())}

    def call(service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        account.reader.operations.append(f"{service}:{operation}")
        names = params["Names"]
        assert len(names) == len(set(names))
        return {"Parameters": [{"Name": name, "Value": paths[name]} for name in names if name in paths]}

    monkeypatch.setattr(account.reader, "call", call)
    account.known["paths", "main"] = paths
    return account


def test_one_call_resolves_all(parameters: Account) -> None:
    assert resolve(parameters.reader, ["gpu-ubuntu-22.04", "debian-12", "debian-12"]) == {
        "debian-12": "ami-0",
        "gpu-ubuntu-22.04": "ami-1",
    }
    assert parameters.reader.operations == ["ssm:GetParameters"]


def test_no_alias_takes_no_call(parameters: Account) -> None:
    assert resolve(parameters.reader, []) == {}
    assert parameters.reader.operations == []


def test_an_unknown_alias_is_refused_with_the_known_ones(parameters: Account) -> None:
    with pytest.raises(NoSuchImage, match="debian-12"):
        resolve(parameters.reader, ["debian-7"])


def test_a_region_without_the_image_is_named(parameters: Account) -> None:
    parameters.known["paths", "main"].clear()
    with pytest.raises(NoSuchImage, match="us-east-1 has no parameter /aws/service/debian"):
        resolve(parameters.reader, ["debian-12"])


def test_parameters_fit_one_call() -> None:
    """GetParameters takes ten names: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""
    assert len(ALIASES) <= 10
