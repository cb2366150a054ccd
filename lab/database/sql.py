# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab says to a server as its superuser, which RDS calls rdsadmin. Pure: texts for psql."""

from __future__ import annotations

SUPERUSER = "rdsadmin"
RELOAD = "SELECT pg_reload_conf();\n"


def initialise(username: str, verifier: str, database: str | None) -> str:
    """The roles and the databases that a new DB instance has. Nothing where they are there, or came with a snapshot.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
    """
    master = identifier(username)
    owned = dict.fromkeys(("postgres", database or "postgres"))
    lines = [
        "SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_superuser') AS fresh \\gset",
        "\\if :fresh",
        *(_create(name) for name in owned),
        "BEGIN;",
        "CREATE ROLE rds_password;",
        "CREATE ROLE rds_replication;",
        "CREATE ROLE rds_superuser;",
        "GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_password, rds_replication",
        "  TO rds_superuser WITH ADMIN OPTION;",
        "GRANT SET ON PARAMETER session_replication_role TO rds_superuser;",
        f"CREATE ROLE {master} LOGIN CREATEDB CREATEROLE PASSWORD '{verifier}' VALID UNTIL 'infinity'",
        "  IN ROLE rds_superuser;",
        *(f"ALTER DATABASE {identifier(name)} OWNER TO {master};" for name in owned),
        "COMMIT;",
        "\\endif",
    ]
    return "\n".join(lines) + "\n"


def change_password(username: str, verifier: str) -> str:
    """The master user's password."""
    return f"ALTER ROLE {identifier(username)} PASSWORD '{verifier}';\n"


def identifier(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create(name: str) -> str:
    """A database cannot be created in a transaction, nor if it exists."""
    made = _literal(f"CREATE DATABASE {identifier(name)}")
    missing = f"NOT EXISTS (SELECT FROM pg_database WHERE datname = {_literal(name)})"
    return f"SELECT {made} WHERE {missing} \\gexec"
