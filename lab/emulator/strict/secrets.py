# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets Manager: a deleted secret blocks its name until its recovery window ends."""

from __future__ import annotations

from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

from lab.emulator.strict import cured, refuse


@cured(SecretsManagerBackend, "create_secret")
def create(original: Any, backend: Any, name: str, *arguments: Any, **named: Any) -> Any:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html"""
    existing = backend.secrets[name] if name in backend.secrets.keys() else None  # noqa: SIM118  # not a dict
    if existing is not None and existing.is_deleted():
        message = "You can't create this secret because a secret with this name is already scheduled for deletion."
        refuse("InvalidRequestException", message)
    return original(name, *arguments, **named)
