#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release of a service on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Put a release of a service on a host
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Makes C(<path>/releases/<revision>) with the release's files, its credentials, and a link to its environment. It is
    there whole or not at all, also when the run is killed.
  - A revision is the digest of a release's content, so one that is there is left as it is.
  - Removes releases that are old and in no use, and environments that no remaining release runs in.
options:
  path:
    description: Folder of the service. It exists.
    type: path
    required: true
  revision:
    description: Name of the release.
    type: str
    required: true
  environment:
    description: Name of the environment in C(<path>/environments) that it runs in.
    type: str
    required: true
  files:
    description: Texts by the names of the files.
    type: dict
    default: {}
  credentials:
    description: Secrets by the names of the files in C(credentials), which are root's alone.
    type: dict
    default: {}
  keep:
    description: How many releases stay, the latest.
    type: int
    default: 3
  used:
    description: Revisions that stay besides. Those that a link in O(path) leads to stay too.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: A release is new as a whole.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Put the release there
  slipway.platform.release:
    path: /opt/slipway/inventory
    revision: 1f0c9e2ab34d5678
    environment: 99aa0b1c2d3e4f50
    files:
      settings: |
        LOG_LEVEL="INFO"
    credentials:
      DATABASE_PASSWORD_FILE: "{{ secrets.secrets['database-inventory'] }}"
"""

RETURN = r"""
removed:
  description: Releases and environments that went, or in check mode would go.
  returned: success
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.slipway.platform.plugins.module_utils.releases import Folder, Release, remove

OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "revision": {"type": "str", "required": True},
    "environment": {"type": "str", "required": True},
    "files": {"type": "dict", "default": {}},
    "credentials": {"type": "dict", "default": {}, "no_log": True},
    "keep": {"type": "int", "default": 3},
    "used": {"type": "list", "elements": "str", "default": []},
}


def converge(options: dict[str, Any], check: bool) -> dict[str, Any]:
    folder = Folder(Path(options["path"]))
    release = Release(**{name: options[name] for name in ("revision", "environment", "files", "credentials")})
    new = not folder.has(release.revision)
    if new and not check:
        folder.put(release)
    old = folder.superfluous(options["keep"], [*options["used"], release.revision])
    if not check:
        remove(old)
    return {"changed": new or bool(old), "removed": [str(path) for path in old]}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    if not Path(module.params["path"]).is_dir():
        if module.check_mode:
            module.exit_json(changed=True, removed=[])
        module.fail_json(msg=f"there is no folder {module.params['path']}; run the role flask_service first")
    try:
        result = converge(module.params, module.check_mode)
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
