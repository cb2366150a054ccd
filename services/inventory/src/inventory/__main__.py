# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m inventory migrate``: bring the database to this release's schema."""

from __future__ import annotations

import argparse
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from service_kit import database, migrations
from service_kit.database import DatabaseSettings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inventory", description=__doc__)
    parser.add_argument("command", choices=["migrate"])
    parser.parse_args()
    engine = database.engine(DatabaseSettings.load(os.environ))
    try:
        before, after = migrations.migrate(engine, "inventory")
    except SQLAlchemyError as error:
        sys.exit(f"migrate: {database.reason(error)}")
    print(f"migrated: {before or 'none'} -> {after}" if after != before else f"nothing to migrate: {after}")


if __name__ == "__main__":
    main()
