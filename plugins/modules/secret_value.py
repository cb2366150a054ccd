#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_value
short_description: Give a stack's secret its first value
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Puts a value into a secret of AWS Secrets Manager that has none yet, and returns the value that it has then.
    A value that is there already is never replaced.
  - Keeps what a host has made itself, such as its SSH host key, for the host that comes after it.
  - The controller sends the value; it is never shown, logged or cached. Use M(slipway.platform.secrets) to read only.
options:
  project:
    description: Project; the first part of every name.
    type: str
    required: true
  environment:
    description: Environment, such as V(prod).
    type: str
    required: true
  region:
    description: AWS region.
    type: str
    required: true
  stack:
    description: Identity of the stack; V(<project>-<environment>) unless given.
    type: str
  name:
    description: Name of the document of type C(secret), which has no C(generate).
    type: str
    required: true
  value:
    description: The value for a secret that has none.
    type: str
    required: true
requirements:
  - python >= 3.11
  - botocore >= 1.36
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing of a secret is shown.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Keep the host's key for the next host of this name
  slipway.platform.secret_value:
    project: shop
    environment: prod
    region: us-east-1
    name: bastion-host-key
    value: "{{ host_key.content | b64decode }}"
  no_log: true
  register: kept_host_key
"""

RETURN = r"""
value:
  description: The value that the secret has. Censored in all output.
  returned: success
  type: str
"""
