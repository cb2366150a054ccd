# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to a live service by one command, and what a platform has to bear afterwards.

The tests are one story, told in this order; each leaves to the next what it found.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab import podman
from lab.place import Place
from tests.e2e.load import Load
from tests.e2e.platform import Platform, changed
from tests.lab.waiting import eventually
from tests.lab.whole.program import ROOT

MOVIE = {"title": "The Voyage Out", "director": "V. Woolf"}
MOMENTS = (
    "TASK [Wait until the host can be entered]",
    "TASK [slipway.platform.flask_service : ",
    "PLAY [Run the release]",
)
"""Where the first run is killed: hosts that have just been launched, half configured, half deployed."""


RED = ('AtHead(engine, "inventory")}', 'AtHead(engine, "inventory"), "broken": lambda: 1 / 0}')
"""Makes the inventory service's /ready red."""


def test_an_empty_account_gets_its_plan_and_a_plain_word_that_no_host_is_there(platform: Platform) -> None:
    platform.good("up", seconds=1800)
    done = platform.play("site.yml", "--check", "--diff")
    assert done.code == 0, done.text
    assert re.search(r"^ *Plan: \d+ to add, 0 to change, 0 to replace, 0 to destroy\.", done.output, re.MULTILINE)
    assert "No host of platform-lab is there yet" in done.output


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_command_killed_goes_on(platform: Platform, moment: str) -> None:
    platform.make_killed_at("lab", moment)


def test_one_command_makes_the_platform(platform: Platform) -> None:
    done = platform.make("lab")
    assert done.code == 0, done.text
    hosts = platform.hosts()
    assert sorted(hosts) == ["bastion-1", "flask-service-1", "flask-service-2"]
    assert platform.domain in done.output


def rows(platform: Platform, place: Place) -> str:
    """What the database itself has of the movies."""
    (container,) = podman.standing(place, "database")
    psql = ["/usr/lib/postgresql/15/bin/psql", "--host=/run/postgresql", "--username=rdsadmin", "--dbname=inventory"]
    return podman.execute(container, [*psql, "--tuples-only", "--command=SELECT title FROM movies"])


def test_what_is_posted_to_the_load_balancer_is_served_by_the_gateway_and_is_in_the_database(
    platform: Platform, place: Place
) -> None:
    status, made = platform.request("POST", "/inventory/movies", MOVIE)
    assert status == 201, made
    status, listed = platform.request("GET", "/api/movies")
    assert status == 200
    assert MOVIE["title"] in json.dumps(listed)
    assert MOVIE["title"] in rows(platform, place)
    assert platform.request("GET", "/nothing")[0] == 404


def test_a_second_run_changes_nothing(platform: Platform) -> None:
    done = platform.make("lab")
    assert done.code == 0, done.text
    assert set(changed(done.output).values()) == {0}, done.output


def test_a_check_of_the_converged_platform_finds_nothing_to_change(platform: Platform) -> None:
    done = platform.play("site.yml", "--check", "--diff")
    assert done.code == 0, done.text
    assert set(changed(done.output).values()) == {0}, done.output


def secret(platform: Platform, name: str) -> dict[str, Any]:
    text = platform.aws("secretsmanager", "get-secret-value", "--secret-id", f"platform-lab/{name}")["SecretString"]
    value: dict[str, Any] = json.loads(text)
    return value


SEARCH = """
cat >/run/pattern
found() { echo "found in $1"; }
for each in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
    tr '\\0' '\\n' <"$each" 2>/dev/null | grep -qFf /run/pattern && found "$each"
done
systemctl show '*' | grep -qFf /run/pattern && found units
journalctl --quiet | grep -qFf /run/pattern && found journal
find / -xdev -type f -perm -o=r -size -2048k -print0 | xargs -0 grep -lFf /run/pattern
rm /run/pattern
echo searched
"""
"""Looks on a host for the text of standard input: arguments, environments, units, journal, files that all may read."""


def test_secrets_are_nowhere(platform: Platform, place: Place) -> None:
    password = secret(platform, "database-inventory")["password"]
    done = platform.play("site.yml", "-vvv", "--diff")
    assert done.code == 0, done.text
    assert password not in done.text
    for name, host in platform.hosts().items():
        told = podman.execute(place.container(host["id"]), ["sh", "-uc", SEARCH], text=password, seconds=300)
        assert told.split() == ["searched"], f"{name}: {told}"


