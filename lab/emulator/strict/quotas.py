# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service Quotas: the quotas a platform runs into first, settable by ``--quota CODE=VALUE``.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from lab.emulator import strict
from lab.emulator.strict import cured

# code: (service, name, value in a new account)
QUOTAS = {
    "L-0263D0A3": ("ec2", "EC2-VPC Elastic IPs", 5.0),
    "L-1216C47A": ("ec2", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 64.0),
    "L-DB2E81BA": ("ec2", "Running On-Demand G and VT instances", 8.0),
    "L-F678F1CE": ("vpc", "VPCs per Region", 5.0),
}


def _quota(region: str, code: str) -> dict[str, Any]:
    service, name, value = QUOTAS[code]
    return {
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaArn": f"arn:aws:servicequotas:{region}::{service}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "ServiceCode": service,
        "Unit": "None",
        "Value": strict.options().quotas.get(code, value),
    }


@cured(ServiceQuotasBackend, "get_service_quota")
def get(original: Any, backend: Any, service_code: str, quota_code: str) -> Any:
    """Not those of VPC only. https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html"""
    if QUOTAS.get(quota_code, ("",))[0] == service_code:
        return _quota(backend.region_name, quota_code)
    return original(service_code, quota_code)


def _list_service_quotas(response: Any) -> str:
    service = json.loads(response.body)["ServiceCode"]
    return json.dumps({"Quotas": [_quota(response.region, code) for code in QUOTAS if QUOTAS[code][0] == service]})


_response: Any = ServiceQuotasResponse
_response.list_service_quotas = _list_service_quotas  # moto has none
