# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate Manager: a certificate in use stays."""

from __future__ import annotations

from typing import Any

from moto.acm.models import AWSCertificateManagerBackend
from moto.elbv2.models import elbv2_backends

from lab.emulator.strict import cured, refuse


@cured(AWSCertificateManagerBackend, "delete_certificate")
def delete(original: Any, backend: Any, arn: str) -> None:
    """https://docs.aws.amazon.com/acm/latest/APIReference/API_DeleteCertificate.html"""
    for _, _, balancing in elbv2_backends.iter_backends():
        balancers: Any = getattr(balancing, "load_balancers", {}).values()
        used = (name for each in balancers for listener in each.listeners.values() for name in listener.certificates)
        if arn in used:
            refuse("ResourceInUseException", f"Certificate {arn} in account {backend.account_id} is in use.")
    original(arn)
