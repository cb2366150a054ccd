# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``slipway.platform.resources``: a role's contribution of documents to the stack."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Checks the list, stamps the component, appends it to the fact ``slipway_resources`` of the host it runs on."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(
            {
                "component": {"type": "str", "required": True},
                "resources": {"type": "list", "elements": "dict", "required": True},
                "reset": {"type": "bool", "default": False},
            }
        )
        facts = (task_vars or {}).get("ansible_facts", {})
        given = [] if arguments["reset"] else facts.get("slipway_resources", [])
        # The arguments as written keep the position of each document, which validation has dropped.
        written = self._task.args["resources"]
        return {
            "changed": False,
            "ansible_facts": {"slipway_resources": [*given, *_stamped(arguments["component"], written)]},
        }


def _stamped(component: str, documents: list[Any]) -> list[dict[str, Any]]:
    stamped = []
    for index, document in enumerate(documents):
        if not isinstance(document, dict) or "type" not in document or "name" not in document:
            raise AnsibleActionFail(
                f"resources[{index}] of {component} must be a mapping with type and name: {document!r}"
            )
        document.setdefault("component", component)
        stamped.append(document)
    return stamped
