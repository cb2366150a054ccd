# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``slipway.platform.secret_value``: the first value of a secret, put there by the controller, shown nowhere."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import HAS_BOTOCORE, Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack_options import SCOPE_OPTIONS, scope_of

_ABSENT = "ResourceNotFoundException"
"""What is answered where there is no secret, and where it has no value yet:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors"""


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # The result is censored whatever happens, also in -vvv and in callbacks.
        result: dict[str, Any] = {**super().run(tmp, task_vars), "_ansible_no_log": True, "changed": False}
        own = {name: {"type": "str", "required": True} for name in ("name", "value")}
        own["value"]["no_log"] = True
        _spec, options = self.validate_argument_spec({**SCOPE_OPTIONS, **own})
        if not HAS_BOTOCORE:
            return _failed("botocore is missing; install it for the Python that runs Ansible: pip install boto3")
        scope, name, value = scope_of(options), options["name"], options["value"]
        identity = CATALOGUE.kinds["secret"].physical_name(scope, name, {})
        session = Session(scope)
        try:
            if kept := session.call("secretsmanager", "GetSecretValue", {"SecretId": identity}, missing=(_ABSENT,)):
                return {**result, "value": kept["SecretString"]}
            if not self._task.check_mode:
                session.send("secretsmanager", "PutSecretValue", {"SecretId": identity, "SecretString": value})
        except ProviderError as error:
            if error.code == _ABSENT:
                return _failed(
                    f"no secret {name} in stack {scope.stack}; declare a document of type secret with that name in the "
                    "role that owns it, and run playbooks/provision.yml"
                )
            return _failed(str(error))
        return {**result, "changed": True, "value": value}


def _failed(message: str) -> dict[str, Any]:
    return {"failed": True, "msg": message}
