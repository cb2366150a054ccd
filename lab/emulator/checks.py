# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS refuses before it looks at anything: unknown actions, unknown filters of EC2, and dry runs.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import functools
import html
import re

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from lab.emulator.answers import Answer, error
from lab.emulator.request import Call

_FILTER_NAME = re.compile(r"Filter\.\d+\.Name")
# The service's model documents a describing call's filters as a list of <code>names</code>.
# Accepted by AWS though the model documents them in passing only.
_ALIASES = frozenset({"tag-value", "cidr", "cidr-block", "cidrBlock", "vpcId", "availabilityZone", "defaultForAz"})
_DOCUMENTED = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>")


def refusal(call: Call) -> Answer | None:
    """The error for a request that is wrong in itself; None for one that moto may answer."""
    if call.protocol not in ("ec2", "query"):
        return None
    if call.operation not in _operations(call.service):
        return error(call.protocol, "InvalidAction", f"The action {call.operation} is not valid for this web service.")
    if call.protocol == "query":
        return None
    if call.form.get("DryRun") == "true":
        return error("ec2", "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    known = _filters(call.operation)
    for name in (value for key, value in call.form.items() if _FILTER_NAME.fullmatch(key)):
        if known and not name.startswith("tag:") and name not in known | _ALIASES:
            return error("ec2", "InvalidParameterValue", f"The filter '{name}' is invalid")
    return None


@functools.cache
def _operations(service: str) -> frozenset[str]:
    try:
        return frozenset(get_service_model(service).operation_names)
    except UnknownServiceError:
        return frozenset()


@functools.cache
def _filters(operation: str) -> frozenset[str]:
    """The names of the filters that EC2 documents for an operation; empty where it documents none."""
    shape = get_service_model("ec2").operation_model(operation).input_shape
    members = shape.members if shape else {}
    text = next((members[name].documentation for name in ("Filters", "Filter") if name in members), "")
    return frozenset(html.unescape(name).partition(":<")[0] for name in _DOCUMENTED.findall(text))
