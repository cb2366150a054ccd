# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: AWS's managed policies, loaded when one is first asked for."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

from lab.emulator.strict import cured, refuse


def _load(backend: Any) -> None:
    """https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html; half a second, hence late."""
    if not backend.aws_managed_policies:
        every = json.loads(aws_managed_policies_data).items()
        make = AWSManagedPolicy.from_data
        backend.aws_managed_policies = [
            make(name, backend.account_id, backend.region_name, data) for name, data in every
        ]
        backend.managed_policies.update({policy.arn: policy for policy in backend.aws_managed_policies})


def _late(method: str) -> None:
    @cured(IAMBackend, method)
    def with_managed(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"""
        if any(":iam::aws:" in str(value) for value in (*arguments, *named.values())):
            _load(backend)
        return original(*arguments, **named)


for _method in ("attach_role_policy", "attach_group_policy", "attach_user_policy", "get_policy", "get_policy_version"):
    _late(_method)


@cured(IAMBackend, "list_policies")
def list_policies(original: Any, backend: Any, *arguments: Any, **named: Any) -> Any:
    """Lists AWS's own too, unless only local ones are asked for. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html"""
    if "Local" not in (*arguments, *named.values()):
        _load(backend)
    return original(*arguments, **named)


@cured(IAMBackend, "delete_policy")
def delete_policy(original: Any, backend: Any, policy_arn: str) -> None:
    """Not while attached. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html"""
    if backend.get_policy(policy_arn).attachment_count:
        refuse("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    original(policy_arn)
