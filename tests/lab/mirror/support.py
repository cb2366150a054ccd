# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC's router and a host behind it, in network namespaces of their own, with the mirror as the only other thing."""

from __future__ import annotations

import contextlib
import dataclasses
import operator
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from pathlib import Path

from lab import image, namespaces
from lab.account.model import Account, Vpc, empty
from lab.machine import run
from lab.mirror import Mirror
from lab.mirror.upstreams import Upstreams
from lab.place import MIRROR, MIRROR_NAME, Place
from tests.lab.conftest import a_place
from tests.lab.waiting import eventually

VPC = "vpc-1"


@dataclass
class Machine:
    """A place with its namespaces, and a folder for caches that outlives a `Mirror`."""

    place: Place
    cache: Path

    @property
    def host(self) -> str:
        """The namespace of the host."""
        return self.place.namespace("host")

    def up(self) -> None:
        run(["ip", "netns", "add", self.place.namespace("aws")])
        self.build_vpc()

    def build_vpc(self) -> None:
        """The router with the mirror's address, and a host that knows nothing but the router."""
        router, host = self.place.namespace(VPC), self.host
        for namespace in (router, host):
            run(["ip", "netns", "add", namespace])
        run(["ip", "-n", router, "link", "add", "e-host", "type", "veth", "peer", "name", "eth0", "netns", host])
        for namespace, device, address in ((router, "e-host", "10.0.0.1/24"), (host, "eth0", "10.0.0.10/24")):
            run(["ip", "-n", namespace, "address", "add", address, "dev", device])
            run(["ip", "-n", namespace, "link", "set", device, "up"])
            run(["ip", "-n", namespace, "link", "set", "lo", "up"])
        run(["ip", "-n", router, "address", "add", f"{MIRROR}/32", "dev", "lo"])
        run(["ip", "-n", host, "route", "add", "default", "via", "10.0.0.1"])

    def remove_vpc(self) -> None:
        for name in (VPC, "host"):
            run(["ip", "netns", "delete", self.place.namespace(name)])

    def connect(self) -> socket.socket:
        """A connection to the mirror from the host. Raises OSError."""
        with namespaces.inside(self.host):
            made = socket.socket()
        made.settimeout(10)
        made.connect((str(MIRROR), 80))
        return made

    def ask(self, text: str) -> bytes:
        """What the mirror answers to a request, whole."""
        with self.connect() as made:
            made.sendall(text.replace("\n", "\r\n").encode())
            return b"".join(iter(lambda: made.recv(65536), b""))

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        head, _, body = self.ask(f"GET {path} HTTP/1.0\nHost: {MIRROR_NAME}\n\n").partition(b"\r\n\r\n")
        return int(head.split()[1]), body


def account(*vpcs: str) -> Account:
    """An account with nothing but VPCs."""
    cidrs = (IPv4Network("10.0.0.0/16"),)
    made = {each: Vpc(each, "us-east-1", cidrs, dns=True, internet_gateway=None) for each in vpcs}
    return dataclasses.replace(empty("123456789012"), vpcs=made)


@contextlib.contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine that is as before afterwards."""
    with a_place(folder / "lab") as place:
        made = Machine(place, folder / "cache")
        made.up()
        yield made


@contextlib.contextmanager
def mirror(on: Machine, upstreams: Callable[[], Upstreams], size: int = 1024) -> Iterator[Mirror]:
    """A mirror that has converged for the one VPC; closing it leaves its server, as a daemon's end does."""
    made = Mirror(on.place, image.ensure, cache=on.cache, size=size, upstreams=upstreams)
    try:
        settle(made)
        yield made
    finally:
        made.close()


def settle(part: Mirror, *vpcs: str, seconds: float = 300) -> None:
    """Converge until nothing is pending. The time is for making the image, where there is none yet."""
    eventually(lambda: part.converge(account(*(vpcs or (VPC,)))), operator.not_, seconds)


@contextlib.contextmanager
def registry(pages: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A registry on the machine's loopback: its URL, and what it was asked for (method, path and some headers)."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            names = ("Host", "Authorization", "Cookie")
            asked.append(" ".join([self.command, self.path, *(str(self.headers[name]) for name in names)]))
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
