# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the provider asks."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.provider import Aws
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import Session
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope

REGIONAL = ["acm", "elasticloadbalancing", "logs", "rds", "s3", "secretsmanager"]


@pytest.mark.parametrize(
    ("region", "asked"),
    [
        ("us-east-1", {"us-east-1": sorted([*REGIONAL, "route53"])}),
        ("eu-west-1", {"eu-west-1": REGIONAL, "us-east-1": ["route53"]}),
        ("us-gov-east-1", {"us-gov-east-1": REGIONAL, "us-gov-west-1": ["route53"]}),
        ("cn-north-1", {"cn-north-1": REGIONAL, "cn-northwest-1": ["route53"]}),
    ],
)
def test_the_tag_index_is_asked_in_the_region_of_each_service(
    monkeypatch: pytest.MonkeyPatch, region: str, asked: dict[str, list[str]]
) -> None:
    requests: dict[str, list[str]] = {}
    lock = threading.Lock()

    def pages(self: Session, service: str, operation: str, path: str, params: dict[str, Any]) -> list[Any]:
        assert params["TagFilters"] == [{"Key": "slipway:stack", "Values": ["shop-prod"]}]
        with lock:
            requests[self.client(service).meta.region_name] = params["ResourceTypeFilters"]
        return [{"ResourceARN": f"arn:{each}", "Tags": []} for each in params["ResourceTypeFilters"]]

    monkeypatch.setattr(Session, "pages", pages)
    found = Aws(Scope("shop", "prod", region)).sweep()
    assert requests == asked
    assert sorted(hint.arn for hint in found) == sorted(f"arn:{each}" for each in [*REGIONAL, "route53"])
