# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: an authorization token that a registry can check."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from lab.emulator.credentials import REGISTRY_PASSWORD
from lab.emulator.strict import cured


@cured(ECRResponse, "get_authorization_token")
def token(_: Any, response: Any) -> Any:
    """For twelve hours, user AWS. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html"""
    registries = response._get_param("registryIds") or [response.current_account]
    entry = {
        "authorizationToken": base64.b64encode(f"AWS:{REGISTRY_PASSWORD[0]}".encode()).decode(),
        "expiresAt": datetime.now(UTC) + timedelta(hours=12),
    }
    host = f"dkr.ecr.{response.region}.amazonaws.com"
    return ActionResult(
        {"authorizationData": [{**entry, "proxyEndpoint": f"https://{registry}.{host}"} for registry in registries]}
    )
