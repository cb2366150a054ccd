# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate Manager: a certificate in use stays, one that is imported again keeps its tags, a listing is of RSA."""

from __future__ import annotations

from typing import Any

from moto.acm.models import AWS_ROOT_CA, AWSCertificateManagerBackend
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


@cured(AWSCertificateManagerBackend, "import_certificate")
def import_(original: Any, backend: Any, *files: Any, chain: Any, arn: str | None, tags: Any) -> str:
    """https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html"""
    if arn and tags:
        refuse("ValidationException", "Tagging is not permitted on re-import.")
    before = backend._certificates.get(arn)
    made: str = original(*files, chain=chain, arn=arn, tags=tags)
    bundle = backend._certificates[made]
    bundle.chain = bundle.chain.replace(AWS_ROOT_CA, b"")  # what was imported comes back as it was
    if before is not None:
        bundle.tags = before.tags
    return made


@cured(AWSCertificateManagerBackend, "list_certificates")
def list_(original: Any, _backend: Any, statuses: Any, includes: dict[str, Any] | None) -> Any:
    """Without key types, RSA of up to 2048 bits: https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html"""
    return original(statuses, {"keyTypes": ["RSA_1024", "RSA_2048"], **(includes or {})})
