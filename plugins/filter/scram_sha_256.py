# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter ``slipway.platform.scram_sha_256``: what PostgreSQL keeps of a password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: scram_sha_256
short_description: What PostgreSQL keeps of a password
version_added: 1.0.0
author: Slipway contributors (@slipway)
description:
  - Makes the SCRAM-SHA-256 verifier of a password, which C(CREATE ROLE … PASSWORD) takes in its stead.
  - So the password itself is in no statement, and a server that logs statements does not log it.
  - The salt is random, so each time the text is another one.
options:
  _input:
    description: The password, of printable ASCII characters.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Give the user a password
  community.postgresql.postgresql_user:
    name: orders
    password: "{{ password | slipway.platform.scram_sha_256 }}"
  no_log: true
"""

RETURN = r"""
_value:
  description: The verifier, as C(pg_authid.rolpassword) holds it.
  type: str
"""

_ITERATIONS = 4096
"""PostgreSQL's own number: https://www.postgresql.org/docs/15/catalog-pg-authid.html"""
_SALT = 16
_ASCII = re.compile(r"[\x20-\x7e]+")
"""Characters that SASLprep (RFC 4013) leaves as they are."""


def scram_sha_256(password: str) -> str:
    """``SCRAM-SHA-256$4096:SALT$STORED-KEY:SERVER-KEY``, after RFC 5802 and RFC 7677."""
    if not isinstance(password, str) or not _ASCII.fullmatch(password):
        raise AnsibleFilterError("scram_sha_256 takes a password of printable ASCII characters, at least one")
    salt = secrets.token_bytes(_SALT)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        return {"scram_sha_256": scram_sha_256}
