# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Text, func

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "movies",
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("title", Text, CheckConstraint("char_length(title) BETWEEN 1 AND 200"), nullable=False),
        Column("director", Text, CheckConstraint("char_length(director) BETWEEN 1 AND 200"), nullable=False),
        Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    )
