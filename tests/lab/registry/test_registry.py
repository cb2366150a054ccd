# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images pushed and pulled by podman, as on the operator's machine, in the lab's ``control`` namespace."""

from __future__ import annotations

import io
import operator
import os
import tarfile
from collections.abc import Iterator

import pytest

from lab import image, namespaces, podman
from lab.account.model import Endpoint, Repository
from lab.authority import Authority
from lab.machine import Failed, run
from lab.network.part import Network
from lab.place import REGISTRY, Place
from lab.reconcile import Pending
from lab.registry.part import Registry
from tests.lab.accounts import Accounts, rule
from tests.lab.waiting import eventually

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DEADLINE = 180.0
RIGHT = "right"


class World:
    """A registry with the repository ``shop/api``, and a client with an image storage of its own."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.accounts = Accounts()
        self.password = RIGHT
        self.repository("shop/api")
        self.authority = Authority(place.part("authority"))
        self.network = Network(place)
        self.registry = self.new_part()
        self.folder = place.part("client")
        folders = [f"--root={self.folder}/storage", f"--runroot={self.folder}/run"]
        self.storage = ["podman", "--storage-driver=vfs", *folders]
        (self.folder / "certificates").mkdir()
        (self.folder / "certificates" / "ca.crt").write_bytes(self.authority.bundle.read_bytes())
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost\n{REGISTRY} {HOST}\n")

    def new_part(self) -> Registry:
        """What a daemon that starts anew would have."""
        return Registry(self.place, self.authority, image.ensure, lambda: self.password)

    def repository(self, name: str, immutable: bool = False) -> None:
        arn = f"arn:aws:ecr:us-east-1:123456789012:repository/{name}"
        self.accounts.put("repositories", arn, Repository(arn, name, "us-east-1", immutable))

    def delete(self, name: str) -> None:
        self.accounts.remove("repositories", f"arn:aws:ecr:us-east-1:123456789012:repository/{name}")

    def round(self) -> list[Pending]:
        account = self.accounts.account
        return [*self.network.converge(account), *self.registry.converge(account)]

    def settle(self) -> None:
        """Rounds until one leaves nothing to do."""
        eventually(self.round, operator.not_, DEADLINE)

    def podman(self, *command: str, namespace: str = "control") -> str:
        """Run podman in a namespace of the lab, with its names and a storage that nobody else uses. Raises `Failed`."""
        enter = ["nsenter", f"--net={namespaces.path(self.place.namespace(namespace))}", "unshare", "--mount"]
        hosts = f'mount --bind {self.folder}/hosts /etc/hosts && exec "$@"'
        return run([*enter, "sh", "-c", hosts, "sh", *self.storage, *command]).strip()

    def create(self, tag: str, content: bytes = b"") -> str:
        """An image of one file in the client's storage, without content a random one of 3 MB; returns its id."""
        tar = self.folder / "image.tar"
        content = content or os.urandom(3_000_000)
        with tarfile.open(tar, "w") as archive:
            entry = tarfile.TarInfo("file")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        identity = run([*self.storage, "import", "--quiet", str(tar), f"{HOST}/{tag}"])
        return identity.strip().removeprefix("sha256:")

    def push(self, tag: str, token: str = RIGHT, namespace: str = "control") -> None:
        """Push an image."""
        self.podman("push", "--quiet", *self._options(token), f"{HOST}/{tag}", namespace=namespace)

    def pull(self, tag: str, token: str = RIGHT) -> str:
        """Pull an image, which the client forgets first; returns its id."""
        run([*self.storage, "rmi", "--all", "--force"])
        return self.podman("pull", "--quiet", *self._options(token), f"{HOST}/{tag}")

    def _options(self, token: str) -> list[str]:
        return [f"--creds=AWS:{token}", f"--cert-dir={self.folder}/certificates"]


@pytest.fixture(scope="module")
def world(shared_place: Place) -> Iterator[World]:
    """One registry for all tests of this file."""
    made = World(shared_place)
    try:
        made.settle()
        yield made
    finally:
        made.registry.close()


def test_what_is_pushed_can_be_pulled(world: World) -> None:
    identity = world.create("shop/api:1")
    world.push("shop/api:1")
    assert world.pull("shop/api:1") == identity


def test_a_wrong_password_neither_pushes_nor_pulls(world: World) -> None:
    world.create("shop/api:2")
    with pytest.raises(Failed, match=r"403 \(Forbidden\)"):
        world.push("shop/api:2", "wrong")
    with pytest.raises(Failed, match="authorization token is invalid"):
        world.pull("shop/api:1", "wrong")


def test_a_new_token_replaces_the_old_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "password", "new")
    with pytest.raises(Failed, match="authorization token is invalid"):
        world.pull("shop/api:1")
    world.pull("shop/api:1", "new")


def test_a_repository_that_does_not_exist_takes_nothing(world: World) -> None:
    world.create("other:1")
    with pytest.raises(Failed, match="The repository with name 'other' does not exist"):
        world.push("other:1")
    world.repository("other")
    world.settle()
    world.push("other:1")


def test_a_deleted_repository_takes_its_images_with_it(world: World) -> None:
    world.repository("short")
    world.repository("short/lived")
    world.settle()
    for tag in ("short:1", "short/lived:1"):
        world.create(tag)
        world.push(tag)
    world.delete("short")
    world.settle()
    world.repository("short")
    world.settle()
    with pytest.raises(Failed, match="manifest unknown"):
        world.pull("short:1")
    world.pull("short/lived:1")


def test_an_immutable_tag_does_not_move(world: World) -> None:
    world.repository("fixed", immutable=True)
    world.settle()
    world.create("fixed:1", b"one")
    world.push("fixed:1")
    world.push("fixed:1")  # the same again
    world.create("fixed:1", b"two")
    with pytest.raises(Failed, match="cannot be overwritten because the tag is immutable"):
        world.push("fixed:1")


def test_images_outlive_the_server_and_the_daemon(world: World) -> None:
    podman.signal(world.place.container("registry"), "KILL")
    world.registry.close()
    world.registry = world.new_part()
    world.settle()
    world.pull("shop/api:1")


def test_an_interface_endpoint_is_a_way_to_it(world: World) -> None:
    accounts = world.accounts
    vpc = accounts.vpc(internet=False)
    subnet = accounts.subnet(vpc, "10.0.1.0/24", accounts.table(vpc))
    group = accounts.group(vpc, ingress=[rule("tcp", 443)])
    client = accounts.interface(subnet, "10.0.1.9", group)
    accounts.put("endpoints", "vpce-1", Endpoint("vpce-1", vpc, "ecr.dkr", "interface", None, True))
    accounts.interface(subnet, "10.0.1.7", group, owner=("endpoint", "vpce-1"))
    world.settle()
    world.create("shop/api:3")
    (world.folder / "hosts").write_text(f"127.0.0.1 localhost\n10.0.1.7 {HOST}\n")
    world.push("shop/api:3", namespace=client)


def test_without_repositories_no_server_runs(world: World) -> None:
    for arn in list(world.accounts.account.repositories):
        world.accounts.remove("repositories", arn)
    world.settle()
    assert not podman.standing(world.place, "registry")
