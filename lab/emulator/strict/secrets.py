# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets Manager: a deleted secret blocks its name until its recovery window ends; one without a value is no end."""

from __future__ import annotations

from typing import Any

from moto.secretsmanager.exceptions import (
    ResourceNotFoundException,
    SecretHasNoValueException,
    SecretsManagerClientError,
)
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


@cured(SecretsManagerBackend, "batch_get_secret_value")
def batch(original: Any, backend: Any, secret_id_list: list[str], **named: Any) -> Any:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html (Errors)"""
    empty = {one: why for one in secret_id_list if (why := _why_empty(backend, one))}
    rest = [one for one in secret_id_list if one not in empty]
    values, errors, token = original(secret_id_list=rest, **named)
    told = [{"SecretId": one, "ErrorCode": "ResourceNotFoundException", "Message": why} for one, why in empty.items()]
    return values, errors + told, token


def _why_empty(backend: Any, identity: str) -> str:
    """What AWS says of a secret that is there, and has no value."""
    try:
        backend.get_secret_value(identity, "", "")
    except (ResourceNotFoundException, SecretHasNoValueException) as error:
        return str(error.message)
    except SecretsManagerClientError:
        pass  # not there, or deleted: moto says so itself
    return ""
