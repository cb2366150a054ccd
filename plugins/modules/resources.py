#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: resources
short_description: Contribute documents to the stack
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Appends a role's documents to the fact C(slipway_resources), which M(slipway.platform.stack) then plans and applies
    together.
  - Nothing is sent to AWS.
options:
  component:
    description: Name of the role. Prune looks only at the components that contributed to a run.
    type: str
    required: true
  resources:
    description: Documents, each with C(type), C(name) and the fields of its kind.
    type: list
    elements: dict
    required: true
  reset:
    description: Drop what was contributed before, by an earlier play or a persistent fact cache.
    type: bool
    default: false
extends_documentation_fragment:
  - action_common_attributes
  - action_common_attributes.facts
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Facts only; M(slipway.platform.stack) shows the differences.
  facts:
    support: full
  platform:
    platforms: posix
seealso:
  - module: slipway.platform.stack
"""

EXAMPLES = r"""
- name: Declare the network
  slipway.platform.resources:
    component: vpc
    resources:
      - type: vpc
        name: main
        cidr: 10.30.0.0/16
"""

RETURN = r"""
ansible_facts:
  description: The documents so far.
  returned: always
  type: dict
  contains:
    slipway_resources:
      description: All documents contributed to the run.
      type: list
      elements: dict
"""
