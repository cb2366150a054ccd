# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's verifiers of passwords."""

from __future__ import annotations

import base64
import secrets

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.slipway.platform.plugins.filter.scram_sha_256 import FilterModule, scram_sha_256


def test_is_that_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    # RFC 7677's example: the password `pencil`; its keys as PostgreSQL writes them.
    monkeypatch.setattr(secrets, "token_bytes", lambda _size: base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert scram_sha_256("pencil") == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_the_salt_is_another_each_time() -> None:
    assert scram_sha_256("pencil") != scram_sha_256("pencil")


@pytest.mark.parametrize("password", ["", "käse", "tab\t", "new\nline", 12, None])
def test_refuses_what_it_might_get_wrong(password: str) -> None:
    with pytest.raises(AnsibleFilterError, match="printable ASCII") as caught:
        scram_sha_256(password)
    assert not password or str(password) not in str(caught.value)


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"scram_sha_256": scram_sha_256}
