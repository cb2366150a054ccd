#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets that enter a load balancer's target group, or leave it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target
short_description: Take targets into a load balancer's target group, or out of it
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Registers targets and waits until the load balancer finds them healthy, or deregisters them and waits until it has
    finished the requests that they have.
  - For what rolls over hosts while the group stands. Which instances belong to a group is the field C(targets) of a
    document of type C(target_group).
  - A target of a group that no listener leads to is C(unused), and nobody asks for its health. Registered is then all
    that it can be, and V(present) does not wait for more.
options:
  target_group:
    description: ARN of the target group, which is in the ARN's region.
    type: str
    required: true
  targets:
    description: The targets. Others in the group stay as they are.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Instance id, or the address in a group of addresses.
        type: str
        required: true
      port:
        description: Port that requests are sent to.
        type: int
        required: true
  state:
    description:
      - V(present) means registered and healthy.
      - V(absent) means deregistered and drained.
    type: str
    choices: [present, absent]
    default: present
  minimum_healthy:
    description:
      - With O(state=absent), how many other targets of the group must be healthy. Where fewer are, nothing leaves the
        group, and RV(kept) is true.
    type: int
    default: 0
  timeout:
    description: Seconds that targets may take to be healthy or drained. Longer is an error.
    type: int
    default: 300
requirements:
  - python >= 3.11
  - botocore >= 1.36
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: Waits for nothing.
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
---
- name: Send no requests to this host, if another one takes them
  slipway.platform.target:
    target_group: "{{ slipway_attributes.target_group.inventory.arn }}"
    targets:
      - id: "{{ slipway_instance_id }}"
        port: 8080
    state: absent
    minimum_healthy: 1
  delegate_to: localhost

- name: Send requests to this host again
  slipway.platform.target:
    target_group: "{{ slipway_attributes.target_group.inventory.arn }}"
    targets:
      - id: "{{ slipway_instance_id }}"
        port: 8080
    timeout: 120
  delegate_to: localhost
"""

RETURN = r"""
kept:
  description: Whether targets stayed because too few others are healthy.
  returned: success
  type: bool
targets:
  description: All targets of the group and their health as the load balancer tells it, by id and port.
  returned: when the group was read
  type: list
  elements: dict
  contains:
    id:
      description: Instance id or address.
      type: str
    port:
      description: Port that requests are sent to.
      type: int
    state:
      description: State, such as V(healthy), V(unhealthy), V(initial), V(draining) or V(unused).
      type: str
    reason:
      description: AWS's code for why it is not healthy; empty where it is.
      type: str
    description:
      description: The same in words.
      type: str
"""

import re
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.slipway.platform.plugins.module_utils.aws.session import HAS_BOTOCORE, Session
from ansible_collections.slipway.platform.plugins.module_utils.aws.targets import (
    Group,
    Late,
    Rows,
    Target,
    healthy,
    listed,
    registered,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope

OPTIONS: dict[str, dict[str, Any]] = {
    "target_group": {"type": "str", "required": True},
    "targets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"id": {"type": "str", "required": True}, "port": {"type": "int", "required": True}},
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "minimum_healthy": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 300},
}
ARN = re.compile(r"arn:[^:]+:elasticloadbalancing:(?P<region>[^:]+):\d+:targetgroup/.+")


def converge(group: Group, options: dict[str, Any], check: bool) -> dict[str, Any]:
    """Bring the targets to the wanted state, or with ``check`` say what that would change. Raises ``Late``."""
    targets = {Target(one["id"], one["port"]) for one in options["targets"]}
    rows = group.rows()
    there = registered(rows)
    present = options["state"] == "present"
    kept = not present and bool(targets & there) and healthy(rows, besides=targets) < options["minimum_healthy"]
    wanted = there if kept else there | targets if present else there - targets
    if not check and not kept:
        rows = _enter(group, targets, there) if present else _leave(group, targets, there)
    diff = {"before": _lines(there), "after": _lines(wanted)}
    return {"changed": wanted != there, "kept": kept, "targets": listed(rows), "diff": diff}


def _enter(group: Group, targets: set[Target], there: set[Target]) -> Rows:
    group.register(sorted(targets - there))
    return group.await_healthy(sorted(targets))


def _leave(group: Group, targets: set[Target], there: set[Target]) -> Rows:
    group.deregister(sorted(targets & there))
    return group.await_gone(sorted(targets))


def _lines(targets: set[Target]) -> str:
    return "".join(f"{target}\n" for target in sorted(targets))


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    if not HAS_BOTOCORE:
        module.fail_json(msg="botocore is missing; install it for the Python that runs this module: pip install boto3")
    found = ARN.fullmatch(module.params["target_group"])
    if found is None:
        module.fail_json(msg=f"target_group: {module.params['target_group']!r} is not the ARN of a target group")
        return
    session = Session(Scope(project="", environment="", region=found["region"]))
    group = Group(session, module.params["target_group"], module.params["timeout"])
    try:
        result = converge(group, module.params, module.check_mode)
    except Late as error:
        module.fail_json(msg=str(error), targets=error.rows)
    except ProviderError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
