# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole configurations and their parts. That HAProxy takes them is shown in tests/lab/load_balancer."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

import pytest

from lab.account.model import Action, Interface, Listener, LoadBalancer, Target, TargetGroup
from lab.load_balancer.configuration import NAME, Configuration, configuration
from tests.lab.load_balancer.shapes import (
    PORT,
    Vpc,
    certificate,
    condition,
    fixed,
    forward,
    group,
    health,
    listener,
    load_balancer,
    redirect,
    rule,
)


@pytest.fixture
def vpc() -> Vpc:
    return Vpc()


def _node(vpc: Vpc, index: int = 0) -> Interface:
    return [one for one in vpc.account.interfaces.values() if one.owner[0] == "load_balancer"][index]


def _made(vpc: Vpc, balancer: LoadBalancer, *groups: TargetGroup, index: int = 0, **more: Any) -> Configuration:
    vpc.put(balancer, *groups, **more)
    account = vpc.account
    return configuration(account.load_balancers[balancer.arn], _node(vpc, index), account)


def _section(made: Configuration, heading: str) -> list[str]:
    """The lines of one section."""
    sections = (section.split("\n") for section in dict(made.files)[NAME].strip().split("\n\n"))
    return next([line.strip() for line in lines[1:]] for lines in sections if lines[0] == heading)


def _servers(made: Configuration, heading: str) -> list[str]:
    return [line for line in _section(made, heading) if line.startswith("server ")]


WEB = "backend web.0123456789abcdef"


def test_a_group_of_an_application_load_balancer(vpc: Vpc) -> None:
    web = group(
        "web", vpc.targets["one"], health=health(interval=15, timeout=4, healthy=3, unhealthy=5, codes="200-299")
    )
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(web))), idle_timeout=77), web)
    assert {"timeout client 77s", "timeout server 77s", "timeout tunnel 77s"} <= set(_section(made, "defaults"))
    one = vpc.targets["one"]
    lines = _section(made, WEB)
    assert lines[:3] == ["mode http", "balance roundrobin", "option allbackups"]
    assert {"timeout check 4s", "option httpchk", "http-check expect status '200-299'"} <= set(lines)
    assert _servers(made, WEB) == [
        f"server {one}:8080 10.0.0.21:8080 check inter 15s rise 3 fall 5",
        f"server open-{one}:8080 10.0.0.21:8080 backup",
    ]
    assert [(each.server, str(each.address), each.port) for each in made.checked] == [
        (f"{one}:8080", "10.0.0.21", 8080)
    ]


@pytest.mark.parametrize(
    ("group_protocol", "check", "words"),
    [
        ("HTTP", health(port="9000"), "check port 9000 inter"),
        ("HTTPS", health(protocol="HTTPS"), "ssl verify none check inter"),
        ("HTTPS", health(), "ssl verify none check no-check-ssl inter"),
        ("HTTP", health(protocol="HTTPS"), "10.0.0.21:8080 check check-ssl verify none inter"),
    ],
)
def test_checks_are_as_the_group_says(vpc: Vpc, group_protocol: str, check: object, words: str) -> None:
    web = group("web", vpc.targets["one"], protocol=group_protocol, health=check)
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(web)))), web)
    assert words in _servers(made, WEB)[0]
    assert made.checked[0].encrypted == (group_protocol == "HTTPS")


def test_a_check_of_tcp_asks_nothing(vpc: Vpc) -> None:
    web = group("web", vpc.targets["one"], protocol="TCP", health=health(protocol="TCP", path=None))
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(web)), protocol="TCP"), type="network"), web)
    assert not [line for line in _section(made, WEB) if "http" in line]


def test_targets_by_address_need_no_instance(vpc: Vpc) -> None:
    web = group("web", target_type="ip", targets=(Target("10.0.1.22", 90), Target("192.0.2.7", 91), Target("bad", 1)))
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(web)))), web)
    assert [(str(each.address), each.port) for each in made.checked] == [("10.0.1.22", 90), ("192.0.2.7", 91)]


def test_targets_in_a_zone_without_subnet_of_the_load_balancer_get_nothing(vpc: Vpc) -> None:
    web = group("web", *vpc.targets.values())
    balancer = load_balancer(listener(80, rule(None, forward(web))))
    assert len(_made(vpc, balancer, web).checked) == 2
    vpc.accounts.change("load_balancers", balancer.arn, subnets=(vpc.subnets[0],))
    account = vpc.account
    made = configuration(account.load_balancers[balancer.arn], _node(vpc), account)
    assert [str(each.address) for each in made.checked] == ["10.0.0.21"]


