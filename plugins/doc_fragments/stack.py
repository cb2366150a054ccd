# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that every module about a stack shares."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  project:
    description: Project; the first part of every name.
    type: str
    required: true
  environment:
    description: Environment, such as V(prod); the second part of every name.
    type: str
    required: true
  region:
    description: AWS region.
    type: str
    required: true
  stack:
    description:
      - Identity of the stack, tag C(slipway:stack) and prefix of all names.
      - V(<project>-<environment>) unless given; a second region of the same environment needs one of its own.
    type: str
  resources:
    description:
      - Documents, each with C(type), C(name) and the fields of its kind, as M(slipway.platform.resources) gathers them.
    type: list
    elements: dict
    required: true
requirements:
  - python >= 3.11
  - botocore >= 1.36
notes:
  - Credentials and endpoint are taken from the environment as by every AWS tool
    (E(AWS_PROFILE), E(AWS_ACCESS_KEY_ID), E(AWS_ENDPOINT_URL), …).
"""
