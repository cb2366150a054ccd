# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM verifiers, against what a client computes."""

from __future__ import annotations

import base64
import hashlib
import hmac

from lab.database.password import verifier


def test_a_client_that_knows_the_password_is_let_in_by_the_verifier() -> None:
    scheme, iterations, keys = verifier("correct horse", "arn:1").split("$")
    count, salt = iterations.split(":")
    stored, server = (base64.b64decode(each) for each in keys.split(":"))
    # RFC 5802, section 3: what client and server compute.
    salted = hashlib.pbkdf2_hmac("sha256", b"correct horse", base64.b64decode(salt), int(count))
    client = hmac.new(salted, b"Client Key", "sha256").digest()
    assert scheme == "SCRAM-SHA-256"
    assert hashlib.sha256(client).digest() == stored
    assert hmac.new(salted, b"Server Key", "sha256").digest() == server


def test_it_differs_by_password_and_database_and_holds_neither() -> None:
    made = {verifier("one", "a"), verifier("two", "a"), verifier("one", "b")}
    assert len(made) == 3
    assert not any("one" in each for each in made)
    assert verifier("one", "a") in made
