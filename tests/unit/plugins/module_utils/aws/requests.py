# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as kinds get them, and the steps that kinds yield, checked against botocore's models of the services.

problems(Vpc(), Vpc().create(want(Vpc(), "main", cidr="10.0.0.0/16"))) == []
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import PAGE, Call, Kind, Step, Wait, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Checker
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Lookup, Own, Ref, resolve, reveal

SCOPE = Scope(project="shop", environment="test", region="us-east-1", account="123456789012")
KINDS = frozenset(
    {
        "acm_certificate",
        "auto_scaling_group",
        "db_instance",
        "db_subnet_group",
        "dns_record",
        "ebs_volume",
        "ecr_repository",
        "elastic_ip",
        "flow_log",
        "hosted_zone",
        "iam_role",
        "instance",
        "internet_gateway",
        "key_pair",
        "launch_template",
        "listener",
        "listener_rule",
        "load_balancer",
        "log_group",
        "nat_gateway",
        "network_acl",
        "route_table",
        "s3_bucket",
        "secret",
        "security_group",
        "subnet",
        "target_group",
        "vpc",
        "vpc_endpoint",
    }
)
"""What ``${kind.name.attribute}`` may name in a test's document."""
SAMPLE = "sample-0123456789abcdef0"
"""Stands for every reference when a request is checked."""


def want(kind: Kind, name: str = "main", /, **given: Any) -> Want:
    """The checked document of ``kind``: references by name become ``Ref``. Raises AssertionError for a bad document.

    What all documents share may be given too: ``component``, ``tags``, ``protect``, ``adopt``, ``physical_name``,
    ``generation``.
    """
    common = {field: given.pop(field) for field in ("protect", "adopt", "generation") if field in given}
    component, tags, physical_name = (given.pop(field, None) for field in ("component", "tags", "physical_name"))
    checker = Checker(KINDS)
    values = checker.fields(given, kind.fields, f"{kind.name}.{name}")
    assert not checker.problems, checker.problems
    values = {field: resolve(value, _own_name(kind, name)) for field, value in values.items()}
    physical_name = physical_name or kind.physical_name(SCOPE, name, values)
    component = component or "test"
    ownership = SCOPE.ownership(component, name, physical_name, {**(tags or {}), **kind.marks(values)})
    wanted = Want(kind.name, name, values, component, physical_name, ownership, SCOPE, **common)
    broken = list(kind.check(wanted))
    assert not broken, broken
    return wanted


def complaints(kind: Kind, name: str = "main", /, **given: Any) -> list[str]:
    """What ``kind`` finds wrong with a document: the schema's `path: message`, else the kind's own rules."""
    checker = Checker(KINDS)
    values = checker.fields(given, kind.fields, name)
    found = [f"{path}: {message}" for path, message in checker.problems]
    return found or list(kind.check(Want(kind.name, name, values, "test", name, {}, SCOPE)))


def problems(kind: Kind, steps: Iterable[Step]) -> list[str]:
    """What is wrong with the requests: undeclared operations, bad parameters, unknown choices, paths into nothing."""
    steps = list(steps)
    listings = [step.each for step in steps if isinstance(step, Call) and step.each]
    steps += [Wait(each.service, each.operation, each.params, each.path) for each in listings]
    return [f"{step.operation}: {problem}" for step in steps for problem in _step_problems(kind, step)]


def declared(kind: Kind) -> frozenset[tuple[str, str]]:
    """The operations that a kind declares, as (service, operation)."""
    return frozenset(
        (service or kind.service, operation)
        for operations in kind.calls.values()
        for service, _colon, operation in (
            entry.rpartition(":") if ":" in entry else ("", "", entry) for entry in operations
        )
    )


def undeclared_models(kind: Kind) -> list[str]:
    """The declared operations that no service model knows."""
    return [
        f"{service}:{operation}"
        for service, operation in sorted(declared(kind))
        if operation not in _service(service).operation_names
    ]


def _step_problems(kind: Kind, step: Step) -> Iterator[str]:
    if (step.service, step.operation) not in declared(kind):
        yield f"{step.service}:{step.operation} is not among the calls of {kind.name}"
    model = operation_model(step.service, step.operation)
    params = reveal(resolve(step.params, _sampled))
    if isinstance(step, Call) and step.token:
        params = {**params, step.token: SAMPLE}
    if model.input_shape is None:
        if params:
            yield "takes no parameters"
    else:
        report = ParamValidator().validate(params, model.input_shape)
        if report.has_errors():
            yield report.generate_report()
        yield from _bad_choices(params, model.input_shape, "")
    gives = resolve(step.gives, _sampled).values()
    paths = [*gives] if isinstance(step, Call) else [resolve(step.path, _sampled), *gives]
    output = model.output_shape.members if model.output_shape is not None else {}
    for path in paths:
        if (head := re.match(r"\w+", path)) and head[0] not in output:
            yield f"the response holds no {head[0]}"


def _own_name(kind: Kind, name: str) -> Lookup:
    """A document may call itself `self`."""

    def lookup(reference: Ref | Own) -> Ref | Own:
        if isinstance(reference, Ref) and (reference.kind, reference.name) == (kind.name, "self"):
            return Ref(kind.name, name, reference.attribute)
        return reference

    return lookup


def _sampled(reference: Ref | Own) -> Any:
    return [] if reference == PAGE else SAMPLE


def _bad_choices(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Values outside a closed set of strings, which botocore's own validation lets pass."""
    match value:
        case Mapping() if shape.type_name == "structure":
            for name, item in value.items():
                if name in shape.members:
                    yield from _bad_choices(item, shape.members[name], f"{path}.{name}")
        case Mapping() if shape.type_name == "map":
            for name, item in value.items():
                yield from _bad_choices(item, shape.value, f"{path}.{name}")
        case list() if shape.type_name == "list":
            for index, item in enumerate(value):
                yield from _bad_choices(item, shape.member, f"{path}[{index}]")
        case str() if getattr(shape, "enum", None) and value not in shape.enum and value != SAMPLE:
            yield f"{path} is {value!r}, none of {', '.join(shape.enum)}"


def operation_model(service: str, operation: str) -> OperationModel:
    return _service(service).operation_model(operation)


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)
