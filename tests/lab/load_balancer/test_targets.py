# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets that come, fail, recover and go, under requests."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator

from lab.account.model import Target, TargetGroup
from tests.lab.load_balancer.server import Server
from tests.lab.load_balancer.shapes import NODES, PORT, forward, group, health, listener, load_balancer, rule
from tests.lab.load_balancer.world import Answer, World


def _put(world: World, web: TargetGroup) -> None:
    world.put(load_balancer(listener(80, rule(None, forward(web)))), web)
    world.settle()


def _servers(world: World) -> set[str]:
    return {world.get().server for _ in range(6)}


def test_an_unhealthy_target_is_taken_out_and_comes_back(world: World) -> None:
    web = group("sick", *world.targets.values())
    with world.serving("one", "two") as servers:
        _put(world, web)
        world.healthy(web)
        servers["one"].health = 500
        world.until(lambda: world.health(web)["one"] == ("unhealthy", "Target.ResponseCodeMismatch"))
        assert world.health(web)["two"] == ("healthy", "")
        world.until(lambda: _servers(world) == {"two"})  # each node finds it out for itself
        servers["one"].health = 200
        world.healthy(web)
        assert _servers(world) == {"one", "two"}


def test_while_no_target_is_healthy_all_get_requests(world: World) -> None:
    web = group("open", *world.targets.values(), health=health(codes="201-299,304"))
    with world.serving("one", "two") as servers:
        _put(world, web)
        world.until(lambda: {state for state, _reason in world.health(web).values()} == {"unhealthy"})
        assert _servers(world) == {"one", "two"}
        servers["two"].health = 204
        world.until(lambda: world.health(web)["two"] == ("healthy", ""))
        assert _servers(world) == {"two"}


def test_reasons_tell_apart_who_refuses_and_who_says_nothing(world: World) -> None:
    web = group("mute", *world.targets.values(), health=health(protocol="TCP", path=None, port="8081"))
    with world.serving("one", port=8081):
        _put(world, web)
        world.until(lambda: world.health(web)["one"] == ("healthy", ""))
        world.until(lambda: world.health(web)["two"] == ("unhealthy", "Target.FailedHealthChecks"))
    slow = group("slow", world.targets["one"], health=health(path="/slow"))
    with world.serving("one"):
        _put(world, slow)
        world.until(lambda: world.health(slow)["one"] == ("unhealthy", "Target.Timeout"))


def test_a_new_target_gets_nothing_before_a_good_check_and_the_others_stay_as_they_were(world: World) -> None:
    first = group("grows", world.targets["one"], health=health(interval=300, healthy=5))
    both = dataclasses.replace(first, targets=(*first.targets, Target(world.targets["two"], PORT)))
    with world.serving("one", "two") as servers:
        _put(world, first)
        world.healthy(first)
        for server in servers.values():
            server.health = 500
        _put(world, both)
        world.until(lambda: len(servers["two"].checks) == len(NODES))
        assert _servers(world) == {"one"}
        assert world.health(both) == {"one": ("healthy", ""), "two": ("initial", "Elb.InitialHealthChecking")}


def test_a_stopped_target_is_unused(world: World) -> None:
    web = group("stopped", *world.targets.values())
    with world.serving("one", "two"):
        world.accounts.change("instances", world.targets["one"], state="stopped")
        try:
            _put(world, web)
            world.until(lambda: world.health(web)["two"] == ("healthy", ""))
        finally:
            world.accounts.change("instances", world.targets["one"], state="running")
        assert world.health(web)["one"] == ("unused", "Target.InvalidState")
        assert _servers(world) == {"two"}


def test_a_group_that_nobody_uses_is_unused(world: World) -> None:
    web, other = group("used", world.targets["one"]), group("other", world.targets["two"])
    world.put(load_balancer(listener(80, rule(None, forward(web)))), web, other)
    world.settle()
    assert world.health(other) == {"two": ("unused", "Target.NotInUse")}


@contextlib.contextmanager
def _request_in_flight(world: World, server: Server) -> Iterator[list[Answer | Exception]]:
    """A request that waits in a server; its answer, when there is one."""
    answers: list[Answer | Exception] = []

    def ask() -> None:
        try:
            answers.append(world.get("/slow"))
        except OSError as cause:
            answers.append(cause)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert server.entered.wait(10)
    try:
        yield answers
    finally:
        server.release.set()
        thread.join(10)


def test_a_leaving_target_finishes_its_requests_and_gets_no_new_ones(world: World) -> None:
    both = group("drains", *world.targets.values())
    alone = dataclasses.replace(both, targets=both.targets[:1])
    with world.serving("one", "two") as servers:
        _put(world, alone)
        world.healthy(alone)
        with _request_in_flight(world, servers["one"]) as answers:
            _put(world, both)
            world.healthy(both)
            _put(world, dataclasses.replace(both, targets=both.targets[1:], draining=both.targets[:1]))
            assert _servers(world) == {"two"}
            assert world.health(both)["one"] == ("draining", "Target.DeregistrationInProgress")
            assert not answers
        assert [(answer.status, answer.server) for answer in answers if isinstance(answer, Answer)] == [(200, "one")]


def test_when_its_delay_is_over_a_target_s_last_requests_are_ended(world: World) -> None:
    both = group("ends", *world.targets.values())
    alone = dataclasses.replace(both, targets=both.targets[:1])
    with world.serving("one", "two") as servers:
        _put(world, alone)
        world.healthy(alone)
        with _request_in_flight(world, servers["one"]) as answers:
            _put(world, dataclasses.replace(both, targets=both.targets[1:], draining=both.targets[:1]))
            world.round()
            assert not answers
            _put(world, dataclasses.replace(both, targets=both.targets[1:]))
            world.until(lambda: answers)
        assert isinstance(answers[0], Answer)
        assert answers[0].status == 502


def test_a_target_that_returns_is_checked_anew(world: World) -> None:
    both = group("returns", *world.targets.values())
    with world.serving("one", "two"):
        _put(world, both)
        world.healthy(both)
        _put(world, dataclasses.replace(both, targets=both.targets[1:], draining=both.targets[:1]))
        assert world.health(both)["one"][0] == "draining"
        _put(world, both)
        world.healthy(both)
        assert _servers(world) == {"one", "two"}
