# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, load balancers, certificates, databases and repositories, out of moto's backends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lab.account.model import Certificate, Database, OwnerKind, Record, Repository, Snapshot, Zone
from lab.account.read_balancing import load_balancer, target_group
from lab.emulator.strict.rds import snapshot_id

_Backends = Mapping[str, Mapping[str, Any]]


def owners(backends: _Backends, region: str) -> dict[str, tuple[OwnerKind, str]]:
    """Whose interface it is, of those of load balancers and databases in one region."""
    found: dict[str, tuple[OwnerKind, str]] = {}
    for balancer in _items(backends, "elbv2", region, "load_balancers"):
        found |= dict.fromkeys(getattr(balancer, "interfaces", ()), ("load_balancer", balancer.arn))
    for database in _items(backends, "rds", region, "databases"):
        found[getattr(database, "interface", "")] = ("database", database.dbi_resource_id)
    return found


def read(backends: _Backends, found: dict[str, Any]) -> None:
    """Add what is not EC2's, of every region, to the fields of `Account`."""
    sources: Sequence[tuple[str, str, Callable[[Any], Iterable[tuple[str, Any]]]]] = (
        ("elbv2", "target_groups", lambda own: ((each.arn, target_group(each)) for each in own.target_groups.values())),
        ("elbv2", "load_balancers", _load_balancers),
        ("acm", "certificates", lambda own: ((arn, _certificate(each)) for arn, each in own._certificates.items())),
        ("rds", "databases", _databases),
        ("rds", "database_snapshots", _snapshots),
        ("route53", "zones", lambda own: ((each.resource_id, _zone(each)) for each in own.zones.values())),
        ("ecr", "repositories", _repositories),
    )
    for service, name, read_one in sources:
        for backend in backends.get(service, {}).values():
            found[name] |= dict(read_one(backend))


def _load_balancers(backend: Any) -> Iterator[tuple[str, Any]]:
    return ((each.arn, load_balancer(each, backend.region_name)) for each in backend.load_balancers.values())


def _items(backends: _Backends, service: str, region: str, name: str) -> list[Any]:
    backend = backends.get(service, {}).get(region)
    return list(getattr(backend, name).values()) if backend else []


# ---- names


def _zone(zone: Any) -> Zone:
    vpcs = tuple(vpc["vpc_id"] for vpc in zone.vpcs)
    return Zone(zone.resource_id, _name(zone.name), vpcs, tuple(map(_record, zone.rrsets)))


def _record(record: Any) -> Record:
    alias = (record.alias_target or {}).get("DNSName")
    values = tuple(each["Value"] if isinstance(each, dict) else str(each) for each in record.records or ())
    return Record(_name(record.name), record.type, int(record.ttl or 0), values, _name(alias) if alias else None)


def _name(text: str) -> str:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html"""
    return text.replace("\\052", "*").lower().rstrip(".") + "."


# ---- certificates


def _certificate(bundle: Any) -> Certificate:
    from moto.acm.models import AWS_ROOT_CA

    # moto puts a root of AWS behind every chain; a certificate that it issues itself has no other chain.
    chain = bundle.chain.replace(AWS_ROOT_CA, b"").decode().strip()
    return Certificate(bundle.arn, bundle.cert.decode(), f"{chain}\n" if chain else "", bundle.key.decode())


# ---- databases


def _databases(backend: Any) -> Iterator[tuple[str, Database]]:
    standing = (each for each in backend.databases.values() if getattr(each, "interface", None))
    return ((each.dbi_resource_id, _database(each)) for each in standing)


def _database(database: Any) -> Database:
    group = vars(getattr(database, "cluster", database)).get("db_subnet_group")
    interface: Any = _interface(database)
    return Database(
        id=database.dbi_resource_id,
        arn=database.arn,
        region=database.region,
        status=database.status,
        engine=database.engine,
        version=database.engine_version,
        vpc=interface.subnet.vpc_id,
        subnets=tuple(subnet.id for subnet in group._subnets) if group else (interface.subnet.id,),
        zone=database.availability_zone,
        groups=tuple(sorted(each.id for each in interface._group_set)),
        port=int(database.port),
        endpoint=database.address,
        public=bool(database.publicly_accessible),
        database=database.db_name or None,
        username=database.master_username or "",
        parameters=_parameters(database),
        storage=int(database.allocated_storage or 0),
        snapshot=database.restored_from,
        reboots=database.reboots,
        password=_password(database),
        name=database.db_instance_identifier,
    )


def _interface(database: Any) -> Any:
    from moto.ec2.models import ec2_backends

    backend: Any = ec2_backends[database.account_id][database.region]
    return backend.enis[database.interface]


def _parameters(database: Any) -> tuple[tuple[str, str], ...]:
    group = database.backend.db_parameter_groups.get(database.db_parameter_group_name or "")
    set_ones = group.parameters.values() if group else ()
    return tuple(sorted((each["ParameterName"], str(each["ParameterValue"])) for each in set_ones))


def _password(database: Any) -> str:
    """The master's, which moto keeps to itself: the current one of the secret that RDS manages, else the one given."""
    owner = getattr(database, "cluster", database)
    managed = getattr(owner, "master_user_secret", None)
    if managed is None:
        return vars(owner).get("_master_user_password") or ""
    secret = managed.secret
    return str(json.loads(secret.versions[secret.default_version_id]["secret_string"])["password"])


def _snapshots(backend: Any) -> Iterator[tuple[str, Snapshot]]:
    for each in backend.database_snapshots.values():
        if each.snapshot_type == "manual":
            yield snapshot_id(each), Snapshot(snapshot_id(each), each.dbi_resource_id)


# ---- images


def _repositories(backend: Any) -> Iterator[tuple[str, Repository]]:
    for each in backend.repositories.values():
        immutable = each.image_tag_mutability == "IMMUTABLE"
        yield each.arn, Repository(each.arn, each.name, backend.region_name, immutable)
