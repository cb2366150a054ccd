# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is there whole or not at all, and old ones go: for real, once more, and both in check mode."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.modules.release import converge


def options(path: Path, revision: str = "one", **others: Any) -> dict[str, Any]:
    base = {"environment": "a", "files": {"settings": "X=1\n"}, "credentials": {"TOKEN": "hush"}, "keep": 2, "used": []}
    return {"path": str(path), "revision": revision, **base, **others}


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def environment(path: Path, name: str) -> None:
    (path / "environments" / name).mkdir(parents=True)


def put(path: Path, revision: str, age: int, **others: Any) -> dict[str, Any]:
    """Put a release there which is so old."""
    result = converge(options(path, revision, **others), check=False)
    os.utime(path / "releases" / revision, (1000 - age, 1000 - age))
    return result


def test_a_release_has_its_files_its_credentials_and_its_environment(tmp_path: Path) -> None:
    environment(tmp_path, "a")
    (tmp_path / "environments/a/python").touch()
    assert converge(options(tmp_path), check=False) == {"changed": True, "removed": []}
    made = tmp_path / "releases/one"
    assert (made / "settings").read_text() == "X=1\n"
    assert (made / "credentials/TOKEN").read_text() == "hush"
    modes = {
        name: (made / name).stat().st_mode & 0o777 for name in ("", "settings", "credentials", "credentials/TOKEN")
    }
    assert modes == {"": 0o755, "settings": 0o644, "credentials": 0o700, "credentials/TOKEN": 0o600}
    assert (made / "environment/python").exists()
    assert names(tmp_path) == ["environments", "releases"]


def test_a_release_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    converge(options(tmp_path), check=False)
    assert converge(options(tmp_path, files={}), check=False) == {"changed": False, "removed": []}
    assert (tmp_path / "releases/one/settings").exists()


def test_check_mode_tells_the_change_and_makes_none(tmp_path: Path) -> None:
    assert converge(options(tmp_path), check=True)["changed"]
    assert names(tmp_path) == []
    converge(options(tmp_path), check=False)
    assert not converge(options(tmp_path), check=True)["changed"]


def test_a_killed_run_leaves_no_release_and_the_next_one_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "symlink_to", killed)
        with pytest.raises(KeyboardInterrupt):
            converge(options(tmp_path), check=False)
    assert not (tmp_path / "releases").exists()
    assert converge(options(tmp_path), check=False)["changed"]
    assert names(tmp_path) == ["releases"]


def test_old_releases_go_with_the_environments_that_only_they_ran_in(tmp_path: Path) -> None:
    for age, name in ((30, "a"), (20, "b"), (10, "c")):
        environment(tmp_path, name)
        result = put(tmp_path, f"in-{name}", age, environment=name)
    gone = [str(tmp_path / "releases/in-a"), str(tmp_path / "environments/a")]
    assert result == {"changed": True, "removed": gone}
    assert names(tmp_path / "releases") == ["in-b", "in-c"]
    assert names(tmp_path / "environments") == ["b", "c"]


@pytest.mark.parametrize("way", ["linked", "named"])
def test_a_release_in_use_stays_however_old_it_is(tmp_path: Path, way: str) -> None:
    put(tmp_path, "first", 30)
    if way == "linked":
        (tmp_path / "current").symlink_to("releases/first")
    for age, revision in ((20, "second"), (10, "third"), (0, "fourth")):
        put(tmp_path, revision, age, used=["first"] if way == "named" else [])
    assert names(tmp_path / "releases") == ["first", "fourth", "third"]


def test_a_release_that_is_put_back_counts_as_used(tmp_path: Path) -> None:
    for age, revision in ((30, "first"), (20, "second"), (10, "third")):
        put(tmp_path, revision, age, keep=9)
    assert converge(options(tmp_path, "first", keep=1), check=False)["changed"]
    assert names(tmp_path / "releases") == ["first", "third"]