def test_a_stopped_target_gets_nothing(vpc: Vpc) -> None:
    web = group("web", *vpc.targets.values())
    vpc.accounts.change("instances", vpc.targets["one"], state="stopping")
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(web)))), web)
    assert [str(each.address) for each in made.checked] == ["10.0.1.22"]


@pytest.mark.parametrize(
    ("cross_zone", "index", "addresses"),
    [(True, 0, ["10.0.0.21", "10.0.1.22"]), (False, 0, ["10.0.0.21"]), (False, 1, ["10.0.1.22"])],
)
def test_a_network_load_balancer_stays_in_its_zone(
    vpc: Vpc, cross_zone: bool, index: int, addresses: list[str]
) -> None:
    web = group("web", *vpc.targets.values(), protocol="TCP")
    balancer = load_balancer(listener(80, rule(None, forward(web)), protocol="TCP"), type="network")
    made = _made(vpc, dataclasses.replace(balancer, cross_zone=cross_zone), web, index=index)
    assert [str(each.address) for each in made.checked] == addresses


def test_a_zone_without_targets_uses_those_of_the_others(vpc: Vpc) -> None:
    web = group("web", vpc.targets["two"], protocol="TCP")
    balancer = load_balancer(listener(80, rule(None, forward(web)), protocol="TCP"), type="network", cross_zone=False)
    assert [str(each.address) for each in _made(vpc, balancer, web).checked] == ["10.0.1.22"]


def test_a_network_load_balancer_speaks_tcp(vpc: Vpc) -> None:
    web = group("web", vpc.targets["one"], protocol="TCP", stickiness=1)
    made = _made(vpc, load_balancer(listener(25, rule(None, forward(web)), protocol="TCP"), type="network"), web)
    assert _section(made, "frontend 25") == [
        "bind :25",
        "mode tcp",
        "option tcplog",
        "use_backend web.0123456789abcdef",
    ]
    assert _section(made, WEB)[:2] == ["mode tcp", "balance source"]
    assert _servers(made, WEB)[0].endswith("on-marked-down shutdown-sessions")
    assert "timeout client 350s" in _section(made, "defaults")


def test_rules_decide_in_their_order(vpc: Vpc) -> None:
    web = group("web", vpc.targets["one"])
    rules = (
        rule(5, fixed(200, "a"), condition("path-pattern", "/a"), condition("source-ip", "10.0.0.0/8")),
        rule(None, forward(web)),
    )
    lines = _section(_made(vpc, load_balancer(listener(80, *rules)), web), "frontend 80")
    assert [line for line in lines if "set-var(txn.rule)" in line] == [
        "http-request set-var(txn.rule) int(0) if !decided rule-0-0 rule-0-1",
        "http-request set-var(txn.rule) int(1) if !decided",
    ]
    assert "acl rule-0-1 src '10.0.0.0/8'" in lines
    assert lines[-1] == "use_backend web.0123456789abcdef if { var(txn.rule) -m int 1 }"


TAKEN = "if { var(txn.rule) -m int 0 }"
SOME = "{ var(txn.query) -m len gt 0 }"
SERVER = "hdr Server awselb/2.0"
HOST = "%[req.hdr(host),host_only]"
PATH = "%[path,regsub(^/,)]"


@pytest.mark.parametrize(
    ("action", "protocol", "lines"),
    [
        (
            fixed(404, "it's"),
            "HTTP",
            [rf"return status 404 content-type 'text/plain' string 'it'\x27's' {SERVER} {TAKEN}"],
        ),
        (fixed(204), "HTTP", [f"return status 204 {SERVER} {TAKEN}"]),
        (
            redirect(Protocol="HTTPS", Port="443", StatusCode="HTTP_301"),
            "HTTP",
            [
                f"set-var-fmt(txn.query) '%[query]' {TAKEN}",
                f"return status 301 {SERVER} hdr Location 'https://{HOST}:443/{PATH}?%[var(txn.query)]' {TAKEN} {SOME}",
                f"return status 301 {SERVER} hdr Location 'https://{HOST}:443/{PATH}' {TAKEN}",
            ],
        ),
        (
            redirect(Host="a.#{host}", Path="/100%", Query=""),
            "HTTPS",
            [f"return status 302 {SERVER} hdr Location 'https://a.{HOST}:80/100%%' {TAKEN}"],
        ),
    ],
)
def test_answers_of_its_own(vpc: Vpc, action: Action, protocol: str, lines: list[str]) -> None:
    one = certificate("a")
    made = listener(80, rule(None, action), certificates=(one.arn,), protocol=protocol)
    section = _section(_made(vpc, load_balancer(made), certificates=[one]), "frontend 80")
    begin = ("http-request return", "http-request set-var-fmt")
    assert [line for line in section if line.startswith(begin)] == [f"http-request {line}" for line in lines]


