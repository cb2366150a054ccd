# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket with objects in it is kept, unless its document has said that they go with it."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack import render
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim
from tests.integration.stack.world import DEMO, Document, World

NAME = "demo-test-bucket-data-123456789012"
OTHER = {"type": "log_group", "name": "other"}
GOING = Aim(unprotect=frozenset({"s3_bucket.data"}))


def bucket(**fields: Any) -> Document:
    # The emulator takes the condition of the statement that denies plain HTTP for met.
    return {"type": "s3_bucket", "name": "data", "versioning": True, "tls_only": False, **fields}


def put(world: World, key: str) -> None:
    world.provider.send("s3", "PutObject", {"Bucket": NAME, "Key": key})


def fill_more_than_a_page(world: World) -> None:
    """One object of two versions, and a thousand delete markers."""
    put(world, "one")
    put(world, "one")
    world.provider.send("s3", "DeleteObjects", {"Bucket": NAME, "Delete": {"Objects": [{"Key": "one"}] * 1000}})


def test_without_a_word_it_is_kept_and_the_error_says_the_word(world: World) -> None:
    world.apply([bucket(), OTHER])
    put(world, "one")
    outcome = world.apply([OTHER], aim=GOING).outcome
    assert outcome is not None
    error = outcome.failed["delete s3_bucket.data"]
    assert "BucketNotEmpty" in error
    assert "say `empty_on_delete: true` in its document and apply that" in error
    assert world.count()["ListBuckets"] == 1


def test_where_it_says_so_every_version_is_deleted_with_it(world: World) -> None:
    world.apply([bucket(), OTHER])
    fill_more_than_a_page(world)
    saying = [bucket(empty_on_delete=True), OTHER]
    assert world.apply(saying).plan.of("change")
    assert world.plan(saying)["steps"] == []
    plan = world.apply([OTHER], aim=GOING, check=True).plan
    text = render.as_text(plan, world.provider.catalogue.kinds, DEMO)
    assert "deleted first: all objects in it, every version of them" in text
    world.emulator.clear_calls()
    outcome = world.apply([OTHER], aim=GOING).outcome
    assert outcome is not None
    assert outcome.complete, outcome.failed
    assert dict(world.sent()) == {"s3:DeleteObjects": 2, "s3:DeleteBucket": 1}
    assert "ListBuckets" not in world.count()


def test_the_word_can_be_taken_back(world: World) -> None:
    world.apply([bucket(empty_on_delete=True, tags={"Team": "data"}), OTHER])
    taken_back = [bucket(tags={"Team": "analysis"}), OTHER]
    world.apply(taken_back)
    assert world.plan(taken_back)["steps"] == []
    put(world, "one")
    outcome = world.apply([OTHER], aim=GOING).outcome
    assert outcome is not None
    assert "BucketNotEmpty" in outcome.failed["delete s3_bucket.data"]
