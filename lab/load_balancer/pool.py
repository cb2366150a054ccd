# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target groups as HAProxy's backends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from lab.account.model import Account, HealthCheck, Interface, LoadBalancer, TargetGroup
from lab.load_balancer.target import Server, backend, resolve
from lab.load_balancer.text import quoted

OPEN = "open-"
"""Begins the name of the server that stands for a target while no target of its group is healthy."""

ENCRYPTED = ("HTTPS", "TLS")
_ANSWERED = "txn.answered"
_ASKED = "txn.asked"
_COOKIE_LENGTH = 32
CONNECT_SECONDS = 10
"""How long a target may take to accept a connection."""


def servers(group: TargetGroup, load_balancer: LoadBalancer, interface: Interface, account: Account) -> list[Server]:
    """The targets that one node sends requests to.

    A network load balancer's node without cross-zone balancing uses those of its own zone. Where that has none AWS
    takes the node out of the DNS name; here, where every node is always in it, it uses them all.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#availability-zones
    """
    resolved = (resolve(target, group, load_balancer, account) for target in group.targets)
    usable = [server for server in resolved if isinstance(server, Server)]
    if load_balancer.type == "application" or load_balancer.cross_zone:
        return usable
    zone = account.subnets[interface.subnet].zone
    return [server for server in usable if server.zone == zone] or usable


def pool(group: TargetGroup, load_balancer: LoadBalancer, members: Sequence[Server]) -> list[str]:
    """The section of a target group.

    While no target is healthy all get requests, which the backup servers without checks do:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    http = load_balancer.type == "application"
    body = [
        f"mode {'http' if http else 'tcp'}",
        "balance roundrobin" if http or group.stickiness is None else "balance source",
        "option allbackups",
        *_stickiness(group, http),
        *(_errors() if http else ()),
        *_check(group.health),
        *(line for server in members for line in _server(group, server, http)),
    ]
    return [f"backend {backend(group.arn)}", *(f"    {line}" for line in body)]


def _stickiness(group: TargetGroup, http: bool) -> Iterator[str]:
    """A cookie that each response sets anew, to last for the group's time from then on.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
    """
    if http and group.stickiness is not None:
        value = f"%[srv_name,sha2(256),hex,lower,bytes(0,{_COOKIE_LENGTH})]"
        yield "cookie AWSALB"
        yield (
            f"http-response add-header Set-Cookie 'AWSALB={value}; "
            f"Expires=%[date({group.stickiness}),http_date]; Path=/'"
        )


def _errors() -> Iterator[str]:
    """A target that refuses the connection is 502, one that does not accept it within 10 s is 504; 503 is left for a
    group without targets. HAProxy calls all of these 503.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
    """
    mine = f"{{ status 503 }} !{{ var({_ANSWERED}) -m found }} {{ nbsrv gt 0 }}"
    waited = f"{{ date,sub({_ASKED}) ge {CONNECT_SECONDS} }}"
    yield f"http-request set-var({_ASKED}) date"
    yield f"http-response set-var({_ANSWERED}) bool(true)"
    yield f"http-after-response set-status 504 if {mine} {waited}"
    yield f"http-after-response set-status 502 if {mine}"


def _check(health: HealthCheck) -> Iterator[str]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""
    yield f"timeout check {health.timeout}s"
    if health.protocol in ("HTTP", "HTTPS"):
        host = "hdr Host '%[bc_dst]:%[bc_dst_port]' hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close"
        yield "option httpchk"
        yield f"http-check send meth GET uri {quoted(health.path or '/')} ver HTTP/1.1 {host}"
        yield f"http-check expect status {quoted(health.codes or '200')}"


def _server(group: TargetGroup, server: Server, http: bool) -> Iterator[str]:
    """A target with its check, and its stand-in without. Certificates of targets are not looked at, as on AWS.
    On a network load balancer's target that becomes unhealthy connections end.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
    """
    where = f"{server.address}:{server.port}"
    encrypted = " ssl verify none" if group.protocol in ENCRYPTED else ""
    cookie = f" cookie {_cookie(server)}" if http and group.stickiness is not None else ""
    down = "" if http else " on-marked-down shutdown-sessions"
    yield f"server {server.name} {where}{encrypted}{cookie} {_checked(group)}{down}"
    yield f"server {OPEN}{server.name} {where}{encrypted} backup"


def _checked(group: TargetGroup) -> str:
    health = group.health
    port = "" if health.port == "traffic-port" else f" port {health.port}"
    return (
        f"check{_check_encryption(group)}{port} inter {health.interval}s rise {health.healthy} fall {health.unhealthy}"
    )


def _check_encryption(group: TargetGroup) -> str:
    """What a check must say of encryption: nothing where it is as the group's."""
    check, group_encrypted = group.health.protocol in ENCRYPTED, group.protocol in ENCRYPTED
    if check == group_encrypted:
        return ""
    return " check-ssl verify none" if check else " no-check-ssl"


def _cookie(server: Server) -> str:
    return hashlib.sha256(server.name.encode()).hexdigest()[:_COOKIE_LENGTH]