def test_weights_are_lots(vpc: Vpc) -> None:
    groups = [group(name, vpc.targets["one"]) for name in ("a", "b", "c", "d")]
    shares = tuple(zip(groups, (3, 0, 1, 4), strict=True))
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(*shares)))), *groups)
    assert [line.partition(" if ")[::2] for line in _section(made, "frontend 80")[-3:]] == [
        ("use_backend a.0123456789abcdef", "{ var(txn.rule) -m int 0 } { rand(8) lt 3 }"),
        ("use_backend c.0123456789abcdef", "{ var(txn.rule) -m int 0 } { rand(5) lt 1 }"),
        ("use_backend d.0123456789abcdef", "{ var(txn.rule) -m int 0 }"),
    ]


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        (None, "ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2"),
        ("ELBSecurityPolicy-2016-08", "ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2"),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3"),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", "ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.3"),
    ],
)
def test_encrypted_listeners_have_their_certificates_and_versions(vpc: Vpc, policy: str | None, versions: str) -> None:
    both = [certificate("a"), certificate("b")]
    secure = listener(
        443, rule(None, fixed(200)), protocol="HTTPS", certificates=tuple(one.arn for one in both), ssl_policy=policy
    )
    made = _made(vpc, load_balancer(secure), certificates=both)
    bind = f"bind :443 ssl crt-list certificates-443.list {versions} alpn h2,http/1.1"
    assert _section(made, "frontend 443")[0] == bind
    files = dict(made.files)
    assert files["certificates-443.list"] == "certificate-443-0.pem\ncertificate-443-1.pem\n"
    assert files["certificate-443-1.pem"] == both[1].certificate + both[1].private_key
    assert both[0].private_key not in repr(made)


@pytest.mark.parametrize(
    ("one", "note"),
    [
        (listener(53, rule(None, fixed(200)), protocol="UDP"), "port 53: UDP is not spoken here"),
        (
            listener(443, rule(None, fixed(200)), protocol="HTTPS", certificates=("gone",)),
            "port 443: its certificate or the key of it is not in the store",
        ),
        (
            listener(80, rule(None, Action("authenticate-oidc"))),
            "port 80: authenticate-oidc is not done here; its requests are answered 503",
        ),
    ],
)
def test_what_cannot_be_is_told(vpc: Vpc, one: Listener, note: str) -> None:
    made = _made(vpc, load_balancer(one, listener(81, rule(None, fixed(200)))))
    assert made.notes == (note,)
    assert _section(made, "frontend 81")


def test_targets_that_there_is_no_server_for_are_told(vpc: Vpc) -> None:
    functions = group("functions", target_type="lambda", targets=(Target("arn:aws:lambda:…", 0),))
    made = _made(vpc, load_balancer(listener(80, rule(None, forward(functions)))), functions)
    assert made.notes == ("target group functions: targets of type lambda get nothing here",)
    assert not made.checked


def test_the_digest_follows_what_counts(vpc: Vpc) -> None:
    one, other = certificate("a"), certificate("a")
    web = group("web", vpc.targets["one"])
    secure = listener(443, rule(None, forward(web)), protocol="HTTPS", certificates=(one.arn,))
    first = _made(vpc, load_balancer(secure), web, certificates=[one])
    assert _made(vpc, load_balancer(secure), web, certificates=[one]) == first
    assert f"description {first.digest}" in _section(first, "global")
    slower = dataclasses.replace(web, deregistration_delay=1, targets=(*web.targets, Target("i-unknown", PORT)))
    assert _made(vpc, load_balancer(secure), slower, certificates=[one]).digest == first.digest
    assert _made(vpc, load_balancer(secure), web, certificates=[other]).digest != first.digest
    interface = vpc.account.instances[vpc.targets["one"]].interface
    vpc.accounts.change("interfaces", interface, address=ipaddress.IPv4Address("10.0.0.99"))
    assert _made(vpc, load_balancer(secure), web, certificates=[one]).digest != first.digest
