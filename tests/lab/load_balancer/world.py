# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real VPC with a load balancer, servers and a client."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lab import image, namespaces
from lab.account.model import TargetGroup
from lab.load_balancer.part import LoadBalancers
from lab.network.part import Network
from lab.place import Place
from lab.reconcile import Pending
from tests.lab.load_balancer.server import Server
from tests.lab.load_balancer.shapes import NODES, PORT, TARGETS, Vpc
from tests.lab.waiting import eventually


@dataclass
class Reports:
    """What the part told, by kind and identity."""

    said: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def report(self, kind: str, identity: str, state: str, reason: str = "") -> None:
        """As `Reality`'s."""
        self.said[kind, identity] = (state, reason)


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: str
    certificate: bytes | None = None
    """The node's, in DER."""

    @property
    def server(self) -> str:
        """The name of the target that answered."""
        return self.body.partition("\n")[0]

    def told(self, name: str) -> str | None:
        """A header as the target got it."""
        return next((line.partition(": ")[2] for line in self.body.split("\n") if line.startswith(f"{name}: ")), None)


class World(Vpc):
    """The account, the parts that follow it, and a client in the VPC."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.reports = Reports()
        self.network = Network(place)
        self.part = self.daemon()
        self.pending: list[Pending] = []

    def daemon(self) -> LoadBalancers:
        """The part as a new daemon has it."""
        return LoadBalancers(self.place, self.reports, image.ensure)

    def namespace(self, instance: str) -> str:
        """The network of an instance."""
        return self.place.namespace(self.account.instances[instance].interface)

    def nodes(self) -> list[str]:
        """The interfaces of the load balancer."""
        return [one.id for one in self.account.interfaces.values() if one.owner[0] == "load_balancer"]

    def round(self) -> list[Pending]:
        """One round of the reconciler: what is left to do."""
        account = self.account
        self.pending = [*self.network.converge(account), *self.part.converge(account)]
        return self.pending

    def until(self, condition: Callable[[], object], seconds: float = 30) -> None:
        """Go round until something is so."""
        eventually(lambda: (self.round(), self.reports.said), lambda _seen: condition(), seconds)

    def settle(self) -> None:
        """Go round until nothing is pending."""
        self.until(lambda: not self.pending)

    def health(self, group: TargetGroup) -> dict[str, tuple[str, str]]:
        """What was told of a group's targets, by their names."""
        names = {f"{group.arn} {identity}:{PORT}": name for name, identity in self.targets.items()}
        return {names[said]: state for (_kind, said), state in self.reports.said.items() if said in names}

    def healthy(self, group: TargetGroup) -> None:
        """Go round until all of a group's targets are healthy."""
        self.until(lambda: {state for state, _reason in self.health(group).values()} == {"healthy"})

    @contextlib.contextmanager
    def serving(self, *names: str, port: int = PORT, tls: ssl.SSLContext | None = None) -> Iterator[dict[str, Server]]:
        """Servers on targets, for a while."""
        with contextlib.ExitStack() as ends:
            servers = {}
            for name in names:
                servers[name] = Server(name, self.namespace(self.targets[name]), TARGETS[name], port, tls)
                ends.callback(servers[name].close)
            yield servers

    def connect(self, port: int = 80, node: str = NODES[0]) -> socket.socket:
        """A connection of the client's to a node."""
        with namespaces.inside(self.namespace(self.client)):
            made = socket.socket()
        made.settimeout(20)
        made.connect((node, port))
        return made

    def get(
        self, path: str = "/", port: int = 80, *, node: str = NODES[0], method: str = "GET",
        tls: ssl.SSLContext | None = None, host: str = "web.example.com", headers: dict[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """One request of the client's."""
        with contextlib.closing(self.connect(port, node)) as plain:
            line = tls.wrap_socket(plain, server_hostname=host) if tls else plain
            certificate = line.getpeercert(binary_form=True) if isinstance(line, ssl.SSLSocket) else None
            connection = http.client.HTTPConnection(host)
            connection.sock = line
            connection.request(method, path, headers={"Host": host, **(headers or {})})
            answer = connection.getresponse()
            got = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, got, answer.read().decode(), certificate)

    def close(self) -> None:
        """End the part's threads."""
        self.part.close()
