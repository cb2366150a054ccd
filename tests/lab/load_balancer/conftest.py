# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One VPC, with one load balancer that each test makes its own, for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.place import Place
from tests.lab.load_balancer.world import World


@pytest.fixture(scope="module")
def vpc(shared_place: Place) -> Iterator[World]:
    """The VPC, with its hosts' namespaces."""
    world = World(shared_place)
    try:
        world.settle()
        yield world
    finally:
        world.close()


@pytest.fixture
def world(vpc: World) -> World:
    """The VPC. What a test before this one put there is still there: `put` takes its place."""
    vpc.reports.said.clear()
    return vpc
