# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The field by which a resource names the KMS key that encrypts it."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Field, template


def kms_key(doc: str, **options: Any) -> Field:
    """A key by its ARN, the one form that every service gives back as it was given."""
    return template(doc, pattern=r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+|\$\{.+\}", **options)
