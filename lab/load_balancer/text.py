# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of HAProxy's configuration language, made from text of any kind."""

from __future__ import annotations

import re


def quoted(text: str) -> str:
    """One word of the configuration: in strong quotes, but control characters and quotes by their code.

    https://docs.haproxy.org/2.6/configuration.html#2.2
    """
    pieces = re.split(r"([\x00-\x1f'\x7f])", text)
    return "".join(_code(piece) if index % 2 else f"'{piece}'" for index, piece in enumerate(pieces) if piece) or "''"


def literal(text: str) -> str:
    """Text within a log format, where a percent sign begins a variable."""
    return text.replace("%", "%%")


def regular_expression(pattern: str, every: str = ".", anchored: bool = True) -> str:
    """A pattern in which ``*`` stands for any characters, also none, and ``?`` for exactly one; a backslash before them
    takes that meaning away. ``every``: the expression of one such character.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
    """
    parts = re.findall(r"\\[*?]|[*?]|[^*?\\]+|\\", pattern)
    wild = {"*": f"{every}*", "?": every}
    expression = "".join(wild.get(part) or re.escape(_unescaped(part)) for part in parts)
    return f"^{expression}$" if anchored else expression


def _unescaped(part: str) -> str:
    return part[1:] if part in (r"\*", r"\?") else part


def _code(character: str) -> str:
    return f"\\x{ord(character):02x}"
