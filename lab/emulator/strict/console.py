# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Console output: what the real host has written, where there is one."""

from __future__ import annotations

import base64
from typing import Any

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.responses.general import General

from lab.emulator.strict import cured
from lab.emulator.transitions import TRANSITIONS

_KEPT = 64 * 1024


@cured(General, "get_console_output")
def output(original: Any, response: Any) -> Any:
    """The last 64 KiB, nothing at first. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html"""
    if not TRANSITIONS.real("console"):
        return original()
    instance = response.ec2_backend.get_instance(response._get_param("InstanceId"))
    said = TRANSITIONS.said("console", instance.id)
    answer = {"InstanceId": instance.id, "Timestamp": utcnow()}
    if said:
        text = said.state.encode(errors="replace")[-_KEPT:]
        answer["Output"] = Base64EncodedString.from_encoded_bytes(base64.b64encode(text))
    return ActionResult(answer)
