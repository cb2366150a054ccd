#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan and apply a stack."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Plan and apply all AWS resources of a stack together
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Compares the given documents with what the account holds, and makes the account be as declared.
  - The account is the only state. A resource is found again by its tags or its name; there is no state file.
  - Check mode returns the plan that a run would apply, call by call, and makes no change. A second run changes nothing.
  - Calls run in parallel, each as soon as what it needs is there. A run that died is finished by the next one.
  - The kinds and their fields are in the reference that comes with the collection, C(docs/reference/kinds.md).
extends_documentation_fragment:
  - slipway.platform.stack
  - action_common_attributes
options:
  state:
    description: V(absent) deletes everything of the stack, whatever the documents say.
    type: str
    choices: [present, absent]
    default: present
  prune:
    description: Delete what the account holds of the contributing components but no document declares.
    type: bool
    default: true
  removed_components:
    description:
      - Components that no longer contribute and are to be pruned all the same.
      - Any other component that does not contribute is left alone and listed in RV(plan.not_considered).
    type: list
    elements: str
    default: []
  unprotect:
    description: Protected resources, as C(kind.name), that this run may replace or delete.
    type: list
    elements: str
    default: []
  tags:
    description: Further tags of every resource.
    type: dict
    default: {}
  cost_center:
    description: Tag C(CostCenter).
    type: str
    default: engineering
  owner:
    description: Tag C(Owner).
    type: str
    default: platform-team
  outputs:
    description: Names for attributes, each C(kind.name.attribute), to return in RV(outputs).
    type: dict
    default: {}
  visibility:
    description:
      - Seconds that AWS may take to show what was made.
      - For so long after another run has ended, a creation that it also made or meant to make is not repeated but
        looked for.
    type: int
    default: 60
  progress:
    description: File or FIFO that gets one JSON object per line and event. The action plugin sets and reads it.
    type: path
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Plan and apply
  slipway.platform.stack:
    project: shop
    environment: prod
    region: us-east-1
    resources:
      - type: vpc
        name: main
        cidr: 10.30.0.0/16
      - type: subnet
        name: public-a
        vpc: main
        cidr: 10.30.0.0/24
        zone: us-east-1a
    outputs:
      vpc_id: vpc.main.id

- name: Remove everything, the database's data too
  slipway.platform.stack:
    project: shop
    environment: dev
    region: us-east-1
    resources: []
    state: absent
    unprotect:
      - db_instance.main
"""

RETURN = r"""
plan:
  description: The plan, with the mutating calls of each step.
  returned: always
  type: dict
  contains:
    summary:
      description: How many resources to add, change, replace, destroy.
      type: dict
    resources:
      description: What becomes of each resource that does not stay as it is, and which fields differ.
      type: list
      elements: dict
    steps:
      description: The calls, in steps that name those that they need.
      type: list
      elements: dict
    outdated:
      description: Create-only fields that differ; left as they are.
      type: list
      elements: dict
    not_considered:
      description: Resources of components that did not contribute to this run, by component.
      type: dict
    notes:
      description: Quotas that the plan would exceed.
      type: list
      elements: str
diff:
  description: The plan as text.
  returned: in diff mode
  type: dict
resources:
  description: Attributes of the declared resources, by kind and name.
  returned: always
  type: dict
outputs:
  description: The attributes asked for in O(outputs), as far as they are known.
  returned: always
  type: dict
unknown:
  description: Attributes that are not known (yet), as C(kind.name.attribute).
  returned: always
  type: list
  elements: str
summary:
  description: The sums in one line.
  returned: always
  type: str
problems:
  description: What is wrong with the documents, each as path and message, which the error says too.
  returned: when the documents or the plan are refused
  type: list
  elements: list
protected:
  description: Protected resources that stand in the way, as C(kind.name).
  returned: when the documents or the plan are refused
  type: list
  elements: str
"""

import json
import os
import signal
import threading
from collections import defaultdict
from contextlib import ExitStack
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.slipway.platform.plugins.module_utils.aws.provider import Aws
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import HAS_BOTOCORE
from ansible_collections.slipway.platform.plugins.module_utils.stack import render
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import Listen, ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid
from ansible_collections.slipway.platform.plugins.module_utils.stack.engine import Job, Result, run
from ansible_collections.slipway.platform.plugins.module_utils.stack.journal import Held
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Aim, Refused
from ansible_collections.slipway.platform.plugins.module_utils.stack.report import failure
from ansible_collections.slipway.platform.plugins.module_utils.stack_options import STACK_OPTIONS, scope_of


def main() -> None:
    module = AnsibleModule(argument_spec=STACK_OPTIONS, supports_check_mode=True)
    if not HAS_BOTOCORE:
        module.fail_json(msg="botocore is missing; install it for the Python that runs this module: pip install boto3")
    options = module.params
    job = Job(
        scope=scope_of(options),
        documents=options["resources"],
        aim=Aim(
            absent=options["state"] == "absent",
            prune=options["prune"],
            unprotect=frozenset(options["unprotect"]),
            removed=frozenset(options["removed_components"]),
        ),
        check=module.check_mode,
        horizon=options["visibility"],
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with ExitStack() as resources:
        try:
            result = run(job, Aws(job.scope), stop, _listener(options["progress"], stop, resources))
        except Invalid as error:
            protected = error.protected if isinstance(error, Refused) else []
            module.fail_json(msg=str(error), problems=error.problems, protected=protected, changed=False)
        except (Held, ProviderError) as error:
            module.fail_json(msg=str(error), changed=False)
        except KeyboardInterrupt:
            module.fail_json(msg="interrupted before anything was changed", changed=False)
    if result.outcome is not None and not result.outcome.complete:
        module.fail_json(msg=failure(result.outcome), changed=bool(result.outcome.done))
    module.exit_json(**_answer(result, options["outputs"], module._diff))


def _listener(path: str | None, stop: threading.Event, resources: ExitStack) -> Listen:
    """Writes each event as a line to ``path``. Where nobody reads it any more the controller is gone: the run stops."""
    if not path:
        return lambda event: None
    lines = os.open(path, os.O_WRONLY)
    resources.callback(os.close, lines)

    def listen(event: dict[str, Any]) -> None:
        try:
            os.write(lines, f"{json.dumps(event)}\n".encode())
        except BrokenPipeError:
            stop.set()

    return listen


def _answer(result: Result, outputs: dict[str, str], diff: bool) -> dict[str, Any]:
    kinds = Aws.catalogue.kinds
    attributes: dict[str, dict[str, Any]] = defaultdict(dict)
    for kind, name in result.wants:
        known = result.attributes.get((kind, name), {})
        attributes[kind][name] = {key: known[key] for key in kinds[kind].attributes if key in known}
    flat = {
        f"{kind}.{name}.{key}": value
        for kind, resources in attributes.items()
        for name, known in resources.items()
        for key, value in known.items()
    }
    answer: dict[str, Any] = {
        "changed": result.plan.changed,
        "plan": render.as_data(result.plan),
        "resources": attributes,
        "outputs": {name: flat[path] for name, path in outputs.items() if path in flat},
        "unknown": result.unknown(kinds),
        "summary": render.summary(result.plan),
    }
    if diff:
        answer["diff"] = {"prepared": render.as_text(result.plan, kinds, result.scope)}
    return answer


if __name__ == "__main__":
    main()
