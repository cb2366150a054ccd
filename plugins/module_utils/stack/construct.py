# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constructs: documents that stand for several others. Expansion is a pure function; what it gives is checked like
any document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ansible_collections.slipway.platform.plugins.module_utils.stack.names import Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Field

Document = dict[str, Any]


class Construct:
    """Base of all constructs. Fields that name other documents are plain strings here: the expanded documents refer."""

    name: ClassVar[str]
    doc: ClassVar[str]
    fields: ClassVar[Mapping[str, Field]]

    def check(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[str]:
        """Rules between the fields: yields what is wrong, each with its remedy. Called before ``expand``."""
        return iter(())

    def expand(self, name: str, values: Mapping[str, Any], scope: Scope) -> Iterator[Document]:
        """The documents (with ``type`` and ``name``) that this one stands for."""
        raise NotImplementedError
