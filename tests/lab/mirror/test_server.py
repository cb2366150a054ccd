# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror's server, its cache and its listeners, before registries made here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import podman
from lab.machine import run
from lab.mirror.upstreams import Upstreams, package_index, upstream
from lab.place import MIRROR_NAME
from tests.lab.mirror import support

_PAGE = """\
<a href="{url}/shelf/a.whl">absolute</a>
<a href="../../packages/b.whl">relative</a>
<a href="/shelf/c.whl">rooted</a>
<a href="https://files.example/d.whl">elsewhere</a>
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[support.Machine]:
    with support.machine(tmp_path_factory.mktemp("mirror")) as made:
        yield made


def _only(url: str) -> Callable[[], Upstreams]:
    """Everything from one registry, which wants credentials for its index."""
    archive = upstream(f"{url}/debian")
    index, files = package_index(f"{url.replace('//', '//jane:s%20cret@')}/team/pypi/simple/")
    return lambda: Upstreams(archive, archive, index, files, Path("/etc/ssl/certs/ca-certificates.crt"))


def test_links_of_an_index_lead_through_the_mirror(machine: support.Machine) -> None:
    pages = {"/shelf/a.whl": "a", "/team/pypi/packages/b.whl": "b", "/shelf/c.whl": "c"}
    with support.registry(pages) as (url, asked), support.mirror(machine, _only(url)):
        pages["/team/pypi/simple/six/"] = _PAGE.format(url=url)
        status, body = machine.get("/pypi/simple/six/?ignored=1")
        assert (status, [line.split('"')[1] for line in body.decode().splitlines()]) == (
            200,
            [
                "/pypi/files/shelf/a.whl",
                "/pypi/files/team/pypi/packages/b.whl",
                "/pypi/files/shelf/c.whl",
                "https://files.example/d.whl",
            ],
        )
        assert [machine.get(line.split('"')[1])[1] for line in body.decode().splitlines()[:3]] == [b"a", b"b", b"c"]
        authority, jane = url.removeprefix("http://"), "Basic amFuZTpzIGNyZXQ="
        assert asked[0] == f"GET /team/pypi/simple/six/ {authority} {jane} None"


def test_what_was_served_once_is_served_from_the_cache(machine: support.Machine) -> None:
    name = "/debian/pool/a+b_1%253a2~3.deb"  # of a file whose own name has %3a for a colon, as Debian's do
    pages = {name: "package"}
    with support.registry(pages) as (url, asked), support.mirror(machine, _only(url)):
        for _ in range(3):
            assert machine.get(name) == (200, b"package")
            assert machine.get("/debian/pool/missing.deb")[0] == 404
        assert [line.split()[1] for line in asked].count(name) == 1


def test_nothing_but_reading(machine: support.Machine) -> None:
    with support.registry({}) as (url, asked), support.mirror(machine, _only(url)):
        for method in ("POST", "PUT", "DELETE", "PURGE"):
            for path in ("/debian/pool/a.deb", "/pypi/simple/six/", "/artefacts/a"):
                request = f"{method} {path} HTTP/1.0\nHost: {MIRROR_NAME}\nContent-Length: 0\n\n"
                assert machine.ask(request).split()[1] == b"405", request
        assert asked == []


def test_a_killed_server_is_started_again_and_a_new_daemon_takes_over_a_running_one(machine: support.Machine) -> None:
    pages = {"/debian/pool/a.deb": "a", "/debian/pool/b.deb": "b", "/debian/pool/c.deb": "c"}
    name = machine.place.container("mirror")
    with support.registry(pages) as (url, _asked):
        with support.mirror(machine, _only(url)) as part:
            assert machine.get("/debian/pool/a.deb") == (200, b"a")
            podman.signal(name, "KILL")
            run(["podman", "wait", name])
            assert [each.subject for each in part.converge(support.account(support.VPC))] == ["mirror"]
            support.settle(part, seconds=20)
            assert machine.get("/debian/pool/b.deb") == (200, b"b")
        with pytest.raises(ConnectionRefusedError):
            machine.connect()
        before = run(["podman", "inspect", "--format={{.Id}}", name])
        with support.mirror(machine, _only(url)):
            assert machine.get("/debian/pool/c.deb") == (200, b"c")
            assert run(["podman", "inspect", "--format={{.Id}}", name]) == before


def test_listeners_follow_the_vpcs(machine: support.Machine) -> None:
    with support.registry({}) as (url, _asked), support.mirror(machine, _only(url)) as part:
        with machine.connect() as held:
            assert part.converge(support.account()) == []
            with pytest.raises(ConnectionResetError):  # it does not keep a removed VPC's namespace
                held.recv(1)
        with pytest.raises(ConnectionRefusedError):
            machine.connect()
        support.settle(part, seconds=10)
        assert machine.get("/health")[0] == 200

        machine.remove_vpc()
        pending = part.converge(support.account(support.VPC))
        assert [each.subject for each in pending] == [support.VPC]
        machine.build_vpc()
        support.settle(part, seconds=10)
        assert machine.get("/health")[0] == 200

        machine.remove_vpc()  # and made anew between two rounds
        machine.build_vpc()
        support.settle(part, seconds=10)
        assert machine.get("/health")[0] == 200


def test_two_labs_have_a_cache_each_and_a_dead_one_leaves_its_cache_to_the_next(
    machine: support.Machine, tmp_path: Path
) -> None:
    pages = {"/debian/pool/a.deb": "a"}
    with support.registry(pages) as (url, asked), support.machine(tmp_path) as other:
        other.cache = machine.cache
        with support.mirror(machine, _only(url)), support.mirror(other, _only(url)):
            assert machine.get("/debian/pool/a.deb") == other.get("/debian/pool/a.deb") == (200, b"a")
            assert len(asked) <= 2
        pages.clear()
        with support.mirror(other, _only(url)):  # takes the first slot, whose server is still there
            assert podman.standing(machine.place) == {}
            assert other.get("/debian/pool/a.deb") == (200, b"a")


def test_artefacts_are_served_as_they_lie_there(machine: support.Machine) -> None:
    folder = machine.cache / "artefacts"
    folder.mkdir(parents=True, exist_ok=True)
    with support.registry({}) as (url, _asked), support.mirror(machine, _only(url)):
        (folder / "manifest.yml").write_text("kubectl: {}\n")
        assert machine.get("/artefacts/manifest.yml") == (200, b"kubectl: {}\n")
        assert machine.get("/artefacts/")[0] == 403
