# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node's whole configuration: HAProxy 2.6, from a load balancer and the account that it is in."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from lab.account.model import Account, Interface, LoadBalancer, TargetGroup
from lab.load_balancer.action import SERVER
from lab.load_balancer.frontend import frontend
from lab.load_balancer.pool import CONNECT_SECONDS, ENCRYPTED, pool, servers
from lab.load_balancer.target import Server, backend, groups_of

FOLDER = "/run/node"
"""Where a node's folder is in its container."""
WORKER = "worker.sock"
"""The socket of the process that serves, in a node's folder."""
STATES = "servers"
"""The file of the servers' states at the start, in a node's folder."""
NAME = "haproxy.cfg"

_NETWORK_IDLE_SECONDS = 350
_TIMEOUTS = ("client", "server", "tunnel", "http-request", "http-keep-alive")
_ERRORS = (400, 408, 500, 502, 503, 504)


@dataclass(frozen=True)
class Checked:
    """A target that may get requests, by HAProxy's names of its group and of it."""

    backend: str
    server: str
    address: IPv4Address
    port: int
    encrypted: bool


@dataclass(frozen=True)
class Configuration:
    """``files``: name → content, `NAME` among them; some hold private keys. ``notes``: what cannot be as on AWS.

    ``digest``: changes with every change; a running process tells the one it was started with.
    """

    digest: str
    files: tuple[tuple[str, str], ...] = dataclasses.field(repr=False)
    checked: tuple[Checked, ...]
    notes: tuple[str, ...]


def configuration(load_balancer: LoadBalancer, interface: Interface, account: Account) -> Configuration:
    """The configuration of the node that stands in `interface`.

    A network load balancer's targets see the node's address, not the client's as AWS's do for targets by instance.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
    """
    groups = groups_of(load_balancer, account)
    members = {group.arn: servers(group, load_balancer, interface, account) for group in groups}
    frontends = [frontend(listener, account) for listener in load_balancer.listeners]
    sections = [
        _defaults(load_balancer),
        *(one.lines for one in frontends if one.lines),
        *(pool(group, load_balancer, members[group.arn]) for group in groups),
    ]
    text = "\n\n".join("\n".join(section) for section in sections)
    files = [file for one in frontends for file in one.files]
    digest = hashlib.sha256(repr((text, files)).encode()).hexdigest()[:16]
    return Configuration(
        digest,
        ((NAME, "\n".join(_global(digest)) + f"\n\n{text}\n"), *files),
        tuple(_checked(group, one) for group in groups for one in members[group.arn]),
        (*(note for one in frontends for note in one.notes), *_unknown(groups)),
    )


def _checked(group: TargetGroup, server: Server) -> Checked:
    return Checked(backend(group.arn), server.name, server.address, server.port, group.protocol in ENCRYPTED)


def _unknown(groups: Sequence[TargetGroup]) -> Iterator[str]:
    for group in groups:
        if group.target_type not in ("instance", "ip"):
            yield f"target group {group.name}: targets of type {group.target_type} get nothing here"


def _global(digest: str) -> Iterator[str]:
    yield "global"
    yield f"    description {digest}"
    yield "    log stdout format raw local0"
    yield "    nbthread 1"
    yield "    maxconn 4000"
    yield "    max-spread-checks 100"
    yield f"    stats socket {FOLDER}/{WORKER} mode 600 level admin expose-fd listeners"
    yield f"    server-state-file {FOLDER}/{STATES}"
    yield "    user haproxy"
    yield "    group haproxy"


def _defaults(load_balancer: LoadBalancer) -> list[str]:
    """Connections close after their idle time; what the load balancer itself answers to a failure has no body.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
    """
    idle = load_balancer.idle_timeout if load_balancer.type == "application" else _NETWORK_IDLE_SECONDS
    http = load_balancer.type == "application"
    return [
        "defaults",
        "    log global",
        "    option dontlognull",
        "    load-server-state-from-file global",
        "    retries 0",
        f"    timeout connect {CONNECT_SECONDS}s",
        *(f"    timeout {which} {idle}s" for which in _TIMEOUTS),
        *(f"    http-error status {status} {SERVER}" for status in _ERRORS if http),
    ]
