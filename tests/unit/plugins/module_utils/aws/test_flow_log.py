# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow logs: made, read and deleted."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from ansible_collections.slipway.platform.plugins.module_utils.aws.flow_log import FlowLog
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account


@pytest.fixture
def logging(network: Account) -> Account:
    """The network, with names of a log group and a role; moto does not look whether they exist."""
    network.known["log_group", "flow"] = {"id": "/slipway/shop-test/flow"}
    network.known["iam_role", "flow-logs"] = {"arn": "arn:aws:iam::123456789012:role/slipway/shop-test/flow-logs"}
    return network


@pytest.mark.parametrize("traffic", ["ALL", "REJECT"])
def test_flow_log(logging: Account, traffic: str) -> None:
    flow_log = FlowLog()
    attributes = logging.create(flow_log, vpc="main", log_group="flow", role="flow-logs", traffic=traffic)
    assert logging.have(flow_log).attributes == attributes
    assert logging.differences(flow_log) == {}
    # A second deletion is refused by moto with an error, by AWS with a list; both codes count as done.
    logging.delete(flow_log)
    assert logging.read(flow_log) == []


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for() -> None:
    (call,) = FlowLog().create(want(FlowLog(), vpc="main", log_group="flow", role="flow-logs"))
    assert isinstance(call, Call)
    assert call.patience["InvalidParameter"] > 0


def test_a_partial_failure_is_one(logging: Account) -> None:
    """CreateFlowLogs answers 200 and lists what failed; that is an error like any other."""
    bucket = Call(
        "ec2",
        "CreateFlowLogs",
        {
            "ResourceType": "VPC",
            "ResourceIds": [logging.known["vpc", "main"]["id"]],
            "TrafficType": "ALL",
            "LogDestinationType": "s3",
            "LogDestination": "arn:aws:s3:::missing",
        },
    )
    with pytest.raises(ClientError):
        logging.run(FlowLog(), [bucket], {})
