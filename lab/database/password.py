# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL keeps of a password. Pure."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac

_ITERATIONS = 4096


@functools.lru_cache(maxsize=64)
def verifier(password: str, identity: str) -> str:
    """The SCRAM-SHA-256 verifier of a password of printable ASCII, which RDS wants; it can be given in its stead.

    So the password is in no statement and no log. ``identity`` makes the salt: one password is the same text always,
    and another one for another database. https://www.postgresql.org/docs/15/catalog-pg-authid.html, RFC 5802.
    """
    salt = hashlib.sha256(identity.encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
