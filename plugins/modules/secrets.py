#!/usr/bin/python
# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets
short_description: Read a stack's secrets for the hosts of a play
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Reads the current values of secrets from AWS Secrets Manager on the controller, up to 20 in one call.
  - The result is never shown, logged or cached. Register it, and use it in tasks that say C(no_log).
  - In check mode a secret that does not exist yet is listed in RV(unknown) instead of being an error.
  - At least one of O(names) and O(arns) is required.
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
  names:
    description: Names of the documents of type C(secret).
    type: list
    elements: str
  arns:
    description: ARNs of secrets that no document made, such as a database's attribute C(secret_arn).
    type: list
    elements: str
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
    details: Reads only.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Read the secrets of this play once
  slipway.platform.secrets:
    project: shop
    environment: prod
    region: us-east-1
    names: [kafka-admin]
  run_once: true
  register: kafka_secrets

- name: Read a user's secret and that of the administrator, whom RDS made
  slipway.platform.secrets:
    project: shop
    environment: prod
    region: us-east-1
    names: [database-orders]
    arns: ["{{ slipway_attributes.db_instance.main.secret_arn }}"]
  register: database_secrets
"""

RETURN = r"""
secrets:
  description: The values, each under the name or the ARN that was given. Censored in all output.
  returned: success
  type: dict
unknown:
  description: Names and ARNs that do not exist yet, or have no value.
  returned: success
  type: list
  elements: str
"""
