# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``slipway.platform.secrets``: a stack's secrets, read on the controller in one batch and shown nowhere."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import HAS_BOTOCORE, Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack_options import SCOPE_OPTIONS, scope_of

_BATCH = 20
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html (SecretIdList)"""


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # The result is censored whatever happens, also in -vvv and in callbacks.
        result: dict[str, Any] = {**super().run(tmp, task_vars), "_ansible_no_log": True, "changed": False}
        scope_options = {name: option for name, option in SCOPE_OPTIONS.items() if name != "resources"}
        names_option = {"names": {"type": "list", "elements": "str", "required": True}}
        _spec, options = self.validate_argument_spec({**scope_options, **names_option})
        if not HAS_BOTOCORE:
            return _failed("botocore is missing; install it for the Python that runs Ansible: pip install boto3")
        try:
            values = _read(Session(scope_of(options)), options["names"])
        except ProviderError as error:
            return _failed(str(error))
        unknown = [name for name in options["names"] if name not in values]
        if unknown and not self._task.check_mode:
            return _failed(
                f"no secret {', '.join(unknown)} in stack {scope_of(options).stack}; declare a document of type secret "
                "with that name in the role that owns it, and run playbooks/provision.yml"
            )
        return {**result, "secrets": values, "unknown": unknown}


def _failed(message: str) -> dict[str, Any]:
    return {"failed": True, "msg": message}


def _read(session: Session, names: list[str]) -> dict[str, str]:
    """The current value of each secret that exists, by document name."""
    kind = CATALOGUE.kinds["secret"]
    physical = {kind.physical_name(session.scope, name, {}): name for name in names}
    identities = list(physical)
    values = {}
    for start in range(0, len(identities), _BATCH):
        batch = {"SecretIdList": identities[start : start + _BATCH]}
        for row in session.pages("secretsmanager", "BatchGetSecretValue", "SecretValues", batch):
            values[physical[row["Name"]]] = row["SecretString"]
    return values
