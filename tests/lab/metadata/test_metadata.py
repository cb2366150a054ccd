# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service in real namespaces, asked by the SDK and over plain sockets."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.utils import InstanceMetadataFetcher, InstanceMetadataRegionFetcher

from lab import namespaces
from lab.machine import run
from lab.metadata.part import Metadata
from lab.metadata.service import LIFETIME, SESSION
from lab.network.part import Network
from lab.place import METADATA, Place
from tests.lab.accounts import Accounts

PATIENCE = 10.0
"""Seconds that an answer may take on a busy machine."""
SILENCE = 0.5
"""Seconds until silence counts as no answer, where none is expected."""
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
ADDRESS = "10.0.1.5"
POD = "10.88.0.2"


@dataclass(frozen=True)
class Given:
    access_key: str
    secret_key: str = "hidden"
    token: str = "session"
    expires: datetime = LATER


class World:
    """Two VPCs of one range: ``web`` and ``plain`` in the first, ``far`` in the second with the address of ``web``."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.build = Accounts()
        self.network = Network(place)
        self.metadata = Metadata(place, lambda role, instance: Given(f"{role}-{instance}"))
        subnets = [self._subnet(), self._subnet()]
        profile = ("arn:aws:iam::123456789012:instance-profile/web", "web")
        self.web = self.build.instance(subnets[0], ADDRESS, self.closed(subnets[0]), profile=profile)
        self.plain = self.build.instance(subnets[0], "10.0.1.6", tokens_required=False)
        self.far = self.build.instance(subnets[1], ADDRESS)
        self.nobody = self.build.interface(subnets[0], "10.0.1.7", owner=("load_balancer", "arn:aws:lb"))

    def _subnet(self) -> str:
        vpc = self.build.vpc()
        return self.build.subnet(vpc, "10.0.1.0/24", self.build.table(vpc))

    def closed(self, subnet: str) -> str:
        """A group without rules: the service is reached all the same."""
        return self.build.group(self.build.account.subnets[subnet].vpc, egress=())

    def converge(self) -> None:
        """Bring the machine to the account as it is now."""
        assert not self.network.converge(self.build.account)
        assert not self.metadata.converge(self.build.account)

    def at(self, instance: str) -> str:
        """The namespace of an instance."""
        return self.place.namespace(self.build.account.instances[instance].interface)

    def connect(self, namespace: str) -> http.client.HTTPConnection:
        """A connection to the service."""
        connection = http.client.HTTPConnection(str(METADATA), timeout=PATIENCE)
        with namespaces.inside(namespace):
            connection.connect()
        return connection

    def ask(
        self, namespace: str, path: str = "/latest/meta-data/instance-id", method: str = "GET", **headers: str
    ) -> tuple[int, str]:
        """The response's status and body, on a connection of its own."""
        connection = self.connect(namespace)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with connection.getresponse() as response:
            return response.status, response.read().decode()

    def token(self, namespace: str) -> str:
        """A session's token."""
        status, token = self.ask(namespace, "/latest/api/token", "PUT", **{LIFETIME: "60"})
        assert status == 200
        return token


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    made = World(place)
    made.converge()
    yield made
    made.metadata.close()


def fetcher(kind: Any = InstanceMetadataFetcher, **options: Any) -> Any:
    return kind(timeout=PATIENCE, num_attempts=1, env={}, **options)


