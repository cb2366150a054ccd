# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session tokens of IMDSv2.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

LONGEST = 21600
"""Seconds a token may live: six hours."""
_KEY = 32
_HEAD = struct.Struct(">dI8s")
"""When it ends (seconds since the epoch), how long it was to live, and what makes it unlike any other."""


class Tokens:
    """Tokens that carry their own end, signed for one instance: nothing is kept but the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @staticmethod
    def new_key() -> bytes:
        """A key for the tokens of one lab; with the same key, tokens outlive the process that gave them."""
        return secrets.token_bytes(_KEY)

    def issue(self, instance: str, seconds: int, now: float) -> str:
        """A token for an instance that lives 1 to `LONGEST` seconds."""
        head = _HEAD.pack(now + seconds, seconds, secrets.token_bytes(8))
        return base64.urlsafe_b64encode(head + self._signature(instance, head)).decode()

    def left(self, token: str, instance: str, now: float) -> int | None:
        """Seconds that a token of this instance still lives; None where it does not, is another's or is none."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        head, signature = raw[: _HEAD.size], raw[_HEAD.size :]
        if len(head) < _HEAD.size or not hmac.compare_digest(signature, self._signature(instance, head)):
            return None
        left = _HEAD.unpack(head)[0] - now
        return int(left) if left > 0 else None

    def _signature(self, instance: str, head: bytes) -> bytes:
        return hmac.digest(self._key, head + instance.encode(), hashlib.sha256)
