# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database as its users find it with psql; what is left and what is removed; a new password. In this order."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://client"]

BUNDLE = "/etc/ssl/rds-global-bundle.pem"
TABLE = "CREATE TABLE notes (id serial PRIMARY KEY, text varchar NOT NULL); INSERT INTO notes (text) VALUES ('first')"
ADD = "INSERT INTO notes (text) VALUES ('another')"
LESS = {
    "database_databases": [{"name": "orders"}, {"name": "movies", "state": "absent"}],
    "database_users": [{"name": "clerk", "state": "absent"}],
}
"""Other data than the scenario's."""
READ = "SELECT text FROM notes ORDER BY id"


class Database:
    """What AWS tells of it, and psql on the host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        (self.instance,) = boto3.client("rds").describe_db_instances(DBInstanceIdentifier="molecule-database-db")[
            "DBInstances"
        ]
        self.secrets = boto3.client("secretsmanager")

    def secret(self, identity: str) -> dict[str, str]:
        value: dict[str, str] = json.loads(self.secrets.get_secret_value(SecretId=identity)["SecretString"])
        return value

    def password(self, user: str) -> str:
        if user == self.instance["MasterUsername"]:
            return self.secret(self.instance["MasterUserSecret"]["SecretArn"])["password"]
        return self.secret(f"molecule-database/database-{user.replace('_', '-')}")["password"]

    def psql(self, user: str, database: str, sql: str, password: str | None = None, **settings: str) -> Any:
        """Over verified TLS, unless ``settings`` (variables of libpq) say otherwise."""
        variables = {
            "PGHOST": self.instance["Endpoint"]["Address"],
            "PGUSER": user,
            "PGDATABASE": database,
            "PGPASSWORD": self.password(user) if password is None else password,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": BUNDLE,
        } | settings
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
        return self.host.run(f"env {given} psql --no-psqlrc -qtA -v ON_ERROR_STOP=1 -c {shlex.quote(sql)}")

    def rows(self, user: str, database: str, sql: str, **settings: str) -> list[str]:
        done = self.psql(user, database, sql, **settings)
        assert done.rc == 0, done.stderr
        lines: list[str] = done.stdout.splitlines()
        return lines


@pytest.fixture(scope="module")
def database(host: Host) -> Database:
    host.check_output("apt-get install --yes --quiet --no-install-recommends postgresql-client")
    return Database(host)


def converge(*arguments: str) -> tuple[int, str]:
    """Run the role once more; how many tasks changed something, and all that was printed."""
    inventory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "inventory")
    playbook = Path(__file__).parents[1] / "converge.yml"
    command = ["ansible-playbook", f"--inventory={inventory}", *arguments, str(playbook)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    output = run.stdout + run.stderr
    assert run.returncode == 0, output
    changed = re.search(r"changed=(\d+)", output)
    assert changed, output
    return int(changed[1]), output


def test_the_authorities_are_no_secret_and_nobody_changes_them(host: Host) -> None:
    bundle = host.file(BUNDLE)
    assert (bundle.user, bundle.group, bundle.mode) == ("root", "root", 0o644)
    assert "BEGIN CERTIFICATE" in bundle.content_string


@pytest.mark.parametrize(("user", "name"), [("orders", "orders"), ("movies_app", "movies")])
def test_an_owner_makes_tables(database: Database, user: str, name: str) -> None:
    database.rows(user, name, TABLE)
    assert database.rows(user, name, READ) == ["first"]


@pytest.mark.parametrize(("user", "name"), [("orders", "movies"), ("movies_app", "orders")])
def test_who_has_no_grant_is_refused(database: Database, user: str, name: str) -> None:
    assert f'permission denied for database "{name}"' in database.psql(user, name, "SELECT 1").stderr


def test_a_reader_reads_what_was_made_later_and_no_more(database: Database) -> None:
    assert database.rows("clerk", "movies", READ) == ["first"]
    for sql in (ADD, "UPDATE notes SET text = ''", "DELETE FROM notes"):
        assert "permission denied for table notes" in database.psql("clerk", "movies", sql).stderr


def test_a_writer_changes_rows_and_no_tables(database: Database) -> None:
    database.rows("clerk", "orders", ADD)
    database.rows("clerk", "orders", "UPDATE notes SET text = 'last' WHERE text = 'another'")
    assert database.rows("clerk", "orders", READ) == ["first", "last"]
    assert "permission denied for schema public" in database.psql("clerk", "orders", "CREATE TABLE own (n int)").stderr
    assert "must be owner" in database.psql("clerk", "orders", "DROP TABLE notes").stderr


def test_nothing_is_said_without_tls(database: Database) -> None:
    assert "no encryption" in database.psql("orders", "orders", "SELECT 1", PGSSLMODE="disable").stderr


def test_the_server_is_the_one_that_was_meant(database: Database) -> None:
    address = socket.gethostbyname(database.instance["Endpoint"]["Address"])
    assert "does not match host name" in database.psql("orders", "orders", "SELECT 1", PGHOST=address).stderr


def test_nobody_but_the_administrator_makes_users_or_databases(database: Database) -> None:
    sql = "SELECT rolname FROM pg_roles WHERE (rolcreatedb OR rolcreaterole) AND NOT rolsuper"
    assert database.rows("orders", "orders", sql) == [database.instance["MasterUsername"]]


def test_what_is_listed_no_more_stays_and_what_is_absent_goes(database: Database) -> None:
    _, output = converge("--extra-vars", json.dumps(LESS))
    assert "Left as they are: user movies_app." in " ".join(output.split())
    administrator = database.instance["MasterUsername"]
    users = "SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|rds)'"
    assert {*database.rows(administrator, "postgres", users)} == {administrator, "movies_app", "orders", "orders_write"}
    databases = "SELECT datname FROM pg_database WHERE NOT datistemplate"
    assert {*database.rows(administrator, "postgres", databases)} == {"orders", "postgres"}


def test_a_new_password_is_given_once_and_shown_nowhere(database: Database) -> None:
    before, after = database.password("orders"), secrets.token_hex(20)
    value = json.dumps({"username": "orders", "password": after})
    database.secrets.put_secret_value(SecretId="molecule-database/database-orders", SecretString=value)
    assert "password authentication failed" in database.psql("orders", "orders", "SELECT 1").stderr
    changed, output = converge("--extra-vars", json.dumps(LESS), "-vvv", "--diff")
    assert changed == 1
    assert database.rows("orders", "orders", READ) == ["first", "last"]
    assert "password authentication failed" in database.psql("orders", "orders", "SELECT 1", before).stderr
    canaries = [before, after, database.password(database.instance["MasterUsername"])]
    assert not [one for one in canaries if one in output]
    assert converge("--extra-vars", json.dumps(LESS))[0] == 0
