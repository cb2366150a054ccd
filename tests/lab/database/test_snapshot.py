# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots hold the data of their moment, outlive their database, and give it to others."""

from __future__ import annotations

from lab import podman
from lab.account.model import Snapshot
from lab.database import store
from tests.lab.database.conftest import World


def _state(world: World, kind: str, identity: str) -> str | None:
    said = world.reality.said(kind, identity)
    return said.state if said else None


def test_a_snapshot_restores_its_moment_under_another_name_and_password(world: World) -> None:
    world.sql("CREATE TABLE stock AS SELECT 7 AS amount")
    world.accounts.put("database_snapshots", "monday", Snapshot("monday", "shop"))
    world.settle()
    assert _state(world, "snapshot", "monday") == "available"
    world.sql("UPDATE stock SET amount = 8")
    address = world.add("copy", snapshot="monday", password="restored-Secret-3", database=None)
    world.settle()
    assert world.sql("SELECT amount FROM stock", address, "copy", password="restored-Secret-3") == "7"
    assert world.sql("SELECT amount FROM stock") == "8"


def test_a_stopped_database_is_copied_as_it_lies(world: World) -> None:
    world.accounts.change("databases", "copy", status="stopped")
    world.accounts.put("database_snapshots", "cold", Snapshot("cold", "copy"))
    world.settle()
    assert _state(world, "snapshot", "cold") == "available"
    address = world.add("warm", snapshot="cold", password="restored-Secret-3")
    world.settle()
    assert world.sql("SELECT amount FROM stock", address, "warm", password="restored-Secret-3") == "7"
    for kind, identity in (("databases", "warm"), ("database_snapshots", "cold")):
        world.accounts.remove(kind, identity)
    world.accounts.change("databases", "copy", status="starting")
    world.settle()


def test_a_final_snapshot_is_taken_before_the_database_goes(world: World) -> None:
    world.accounts.put("database_snapshots", "final", Snapshot("final", "shop"))
    world.accounts.change("databases", "shop", status="deleting")
    world.settle(lambda _left: _state(world, "database", "shop") == "deleted")
    assert _state(world, "snapshot", "final") == "available"
    world.accounts.remove("databases", "shop")
    world.settle()
    assert store.kept(world.place, "instances") == {"copy"}
    assert set(podman.standing(world.place, "database")) == {world.place.container("rds-copy")}
    address = world.add("again", snapshot="final")
    world.settle()
    assert world.sql("SELECT amount FROM stock", address, "again") == "8"


def test_a_deleted_snapshot_leaves_nothing(world: World) -> None:
    world.accounts.remove("database_snapshots", "monday")
    world.settle()
    assert store.kept(world.place, "snapshots") == {"final"}


def test_a_database_waits_for_its_snapshot_and_the_others_do_not(world: World) -> None:
    world.add("waits", snapshot="nowhere")
    left = world.settle(lambda left: [each.subject for each in left] == ["waits-name"])
    assert "nowhere" in left[0].why
    world.accounts.remove("databases", "waits")


def test_what_never_had_data_is_deleted_without_its_final_snapshot(world: World) -> None:
    world.add("mysql", engine="mysql", status="deleting")
    world.accounts.put("database_snapshots", "empty", Snapshot("empty", "mysql"))
    world.settle(lambda _left: _state(world, "database", "mysql") == "deleted")
    world.accounts.remove("databases", "mysql")
    world.accounts.remove("database_snapshots", "empty")


def test_other_engines_and_names_that_are_none_are_said(world: World) -> None:
    world.add("mysql", engine="mysql")
    world.add("../../etc")
    left = world.settle(lambda left: len(left) == 2 and "namespace" not in left[0].why + left[1].why)
    assert {each.subject: each.why.split(":")[0] for each in left} == {
        "mysql-name": "the lab has no server for the engine mysql",
        "../../etc-name": "'../../etc' is no identifier",
    }