def test_the_sdk_gets_the_credentials_of_the_instances_role(world: World) -> None:
    with namespaces.inside(world.at(world.web)):
        given = fetcher().retrieve_iam_role_credentials()
    assert given == {
        "role_name": "web",
        "access_key": f"web-{world.web}",
        "secret_key": "hidden",
        "token": "session",
        "expiry_time": LATER.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def test_the_sdk_gets_none_where_there_is_no_role(world: World) -> None:
    with namespaces.inside(world.at(world.far)):
        assert fetcher().retrieve_iam_role_credentials() == {}


def test_the_sdk_gets_the_region(world: World) -> None:
    with namespaces.inside(world.at(world.web)):
        assert fetcher(InstanceMetadataRegionFetcher).retrieve_region() == "us-east-1"


def test_every_vpc_has_its_own_service(world: World) -> None:
    """Two hosts with one address, each known by its VPC."""
    for instance in (world.web, world.far):
        namespace = world.at(instance)
        assert world.ask(namespace, **{SESSION: world.token(namespace)}) == (200, instance)


def test_a_token_is_required_or_not_as_the_instance_says(world: World) -> None:
    assert world.ask(world.at(world.web)) == (401, "")
    assert world.ask(world.at(world.plain)) == (200, world.plain)
    world.build.change("instances", world.plain, tokens_required=True)
    world.converge()
    assert world.ask(world.at(world.plain)) == (401, "")


def test_another_hosts_token_is_refused(world: World) -> None:
    token = world.token(world.at(world.web))
    for other in (world.plain, world.far):
        assert world.ask(world.at(other), **{SESSION: token}) == (401, "")


def test_a_token_is_good_after_the_daemon_was_started_again(world: World) -> None:
    token = world.token(world.at(world.web))
    world.metadata.close()
    world.metadata = Metadata(world.place, lambda role, instance: Given(role))
    world.converge()
    assert world.ask(world.at(world.web), **{SESSION: token}) == (200, world.web)


def test_no_token_through_a_proxy(world: World) -> None:
    headers = {LIFETIME: "60", "X_Forwarded_For": "10.0.1.9"}
    assert world.ask(world.at(world.web), "/latest/api/token", "PUT", **headers) == (403, "")


def test_who_is_no_instance_is_told_nothing(world: World) -> None:
    assert world.ask(world.place.namespace(world.nobody)) == (404, "")


def test_one_connection_carries_many_requests(world: World) -> None:
    connection = world.connect(world.at(world.plain))
    for method, status, body in (
        ("GET", 200, world.plain),
        ("HEAD", 200, ""),
        ("POST", 405, ""),
        ("GET", 200, world.plain),
    ):
        connection.request(method, "/latest/meta-data/instance-id", body="x=1" if method == "POST" else None)
        response = connection.getresponse()
        assert (response.status, response.read().decode()) == (status, body)
    connection.close()


def test_many_hosts_ask_at_once(world: World) -> None:
    namespace = world.at(world.plain)
    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(lambda _: world.ask(namespace), range(200))) == {(200, world.plain)}


@pytest.mark.parametrize(("limit", "reached"), [(1, False), (2, True)])
def test_the_answer_with_the_token_goes_as_far_as_the_hop_limit(world: World, limit: int, reached: bool) -> None:
    """A container on the host is one hop further: on AWS, too, only the token's answer has the limit."""
    world.build.change("instances", world.plain, hop_limit=limit)
    world.converge()
    pod = a_pod(world, world.at(world.plain))
    assert world.ask(pod) == (200, world.plain)
    assert world.token(world.at(world.plain))
    if reached:
        assert world.ask(pod, **{SESSION: world.token(pod)}) == (200, world.plain)
    else:
        connection = world.connect(pod)
        assert connection.sock
        connection.sock.settimeout(SILENCE)
        connection.request("PUT", "/latest/api/token", headers={LIFETIME: "60"})
        with pytest.raises(TimeoutError):
            connection.getresponse()


def test_a_network_that_was_made_again_is_served_again(world: World) -> None:
    assert not world.network.converge(Accounts().account)
    assert not world.network.converge(world.build.account)
    assert not world.metadata.converge(world.build.account)
    assert world.ask(world.at(world.plain)) == (200, world.plain)


def test_what_has_no_network_yet_is_pending(world: World) -> None:
    vpc = world.build.vpc("10.9.0.0/16")
    assert [each.subject for each in world.metadata.converge(world.build.account)] == [vpc]
    world.converge()


def test_half_a_request_holds_nobody_up(world: World) -> None:
    with namespaces.inside(world.at(world.plain)):
        half = socket.create_connection((str(METADATA), 80), timeout=PATIENCE)
    with half:
        half.sendall(b"GET /latest/")
        assert world.ask(world.at(world.plain)) == (200, world.plain)


def a_pod(world: World, host: str) -> str:
    """A network namespace behind a host, as a container's is: the host forwards for it and hides its address."""
    pod = world.place.namespace("pod")
    run(["ip", "netns", "add", pod])
    run(["ip", "-n", host, "link", "add", "pod0", "type", "veth", "peer", "name", "eth0", "netns", pod])
    for namespace, device, address in ((host, "pod0", "10.88.0.1"), (pod, "eth0", POD)):
        run(["ip", "-n", namespace, "address", "add", f"{address}/24", "dev", device])
        run(["ip", "-n", namespace, "link", "set", device, "up"])
    run(["ip", "-n", pod, "route", "add", "default", "via", "10.88.0.1"])
    run(["ip", "netns", "exec", host, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
    rules = (
        "add chain ip pod nat { type nat hook postrouting priority 100; }\nadd rule ip pod nat oifname eth0 masquerade"
    )
    run(["ip", "netns", "exec", host, "nft", "-f", "-"], text=f"add table ip pod\n{rules}\n")
    return pod