def another_version(folder: Path, package: str, number: str, *replacements: tuple[str, str]) -> str:
    """A copy of the services in which a package has another version and other text; the option that deploys it."""
    shutil.copytree(ROOT / "services", folder, ignore=shutil.ignore_patterns("tests", "__pycache__", ".*"))
    project = folder / package / "pyproject.toml"
    project.write_text(re.sub(r'^version = ".*"$', f'version = "{number}"', project.read_text(), flags=re.MULTILINE))
    for old, new in replacements:
        (path,) = [path for path in (folder / package).rglob("*.py") if old in path.read_text()]
        path.write_text(path.read_text().replace(old, new))
    return f"flask_service_source={folder}"


def running(platform: Platform, place: Place) -> dict[str, str]:
    """Host → the version of the inventory service that answers there."""
    found = {}
    for name, host in platform.hosts().items():
        if name.startswith("flask-service"):
            health = ["curl", "--silent", "--fail", "http://127.0.0.1:8080/health"]
            found[name] = json.loads(podman.execute(place.container(host["id"]), health))["version"]
    return found


def test_a_new_version_is_rolled_out_under_load_without_a_failed_request(
    platform: Platform, place: Place, tmp_path: Path
) -> None:
    new = another_version(tmp_path / "services", "inventory", "1.1.0")
    with Load(platform, tmp_path / "load.log") as load:
        done = platform.play("playbooks/deploy.yml", "-e", new)
    assert done.code == 0, done.text
    assert running(platform, place) == {"flask-service-1": "1.1.0", "flask-service-2": "1.1.0"}
    assert load.failed == []
    assert load.count.total() > 100


def test_a_version_that_is_never_ready_is_rolled_back_without_a_failed_request(
    platform: Platform, place: Place, tmp_path: Path
) -> None:
    red = another_version(tmp_path / "services", "inventory", "1.2.0", RED)
    before = running(platform, place)
    with Load(platform, tmp_path / "load.log") as load:
        done = platform.play("playbooks/deploy.yml", "-e", red)
    assert done.code != 0
    assert "1.2.0" in done.text
    assert running(platform, place) == before
    assert load.failed == []
    assert load.count.total() > 100


def test_a_host_destroyed_by_hand_is_rebuilt_and_serves_again(platform: Platform) -> None:
    gone = platform.hosts()["flask-service-1"]["id"]
    platform.aws("ec2", "terminate-instances", "--instance-ids", gone)
    platform.execute("aws", "ec2", "wait", "instance-terminated", "--instance-ids", gone)
    done = platform.make("lab")
    assert done.code == 0, done.text
    assert platform.hosts()["flask-service-1"]["id"] != gone
    health = platform.aws("elbv2", "describe-target-groups")["TargetGroups"]
    for group in health:
        told = platform.aws("elbv2", "describe-target-health", "--target-group-arn", group["TargetGroupArn"])
        states = [target["TargetHealth"]["State"] for target in told["TargetHealthDescriptions"]]
        assert states == ["healthy", "healthy"], group["TargetGroupName"]


def test_a_rotated_password_reaches_service_and_database(platform: Platform, tmp_path: Path) -> None:
    old = secret(platform, "database-inventory")
    new = json.dumps({**old, "password": f"{old['password'][::-1]}x"})
    (tmp_path / "secret.json").write_text(new)
    where = ["--secret-id", "platform-lab/database-inventory"]
    platform.aws("secretsmanager", "put-secret-value", *where, "--secret-string", f"file://{tmp_path / 'secret.json'}")
    done = platform.make("lab")
    assert done.code == 0, done.text
    assert sum(changed(done.output).values()) > 0
    with Load(platform, tmp_path / "load.log") as load:
        eventually(lambda: len((tmp_path / "load.log").read_text().splitlines()), lambda count: count > 100)
    assert load.failed == []
    again = platform.make("lab")
    assert set(changed(again.output).values()) == {0}, again.output


def test_the_command_takes_it_all_away(platform: Platform) -> None:
    done = platform.make("lab-down")
    assert done.code == 0, done.text
