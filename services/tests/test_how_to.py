# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service of docs/how-to/add-a-service.md works when its steps are followed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.testing import SERVICES, Postgres, environment, served, variables
from services.tests.test_packages import build

PAGE = (SERVICES.parent / "docs/how-to/add-a-service.md").read_text()
INVENTORY = SERVICES / "inventory/src/inventory"
MIGRATION = """
from alembic import op
from sqlalchemy import Column, Integer
revision = "0001"
down_revision = None
def upgrade() -> None:
    op.create_table("ratings", Column("id", Integer, primary_key=True))
"""


def block(language: str, beginning: str) -> str:
    """The page's block of code that has ``beginning``."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = (one for one in blocks if beginning in one)
    return str(found)


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """The folder of the service, made as the page says."""
    folder = tmp_path / "ratings"
    package = folder / "src/ratings"
    (package / "migrations/versions").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(block("text", "[project]"))
    (package / "__init__.py").write_text(block("python", "def create_app"))
    (package / "openapi.yaml").write_text("openapi: 3.1.0\n")
    (package / "__main__.py").write_text((INVENTORY / "__main__.py").read_text().replace("inventory", "ratings"))
    (package / "migrations/env.py").write_text((INVENTORY / "migrations/env.py").read_text())
    (package / "migrations/versions/0001_ratings.py").write_text(MIGRATION)
    return folder


def test_the_service_of_the_page_runs(
    ratings: Path, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = build(ratings, tmp_path / "wheels")
    assert wheel.name == "slipway_ratings-1.0.0-py3-none-any.whl"
    monkeypatch.setattr("services.testing.SOURCES", [ratings / "src", SERVICES / "kit/src"])
    given = {**environment(postgres.create()), "RATINGS_MAX_STARS": "10"}
    subprocess.run([sys.executable, "-m", "ratings", "migrate"], env=variables(given), check=True)
    with served("ratings", tmp_path / "log", given) as server:
        assert server.get("/ready").status == 200
        assert server.get("/ratings/scale").json() == {"stars": 10}
