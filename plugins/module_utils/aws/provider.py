# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS as the engine's provider."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws import images, quotas
from ansible_collections.slipway.platform.plugins.module_utils.aws.catalogue import CATALOGUE
from ansible_collections.slipway.platform.plugins.module_utils.aws.errors import Unusable
from ansible_collections.slipway.platform.plugins.module_utils.aws.ledger import Ledger
from ansible_collections.slipway.platform.plugins.module_utils.aws.permissions import PREFIXES
from ansible_collections.slipway.platform.plugins.module_utils.aws.route53 import bare_ids
from ansible_collections.slipway.platform.plugins.module_utils.aws.session import GLOBAL, Session
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.apply import ProviderError
from ansible_collections.slipway.platform.plugins.module_utils.stack.document import Wants
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Step, Swept
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import STACK_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.plan import Plan


class Aws(Session):
    """``stack.engine.Provider`` for one account and region."""

    catalogue = CATALOGUE

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._ledger = Ledger(self)
        self._session.register("after-call.route-53", bare_ids)
        known = self.known_regions
        if scope.region not in known:
            close = get_close_matches(scope.region, known, n=2)
            hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(sorted(known))}"
            raise Unusable("UnknownRegion", f"{scope.region} is no region that this botocore knows; {hint}")

    @property
    def store(self) -> Ledger:
        return self._ledger

    def identify(self, scope: Scope) -> Scope:
        answer = self.send("sts", "GetCallerIdentity", {})
        self.scope = dataclasses.replace(scope, account=answer["Account"], partition=answer["Arn"].split(":")[1])
        return self.scope

    def sweep(self) -> list[Swept]:
        # Only the services whose kinds need hints: the hosts of a stack are many, and EC2's own reads find them.
        services = {PREFIXES.get(kind.service, kind.service) for kind in self.catalogue.kinds.values() if kind.arn}
        # The tag index knows what is in no region in the region of its service only:
        # https://github.com/cloud-custodian/cloud-custodian/pull/2729
        homes: dict[str, list[str]] = defaultdict(list)
        for service in sorted(services):
            homes[self.global_region if service in GLOBAL else self.scope.region].append(service)
        return [hint for hints in self.each(lambda home: self._tagged(*home), homes.items()) for hint in hints]

    def _tagged(self, region: str, services: list[str]) -> list[Swept]:
        """What the tag index of a region lists as this stack's."""
        there = self if region == self.scope.region else Session(dataclasses.replace(self.scope, region=region))
        params = {
            "TagFilters": [{"Key": STACK_TAG, "Values": [self.scope.stack]}],
            "ResourceTypeFilters": services,
        }
        rows = there.pages("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", params)
        return [Swept(row["ResourceARN"], as_map(row["Tags"])) for row in rows]

    def prepare(self, wants: Wants) -> None:
        with_image = [want for want in wants.values() if want.get("image") in images.ALIASES]
        if not with_image:
            return
        found = images.resolve(self, sorted({want["image"] for want in with_image}))
        for want in with_image:
            want.values["image"] = found[want["image"]]

    def preflight(self, plan: Plan) -> list[str]:
        return quotas.preflight(self, plan)

    def explain(self, step: Step, error: ProviderError) -> str:
        """Who holds a subnet or group that cannot be deleted: the network interfaces that use it, with what they
        belong to. Of a bucket: how its objects are deleted with it.
        """
        if error.code == "BucketNotEmpty":
            return (
                "it holds objects: say `empty_on_delete: true` in its document and apply that, and they are deleted "
                "with it; where it says so already, something still writes to it: run again"
            )
        if error.code != "DependencyViolation" or not isinstance(step, Call):
            return ""
        filters = {"SubnetId": "subnet-id", "GroupId": "group-id", "VpcId": "vpc-id"}
        held = [
            (filters[key], value) for key, value in step.params.items() if key in filters and isinstance(value, str)
        ]
        if not held:
            return ""
        name, value = held[0]
        params = {"Filters": [{"Name": name, "Values": [value]}]}
        rows = self.pages("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", params)
        return f"{value} is held by {', '.join(_holders(rows))}" if rows else ""


def _holders(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [f"{row['NetworkInterfaceId']} ({_belongs(row)})" for row in rows][:5]


def _belongs(row: dict[str, Any]) -> str:
    instance = row.get("Attachment", {}).get("InstanceId")
    description = re.sub(r"\s+", " ", row.get("Description", ""))
    return instance or description or row.get("InterfaceType", "interface")
