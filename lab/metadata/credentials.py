# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the credentials of instance profiles come from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Credentials(Protocol):
    """One set. ``expires`` is in UTC."""

    @property
    def access_key(self) -> str:
        """Its public part."""

    @property
    def secret_key(self) -> str:
        """What requests are signed with."""

    @property
    def token(self) -> str:
        """Goes with each request."""

    @property
    def expires(self) -> datetime:
        """When it is not accepted any more."""


Source = Callable[[str, str], Credentials]
"""From a role's name and an instance's id: the same set until there is a newer one, well before the old one expires.

Raises LookupError, with the reason, where there is no such role.
"""
