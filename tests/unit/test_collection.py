# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's files agree with each other: metadata, locks, headers, and what each part may speak of."""

from __future__ import annotations

import ast
import configparser
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
GENERATED = {"__pycache__", "build", "changelog.yaml"}
"""Folders and files that programs write."""

OWN = {"ansible.builtin", "ansible.legacy", "slipway.platform"}
"""Namespaces that need no other collection."""

FQCN = re.compile(r"^\s*(?:- )?([a-z_]+\.[a-z_]+)\.[a-z_.]+:", re.MULTILINE)


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def files(*folders: str) -> Iterator[Path]:
    """The repository's own files: no link, nothing hidden but .ci, nothing generated."""
    for folder in folders:
        for parent, names, leaves in os.walk(ROOT / folder):
            names[:] = [name for name in names if name not in GENERATED and (name[0] != "." or name == ".ci")]
            names[:] = [name for name in names if not Path(parent, name).is_symlink()]
            yield from (Path(parent, leaf) for leaf in leaves if leaf not in GENERATED)


def relative(paths: Iterator[Path]) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def is_code(path: Path) -> bool:
    """Python, YAML and shell, the last also without a suffix."""
    return path.suffix in {".py", ".yml", ".yaml", ".sh"} or (not path.suffix and path.read_bytes()[:2] == b"#!")


def test_the_collection_can_be_imported_in_place() -> None:
    link = ROOT / "collections/ansible_collections/slipway/platform"
    assert link.is_symlink()
    assert link.resolve() == ROOT
    assert not os.path.isabs(os.readlink(link))


def test_every_code_file_names_its_licence() -> None:
    heads = ((path, path.read_text()[:400]) for path in files(".") if is_code(path))
    assert relative(path for path, head in heads if LICENCE not in head) == []


def test_yaml_starts_with_its_licence_then_the_document() -> None:
    documents = (path for path in files(".") if path.suffix in {".yml", ".yaml"})
    beginning = f"# {LICENCE}\n---\n"
    assert relative(path for path in documents if not path.read_text().startswith(beginning)) == []


def test_python_starts_with_copyright_licence_and_a_docstring() -> None:
    beginning = re.compile(
        rf"(#!.*\n)?# Copyright \(c\) 2026 Slipway contributors\n# GNU General Public License v3\.0\+ .*\n# {LICENCE}\n"
    )
    sources = ((path, path.read_text()) for path in files(".") if path.suffix == ".py")
    assert relative(path for path, text in sources if not beginning.match(text)) == []


@pytest.mark.parametrize("folder", ["roles", "plugins", "inventories"])
def test_what_runs_on_aws_never_speaks_of_the_stand_in(folder: str) -> None:
    own = (path for path in files(folder) if not path.is_relative_to(ROOT / "inventories/lab"))
    spoken = (path for path in own if re.search(rb"\blab\b", path.read_bytes(), re.IGNORECASE))
    assert relative(spoken) == []


def test_galaxy_and_changelog_agree_on_the_version() -> None:
    version = load("galaxy.yml")["version"]
    released = ROOT / "changelogs/changelog.yaml"
    noted = load("changelogs/changelog.yaml")["releases"] if released.exists() else {}
    assert version in noted or (ROOT / f"changelogs/fragments/{version}.yml").exists()


def documentation(module: Path) -> Any:
    """A module's DOCUMENTATION, read without importing it."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no DOCUMENTATION")


def test_the_action_group_holds_the_modules_about_a_stack_and_no_other() -> None:
    """A group's default that a member does not know is an error, so its members are those that share the options."""
    modules = (path for path in (ROOT / "plugins/modules").glob("[!_]*.py"))
    fragments = {path.stem: documentation(path).get("extends_documentation_fragment", []) for path in modules}
    about_a_stack = {name for name, extended in fragments.items() if "slipway.platform.stack" in extended}
    assert set(load("meta/runtime.yml")["action_groups"]["slipway"]) == about_a_stack


def test_nothing_is_exempt_from_the_sanity_tests() -> None:
    ignored = list((ROOT / "tests/sanity").glob("ignore*"))
    assert [path.name for path in ignored] == ["ignore-2.19.txt"]
    assert ignored[0].read_text() == ""


def used_collections() -> set[str]:
    """The collections whose modules roles and playbooks name."""
    sources = (path.read_text() for path in files("roles", "playbooks") if path.suffix == ".yml")
    return {name for text in sources for name in FQCN.findall(text)} - OWN


def test_used_collections_are_declared_for_galaxy_and_for_a_clone() -> None:
    dependencies = load("galaxy.yml")["dependencies"]
    required = {entry["name"]: entry["version"] for entry in load("collections/requirements.yml")["collections"]}
    assert dependencies == required
    assert used_collections() - dependencies.keys() == set()


def pins(lock: Path) -> dict[str, str]:
    """Package → version, as a lock pins them."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE))


def requirements(source: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in source.read_text().splitlines())
    return [Requirement(line) for line in lines if line]


@pytest.mark.parametrize(
    ("source", "lock"),
    [
        ("requirements/bootstrap.in", "bootstrap"),
        ("requirements/dev.in", "dev"),
        ("requirements/bench.in", "bench"),
        ("requirements.txt", "dev"),
        ("requirements.txt", "bench"),
    ],
)
def test_locks_satisfy_what_they_are_made_from(source: str, lock: str) -> None:
    locked = pins(ROOT / f"requirements/{lock}.lock")
    wanted = requirements(ROOT / source)
    assert wanted
    assert [str(want) for want in wanted if locked.get(want.name.lower(), "0") not in want.specifier] == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=[a-z0-9-]+==)", lock.read_text())[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_bench_compares_on_the_same_ansible_core() -> None:
    assert (
        pins(ROOT / "requirements/bench.lock")["ansible-core"] == pins(ROOT / "requirements/dev.lock")["ansible-core"]
    )


def test_the_settings_of_ansible_are_safe_and_hide_nothing() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "ansible.cfg")
    assert settings["defaults"].getboolean("host_key_checking") is True
    assert settings["defaults"].getboolean("inject_facts_as_vars") is False
    assert settings["inventory"].getboolean("any_unparsed_is_failed") is True
    silenced = [key for section in settings.values() for key in section if key.endswith("_warnings")]
    assert silenced == []


def test_what_a_clone_must_not_contain_is_ignored_by_git() -> None:
    secret = [".venv", ".venv-bench", ".cache/x", "build/x", "collections/ansible_collections/amazon/aws/x", "x.tar.gz"]
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = ["git", "check-ignore", "--no-index", *secret]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == secret


def test_the_link_is_not_ignored_by_git() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = ["git", "check-ignore", "--no-index", "collections/ansible_collections/slipway/platform"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 1
