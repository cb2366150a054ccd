#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels of Python packages, out of a cache or built into it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheels
short_description: Build the wheels of Python packages reproducibly
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Builds the wheel of each package with pip, without dependencies and without asking an index, and keeps it in a cache
    under the digest of the package's folder. A folder that the cache knows is not built again.
  - The same folder gives the same bytes on any machine, provided its build backend is reproducible, as flit_core is.
  - Runs on the controller. The cache is no state of the platform, so nothing is ever C(changed), and check mode builds
    too.
options:
  sources:
    description: Folders of packages, each with a C(pyproject.toml).
    type: list
    elements: path
    required: true
  cache:
    description: Folder of the cache, made where it is missing.
    type: path
    required: true
requirements:
  - python >= 3.11
  - pip, and the build backends of the packages, in the Python that runs Ansible
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Changes nothing but its cache.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Build the wheels
  slipway.platform.wheels:
    sources: [services/kit, services/inventory]
    cache: ~/.cache/slipway/wheels
  delegate_to: localhost
  run_once: true
  register: wheels
"""

RETURN = r"""
wheels:
  description: The wheels by their folders, as these were given.
  returned: success
  type: dict
  contains:
    path:
      description: The file.
      type: str
    name:
      description: The file's name.
      type: str
    version:
      description: The package's version.
      type: str
    sha256:
      description: The file's checksum.
      type: str
"""

import hashlib
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.slipway.platform.plugins.module_utils.wheels import Failed, wheel


def describe(path: Path) -> dict[str, str]:
    """https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention"""
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"path": str(path), "name": path.name, "version": path.name.split("-")[1], "sha256": checksum}


def main() -> None:
    options = {
        "sources": {"type": "list", "elements": "path", "required": True},
        "cache": {"type": "path", "required": True},
    }
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    cache = Path(module.params["cache"])
    try:
        wheels = {source: describe(wheel(Path(source), cache)) for source in module.params["sources"]}
    except (Failed, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, wheels=wheels)


if __name__ == "__main__":
    main()
