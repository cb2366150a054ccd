# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS, TCP, and what lasts through changes and crashes."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import ssl
import stat
from pathlib import Path

import pytest

from lab import podman
from lab.load_balancer.node import PART
from tests.lab.load_balancer.shapes import (
    ARN,
    NODES,
    certificate,
    condition,
    fixed,
    forward,
    group,
    health,
    listener,
    load_balancer,
    rule,
)
from tests.lab.load_balancer.world import World


def _client_tls(*protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def test_the_certificate_is_the_one_of_the_name_and_else_the_default(world: World) -> None:
    first, second = certificate("first.example.com"), certificate("second.example.com")
    secure = listener(
        443, rule(None, fixed(200, "secret")), protocol="HTTPS", certificates=(first.arn, second.arn),
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    )  # fmt: skip
    world.put(load_balancer(secure), certificates=[first, second])
    world.settle()
    expected = {"first.example.com": first, "second.example.com": second, "third.example.com": first}
    for name, one in expected.items():
        answer = world.get("/", 443, host=name, tls=_client_tls())
        assert (answer.body, answer.certificate) == ("secret", ssl.PEM_cert_to_DER_cert(one.certificate))
    files = [each for each in world.place.part(PART).rglob("*.pem") if each.is_file()]
    assert files
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_clients_may_speak_http_2_and_no_old_tls(world: World) -> None:
    own = certificate("web.example.com")
    secure = listener(443, rule(None, fixed(200)), protocol="HTTPS", certificates=(own.arn,), ssl_policy="…TLS13-1-3…")
    world.put(load_balancer(secure), certificates=[own])
    world.settle()
    with world.connect(443) as plain, _client_tls("h2", "http/1.1").wrap_socket(plain) as line:
        assert (line.selected_alpn_protocol(), line.version()) == ("h2", "TLSv1.3")
    old = _client_tls()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with world.connect(443) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain)


def test_targets_may_speak_tls(world: World, tmp_path: Path) -> None:
    own = certificate("target")
    both = tmp_path / "both.pem"
    both.write_text(own.certificate + own.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    web = group("encrypted", world.targets["one"], protocol="HTTPS", health=health(protocol="HTTPS"))
    with world.serving("one", tls=context):
        world.put(load_balancer(listener(80, rule(None, forward(web)))), web)
        world.settle()
        world.healthy(web)
        assert world.get().server == "one"


def test_a_listener_without_its_certificate_is_told_and_the_others_stand(world: World) -> None:
    secure = listener(443, rule(None, fixed(200)), protocol="HTTPS", certificates=("arn:gone",))
    world.put(load_balancer(secure, listener(80, rule(None, fixed(200, "here")))))
    world.until(lambda: [each.why for each in world.pending] == [
        "port 443: its certificate or the key of it is not in the store"
    ])  # fmt: skip
    assert world.get().body == "here"


def test_a_load_balancer_without_listeners_stands_and_refuses(world: World) -> None:
    world.put(load_balancer())
    world.settle()
    assert world.reports.said["load_balancer", load_balancer().arn] == ("active", "")
    with pytest.raises(ConnectionRefusedError):
        world.connect(80)


def _say(line: socket.socket, path: str) -> str:
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return line.recv(65536).decode()


def test_tcp_connections_of_a_network_load_balancer_last_through_changes(world: World) -> None:
    web = group("tcp", world.targets["one"], protocol="TCP", health=health(protocol="TCP", path=None))
    tcp = listener(9000, rule(None, forward(web)), protocol="TCP")
    with world.serving("one"):
        world.put(load_balancer(tcp, type="network"), web)
        world.settle()
        world.healthy(web)
        with world.connect(9000) as line:
            assert "one\n/a" in _say(line, "/a")
            more = listener(9001, rule(None, forward(web)), protocol="TCP")
            world.put(load_balancer(tcp, more, type="network"), web)
            world.settle()
            assert "one\n/b" in _say(line, "/b")
            with world.connect(9001) as other:
                assert "one\n/c" in _say(other, "/c")


def test_a_network_load_balancer_ends_tls_and_stays_in_its_zone(world: World) -> None:
    own = certificate("web.example.com")
    web = group("zones", *world.targets.values(), protocol="TCP", stickiness=60)
    secure = listener(443, rule(None, forward(web)), protocol="TLS", certificates=(own.arn,))
    with world.serving("one", "two"):
        world.put(load_balancer(secure, type="network", cross_zone=False), web, certificates=[own])
        world.settle()
        world.healthy(web)
        for node, name in zip(NODES, ("one", "two"), strict=True):
            assert {world.get("/", 443, node=node, tls=_client_tls()).server for _ in range(4)} == {name}


def test_a_node_that_was_killed_comes_back(world: World) -> None:
    world.put(load_balancer(listener(80, rule(None, fixed(200, "here")))))
    world.settle()
    name = world.place.container(world.nodes()[0])
    os.kill(podman.standing(world.place, PART)[name].pid, signal.SIGKILL)
    world.until(lambda: world.pending)
    world.settle()
    assert world.get().body == "here"


def test_a_new_daemon_finds_all_as_it_is(world: World) -> None:
    world.put(load_balancer(listener(80, rule(None, fixed(200, "here")))))
    world.settle()
    before = podman.standing(world.place, PART)
    world.part.close()
    world.part = world.daemon()
    assert not world.round()
    assert podman.standing(world.place, PART) == before


def test_a_configuration_that_haproxy_refuses_is_told_and_the_last_one_stays(world: World) -> None:
    good = load_balancer(listener(80, rule(None, fixed(200, "good"))))
    world.put(good)
    world.settle()
    world.put(dataclasses.replace(good, listeners=(listener(80, rule(None, fixed(999, "bad"))),)))
    world.until(lambda: any("exit status" in each.why for each in world.pending))
    assert world.get().body == "good"
    world.put(good)
    world.settle()


def test_what_cannot_be_configured_is_told_and_the_others_stand(world: World) -> None:
    world.put(load_balancer(listener(80, rule(1, fixed(200), condition("weather", "fair")), rule(None, fixed(200)))))
    world.until(lambda: any("weather" in each.why for each in world.pending))
    other = load_balancer(
        listener(80, rule(None, fixed(200, "here"))), arn=f"{ARN}:loadbalancer/app/other/1", name="other"
    )
    world.add(other, "10.0.0.11")
    world.until(lambda: ("load_balancer", other.arn) in world.reports.said)
    assert world.get(node="10.0.0.11").body == "here"
    world.clear()
    world.settle()


def test_a_deleted_load_balancer_leaves_nothing(world: World) -> None:
    world.put(load_balancer(listener(80, rule(None, fixed(200)))))
    world.settle()
    nodes = world.nodes()
    world.clear()
    world.settle()
    assert not podman.standing(world.place, PART)
    assert not [each for each in world.place.part(PART).iterdir() if each.name in nodes]
