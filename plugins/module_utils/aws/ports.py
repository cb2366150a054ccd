# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols and ports, as documents and as requests write them; shared by security groups and network ACLs."""

from __future__ import annotations

import re

from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import string

NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}
"""https://www.iana.org/assignments/protocol-numbers; -1 is AWS's own. Network ACLs know protocols by number."""
NAMES = {number: name for name, number in NUMBERS.items()}
ALL_PORTS = {"tcp": (0, 65535), "udp": (0, 65535), "icmp": (-1, -1)}
"""How a rule for every port (every type, with ICMP) is written."""
DIRECTIONS = ("ingress", "egress")

PROTOCOL = string("`tcp`, `udp`, `icmp` or `all`.", default="tcp", choices=tuple(NUMBERS))
PORTS = string("A port, or a range `FIRST-LAST`; every port when absent.", pattern=r"\d{1,5}(-\d{1,5})?")


def port_range(protocol: str, ports: str | None) -> tuple[int, int] | None:
    """First and last port, as requests have them: ``"22"`` → (22, 22). None where the protocol has no ports."""
    if ports is None:
        return ALL_PORTS.get(protocol)
    numbers = [int(number) for number in re.findall(r"(?<!\d)-?\d+", ports)]
    return numbers[0], numbers[-1]


def port_text(protocol: str, first: int | None, last: int | None) -> str | None:
    """The opposite of ``port_range``, in its shortest form: (22, 22) → ``"22"``, every port → None."""
    if first is None or last is None or (first, last) == ALL_PORTS.get(protocol):
        return None
    return str(first) if first == last else f"{first}-{last}"


def port_problem(protocol: str, ports: str | None) -> str:
    if ports is None:
        return ""
    if protocol not in ("tcp", "udp"):
        return f"ports: protocol {protocol} has none; remove them or name tcp or udp"
    first, last = port_range(protocol, ports) or (0, 0)
    return "" if first <= last <= 65535 else f"ports: {ports!r} is no range of ports; write FIRST-LAST, at most 65535"
