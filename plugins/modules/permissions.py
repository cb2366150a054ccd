#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least-privilege policies of a stack."""

from __future__ import annotations

DOCUMENTATION = r"""
module: permissions
short_description: Derive the IAM policies that provisioning a stack needs
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Returns the least-privilege policies for whoever runs M(slipway.platform.stack) with these documents.
  - Derived from the calls that each kind declares. Nothing is sent to AWS; the account stands as C(*).
extends_documentation_fragment:
  - slipway.platform.stack
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Reads and changes nothing.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Derive the policies
  slipway.platform.permissions:
    project: shop
    environment: prod
    region: us-east-1
    resources:
      - type: vpc
        name: main
        cidr: 10.30.0.0/16
  register: permissions
"""

RETURN = r"""
policies:
  description: Name of each managed policy and its document, of at most 6144 characters.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.aws.permissions import policies
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Invalid
from ansible_collections.slipway.platform.plugins.module_utils.stack_options import DOCUMENTS_OPTIONS, scope_of


def main() -> None:
    module = AnsibleModule(argument_spec=DOCUMENTS_OPTIONS, supports_check_mode=True)
    scope = scope_of(module.params)
    try:
        wants = CATALOGUE.load(module.params["resources"], scope)
    except Invalid as error:
        module.fail_json(msg=str(error), problems=error.problems)
    declared = {want.kind for want in wants.values()}
    # A kind without a pattern of ARNs is read in every run, and pruned where a document went.
    kinds = [kind for kind in CATALOGUE.kinds.values() if kind.name in declared or not kind.arn]
    module.exit_json(changed=False, policies=policies(kinds, scope, wants.values()))


if __name__ == "__main__":
    main()
