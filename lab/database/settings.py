# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a server reads when it starts or is told to: from the account's parameters, as RDS does. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.account.model import Database
from lab.database.formulas import evaluate
from lab.database.parameters import DEFAULTS, EXTENSIONS, LIBRARIES, NAMES
from lab.database.sql import SUPERUSER

MAJOR = 15
"""The version that there is: Debian's."""
FOLDER = "/etc/slipway"
"""Where the container finds them."""
_KEPT_BACK = 10
"""Percent of the class's memory that RDS keeps for itself; AWS says only that it is some."""

_OWN: Mapping[str, str] = {
    "listen_addresses": "*",
    "unix_socket_directories": "/run/postgresql",
    "hba_file": f"{FOLDER}/pg_hba.conf",
    "ident_file": f"{FOLDER}/pg_ident.conf",
    "ssl": "on",
    "ssl_cert_file": f"{FOLDER}/server.crt",
    "ssl_key_file": f"{FOLDER}/server.key",
    "password_encryption": "scram-sha-256",
    "dynamic_shared_memory_type": "sysv",  # a container's /dev/shm is small
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Settings:
    """``files``: name → text. ``ignored``: parameters that have no effect here, each with the reason."""

    files: Mapping[str, str]
    ignored: tuple[str, ...]


def settings(database: Database, memory: int) -> Settings:
    """A server's configuration; ``memory`` in MiB: of the instance's class."""
    ignored: list[str] = []
    variables = {
        "DBInstanceClassMemory": memory * 1024 * 1024 * (100 - _KEPT_BACK) // 100,
        "AllocatedStorage": database.storage * 1024**3,
        "EndPointPort": database.port,
    }
    asked = dict(DEFAULTS) | dict(database.parameters)
    lines = [f"{name} = {_quoted(value)}\n" for name, value in _OWN.items()]
    lines += [f"{name} = {_quoted(value)}\n" for name, value in _known(asked, variables, ignored)]
    files = {"postgresql.conf": "".join(lines), "pg_hba.conf": _clients(asked, database), "pg_ident.conf": _IDENT}
    return Settings(files, tuple(ignored))


def major(database: Database) -> int:
    """The major version that the account asks for."""
    return int(database.version.partition(".")[0] or MAJOR)


def _known(asked: Mapping[str, str], variables: Mapping[str, int], ignored: list[str]) -> Iterator[tuple[str, str]]:
    """The parameters that reach the server, by name; says the others."""
    for name, value in sorted(asked.items()):
        if name == "rds.logical_replication":
            yield "wal_level", "logical" if _on(value) else "replica"
        elif name == "shared_preload_libraries":
            yield name, _libraries(value, ignored)
        elif name.lower() in NAMES or EXTENSIONS.fullmatch(name):
            try:
                yield name, evaluate(value, variables)
            except ValueError as cause:
                ignored.append(f"{name}: {cause}")
        elif name != "rds.force_ssl":
            ignored.append(f"{name}: the lab's server has no such parameter")


def _libraries(value: str, ignored: list[str]) -> str:
    wanted = [each.strip() for each in value.split(",") if each.strip()]
    ignored += [f"shared_preload_libraries: there is no {each}" for each in wanted if each not in LIBRARIES]
    return ",".join(each for each in wanted if each in LIBRARIES)


def _clients(asked: Mapping[str, str], database: Database) -> str:
    """Who may connect. TLS is a must where rds.force_ssl says so, which from version 15 on is its default.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
    """
    forced = _on(asked.get("rds.force_ssl", "1" if major(database) >= MAJOR else "0"))
    lines = [
        f"local all {SUPERUSER} peer map=lab",
        f"local replication {SUPERUSER} peer map=lab",
        "local all all reject",
        f"host all {SUPERUSER} all reject",
        f"{'hostssl' if forced else 'host'} all all all scram-sha-256",
    ]
    return "\n".join(lines) + "\n"


# The container's root is the lab itself. The server's own account is none of its superusers.
_IDENT = f"lab root {SUPERUSER}\n"


def _on(value: str) -> bool:
    return value.lower() in ("1", "on", "true", "yes")


def _quoted(value: str) -> str:
    """A value as postgresql.conf writes it. https://www.postgresql.org/docs/15/config-setting.html"""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
