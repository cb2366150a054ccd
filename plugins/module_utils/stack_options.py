# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that every module about a stack shares, and what they mean."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope

SCOPE_OPTIONS: dict[str, dict[str, Any]] = {
    "project": {"type": "str", "required": True},
    "environment": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "stack": {"type": "str"},
}
DOCUMENTS_OPTIONS: dict[str, dict[str, Any]] = {
    **SCOPE_OPTIONS,
    "resources": {"type": "list", "elements": "dict", "required": True},
}
STACK_OPTIONS: dict[str, dict[str, Any]] = {
    **DOCUMENTS_OPTIONS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "prune": {"type": "bool", "default": True},
    "removed_components": {"type": "list", "elements": "str", "default": []},
    "unprotect": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
    "cost_center": {"type": "str", "default": "engineering"},
    "owner": {"type": "str", "default": "platform-team"},
    "outputs": {"type": "dict", "default": {}},
    "visibility": {"type": "int", "default": 60},
    "progress": {"type": "path"},
}


def scope_of(options: dict[str, Any]) -> Scope:
    return Scope(
        project=options["project"],
        environment=options["environment"],
        region=options["region"],
        stack=options["stack"] or "",
        cost_center=options.get("cost_center") or "engineering",
        owner=options.get("owner") or "platform-team",
        tags={str(key): str(value) for key, value in (options.get("tags") or {}).items()},
    )
