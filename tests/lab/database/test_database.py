# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database as its clients and its operators see it. The tests share one server and leave it serving."""

from __future__ import annotations

import pytest

from lab import podman
from lab.database.parameters import NAMES
from lab.database.server import Server
from lab.machine import Failed
from tests.lab.database.conftest import World


def test_the_master_is_served_over_tls_in_the_first_database(world: World) -> None:
    said = world.reality.said("database", "shop")
    assert said is not None
    assert said.state == "available"
    assert world.sql("SELECT ssl, current_database() FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t|platform"


def test_without_tls_it_is_refused(world: World) -> None:
    with pytest.raises(Failed, match="no encryption"):
        world.sql("SELECT 1", sslmode="disable")


def test_the_certificate_is_for_its_own_name_only(world: World) -> None:
    with pytest.raises(Failed, match="does not match host name"):
        world.sql("SELECT 1", identity="other")


@pytest.mark.parametrize(("user", "message"), [("slipway", "password authentication failed"), ("rdsadmin", "rejects")])
def test_who_has_no_password_does_not_enter(world: World, user: str, message: str) -> None:
    with pytest.raises(Failed, match=message):
        world.sql("SELECT 1", user=user, password="wrong", dbname="postgres")


def test_the_master_has_what_rds_gives_it(world: World) -> None:
    own = "FROM pg_roles WHERE rolname = current_user"
    assert world.sql(f"SELECT rolsuper, rolcreatedb, rolcreaterole {own}") == "f|t|t"
    assert world.sql("SELECT pg_has_role('rds_superuser', 'member')") == "t"
    world.sql("CREATE ROLE app LOGIN PASSWORD 'x'; DROP ROLE app; CREATE EXTENSION pg_stat_statements")
    with pytest.raises(Failed, match="must be superuser"):
        world.sql("CREATE ROLE root SUPERUSER")


def test_every_known_parameter_is_one_of_the_server(world: World) -> None:
    known = world.sql("SELECT string_agg(lower(name), ' ') FROM pg_settings").split()
    assert set(known) >= NAMES


def test_a_dynamic_parameter_acts_at_once_and_a_static_one_after_the_reboot(world: World) -> None:
    world.accounts.change("databases", "shop", parameters=(("work_mem", "12345"), ("max_connections", "33")))
    world.settle()
    assert world.sql("SHOW work_mem") == "12345kB"
    assert world.sql("SHOW max_connections") == "101"
    began = world.sql("SELECT pg_postmaster_start_time()")
    world.accounts.change("databases", "shop", reboots=1)
    world.reality.news()
    world.settle()
    assert [each.state for each in world.reality.news()] == ["rebooting", "available"]
    assert world.sql("SHOW max_connections") == "33"
    assert world.sql("SELECT pg_postmaster_start_time()") != began


def test_a_new_password_replaces_the_old_one(world: World) -> None:
    world.accounts.change("databases", "shop", password="second-Secret-2")
    world.settle()
    assert world.sql("SELECT 1", password="second-Secret-2") == "1"
    with pytest.raises(Failed, match="password authentication failed"):
        world.sql("SELECT 1")
    world.accounts.change("databases", "shop", password="first-Secret-1")
    world.settle()
    assert world.sql("SELECT 1") == "1"
    assert "Secret" not in podman.logs(world.container().name, 1000)


def test_data_outlives_kills_of_the_server_and_of_the_daemon(world: World) -> None:
    world.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    podman.signal(world.container().name, "KILL")
    world.settle(lambda left: bool(left))  # it was seen
    world.databases.close()
    world.databases = world.new_part()
    world.settle()
    assert world.sql("SELECT answer FROM kept") == "42"
    world.sql("DROP TABLE kept")


def test_another_port_keeps_the_data(world: World) -> None:
    world.sql("CREATE TABLE moved AS SELECT 1 AS one")
    before = world.container().digest
    world.accounts.change("databases", "shop", port=5433)
    world.settle()
    assert world.container().digest != before
    with pytest.raises(Failed, match="timeout expired"):  # the security group lets in 5432 only
        world.sql("SELECT 1", port="5433")
    world.accounts.change("databases", "shop", port=5432)
    world.settle()
    assert world.sql("SELECT one FROM moved") == "1"


def test_stopped_and_started(world: World) -> None:
    world.accounts.change("databases", "shop", status="stopping")
    world.settle()
    assert world.container().state == "exited"
    assert world.reality.said("database", "shop").state == "stopped"  # type: ignore[union-attr]
    world.accounts.change("databases", "shop", status="starting")
    world.settle()
    assert world.sql("SELECT 1") == "1"


def test_nothing_to_do_does_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "converge", pytest.fail)
    assert not world.round()
