# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's part of EC2's service model is indeed a part of botocore's."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader

from ansible_collections.slipway.platform.plugins.module_utils.inventory.model import API_VERSION, EC2


@pytest.fixture(scope="module")
def whole() -> Any:
    return Loader().load_service_model("ec2", "service-2", API_VERSION)


def test_it_is_the_current_version_of_the_api() -> None:
    assert Loader().determine_latest_version("ec2", "service-2") == API_VERSION


def test_its_metadata_is_botocore_s(whole: Any) -> None:
    assert EC2["metadata"] == whole["metadata"]


@pytest.mark.parametrize("name", EC2["operations"])
def test_its_operations_are_botocore_s(whole: Any, name: str) -> None:
    assert EC2["operations"][name].items() <= whole["operations"][name].items()


def test_its_members_are_botocore_s(whole: Any) -> None:
    for name, shape in EC2["shapes"].items():
        original = whole["shapes"][name]
        assert shape["type"] == original["type"], name
        assert shape.get("required") == original.get("required"), name
        for member, ours in shape.get("members", {"": shape.get("member", {})}).items():
            theirs = original["members"][member] if member else original.get("member", {})
            assert ours.get("locationName") == theirs.get("locationName"), f"{name}.{member}"
            assert kind(EC2, ours) == kind(whole, theirs), f"{name}.{member}"


def kind(model: Any, reference: Any) -> str:
    """The type of the shape that is referred to; times are strings in the inventory's model."""
    name: str = model["shapes"][reference["shape"]]["type"] if reference else ""
    return "string" if name == "timestamp" else name
