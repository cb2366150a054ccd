# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``slipway.platform.secrets``: a stack's secrets, read on the controller in one batch and shown nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.aws.errors import from_code
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import HAS_BOTOCORE, Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack_options import SCOPE_OPTIONS, scope_of

_BATCH = 20
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html (SecretIdList)"""
_ABSENT = frozenset({"ResourceNotFoundException", "InvalidRequestException"})
"""There is none, or none with a value; or it is scheduled for deletion, and a run that declares it restores it."""


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # The result is censored whatever happens, also in -vvv and in callbacks.
        result: dict[str, Any] = {**super().run(tmp, task_vars), "_ansible_no_log": True, "changed": False}
        wanted = {name: {"type": "list", "elements": "str"} for name in ("names", "arns")}
        _spec, options = self.validate_argument_spec({**SCOPE_OPTIONS, **wanted}, required_one_of=[list(wanted)])
        if not HAS_BOTOCORE:
            return _failed("botocore is missing; install it for the Python that runs Ansible: pip install boto3")
        scope = scope_of(options)
        asked = _asked(scope, options["names"] or (), options["arns"] or ())
        try:
            values = _read(Session(scope), asked)
        except ProviderError as error:
            return _failed(str(error))
        unknown = sorted({*asked.values()} - values.keys())
        if unknown and not self._task.check_mode:
            return _failed(_none(unknown, scope))
        return {**result, "secrets": values, "unknown": unknown}


def _none(unknown: Iterable[str], scope: Scope) -> str:
    return (
        f"no secret {', '.join(unknown)} in stack {scope.stack}, or none with a value; declare a document of type "
        "secret with that name in the role that owns it, and run playbooks/provision.yml"
    )


def _failed(message: str) -> dict[str, Any]:
    return {"failed": True, "msg": message}


def _asked(scope: Scope, names: Iterable[str], arns: Iterable[str]) -> dict[str, str]:
    """What Secrets Manager is asked for, a name of its own or an ARN, with what the task calls it."""
    kind = CATALOGUE.kinds["secret"]
    return {kind.physical_name(scope, name, {}): name for name in names} | {arn: arn for arn in arns}


def _read(session: Session, asked: Mapping[str, str]) -> dict[str, str]:
    """The current value of each secret that exists, by what the task calls it."""
    return {
        asked[identity]: row["SecretString"]
        for row in _rows(session, list(asked))
        for identity in (row["Name"], row["ARN"])
        if identity in asked
    }


def _rows(session: Session, identities: list[str]) -> Iterator[Mapping[str, str]]:
    for start in range(0, len(identities), _BATCH):
        batch = {"SecretIdList": identities[start : start + _BATCH]}
        for page in session.pages("secretsmanager", "BatchGetSecretValue", "[@]", batch):
            _check(session, page.get("Errors", ()))
            yield from page["SecretValues"]


def _check(session: Session, errors: Iterable[Mapping[str, str]]) -> None:
    """Raises the first error that says more than that a secret is not there: they come with status 200."""
    for error in errors:
        if error["ErrorCode"] not in _ABSENT:
            told = {"Code": error["ErrorCode"], "Message": f"{error['SecretId']}: {error.get('Message', '')}"}
            raise from_code("secretsmanager", "GetSecretValue", session.scope.region, told)
