# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow logs: the record of a VPC's connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.ec2 import Ec2Kind
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Step, Want
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change, reference, string


class FlowLog(Ec2Kind):
    name = "flow_log"
    doc = "The record of a VPC's connections, in a log group. Nothing of it can be changed but its tags."
    listing = ("DescribeFlowLogs", "FlowLogs")
    filter_key = "Filter"
    id_key = "FlowLogId"
    tag_type = "vpc-flow-log"
    down = "the record of connections"
    fields = {
        "vpc": reference("vpc", "The VPC whose connections are recorded.", required=True, change=Change.REPLACE),
        "log_group": reference("log_group", "Where the records go.", required=True, change=Change.REPLACE),
        "role": reference(
            "iam_role",
            "The role that writes them; it trusts vpc-flow-logs.amazonaws.com.",
            attribute="arn",
            required=True,
            change=Change.REPLACE,
        ),
        "traffic": string(
            "Which connections.", default="ALL", choices=("ALL", "ACCEPT", "REJECT"), change=Change.REPLACE
        ),
    }
    calls = {
        "read": ("DescribeFlowLogs",),
        "write": ("CreateFlowLogs", "DeleteFlowLogs", "CreateTags", "DeleteTags"),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "vpc": row["ResourceId"],
            "log_group": row.get("LogGroupName"),
            "role": row.get("DeliverLogsPermissionArn"),
            "traffic": row["TrafficType"],
        }

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "ec2",
            "CreateFlowLogs",
            {
                "ResourceType": "VPC",
                "ResourceIds": [want["vpc"]],
                "TrafficType": want["traffic"],
                "LogDestinationType": "cloud-watch-logs",
                "LogGroupName": want["log_group"],
                "DeliverLogsPermissionArn": want["role"],
                **self.tagged(want),
            },
            gives={"id": "FlowLogIds[0]"},
            token="ClientToken",
            # "Unable to assume given IAM role" for a role just made, which IAM takes a while to show everywhere:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
            patience={"InvalidParameter": 120},
        )

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("ec2", "DeleteFlowLogs", {"FlowLogIds": [have.id]}, done=("InvalidFlowLogId.NotFound",))
