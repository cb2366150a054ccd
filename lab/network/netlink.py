# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the calling thread's network namespace, asked of the kernel.

A program (``ip -json``) takes milliseconds for each question; one round of the lab asks four of each of its namespaces.
Layouts: rtnetlink(7), ``linux/rtnetlink.h``, ``linux/netfilter/nfnetlink.h``.
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from lab.network.topology import Route

_NETFILTER = 12
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_GET_LINK, _GET_ADDRESS, _GET_ROUTE, _GET_RULE = 18, 22, 26, 34
_GET_TABLE = (10 << 8) | 1  # subsystem nftables, message GETTABLE
_ERROR, _DONE = 2, 3
_ALL, _IPV4, _INET = 0, socket.AF_INET, 1
_UNICAST, _BLACKHOLE = 1, 6
_BY_KERNEL = 2
_LOCAL_TABLE = 255
_ETHTOOL, _GET_CARRIER = 0x8946, 0x0A  # SIOCETHTOOL, ETHTOOL_GLINK


@dataclass(frozen=True)
class Device:
    """A network device. ``peer``: a veth's other end, by its index in the namespace that holds it; else 0."""

    index: int
    mac: str
    up: bool
    peer: int


@dataclass(frozen=True)
class Standing:
    """All that is configured in a namespace. ``marks``: the firewall marks that have a routing table of their own.

    ``filter``: the answer about its nftables tables, as it came: their comments are in it.
    """

    devices: Mapping[str, Device]
    addresses: frozenset[tuple[str, IPv4Interface]]
    routes: frozenset[Route]
    marks: frozenset[int]
    filter: bytes


NOTHING = Standing({}, frozenset(), frozenset(), frozenset(), b"")
"""A namespace that was just made."""


def standing() -> Standing:
    """Read the calling thread's namespace. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as routing:
        devices = dict(map(_device, _dump(routing, _GET_LINK, struct.pack("B", _ALL))))
        names = {device.index: name for name, device in devices.items()}
        ipv4 = struct.pack("B", _IPV4)
        addresses = frozenset(_address(body, names) for body in _dump(routing, _GET_ADDRESS, ipv4))
        routes = frozenset(filter(None, (_route(body, names) for body in _dump(routing, _GET_ROUTE, ipv4))))
        marks = frozenset(filter(None, map(_mark, _dump(routing, _GET_RULE, ipv4))))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as netfilter:
        tables = b"".join(_dump(netfilter, _GET_TABLE, struct.pack("BBH", _INET, 0, 0)))
    return Standing(devices, addresses, routes, marks, tables)


def ready(device: str) -> bool:
    """Whether a device can send; that it has just become able to is put into effect, which the kernel does later.

    Else first packets are lost now and then, and tried again after a second. ``ethtool_op_get_link`` does it.
    """
    answer = ctypes.create_string_buffer(struct.pack("=II", _GET_CARRIER, 0))
    request = struct.pack("16sP", device.encode(), ctypes.addressof(answer))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
        fcntl.ioctl(kernel, _ETHTOOL, request)
    return bool(struct.unpack_from("=II", answer)[1])


def _dump(kernel: socket.socket, question: int, body: bytes) -> Iterator[bytes]:
    kernel.send(struct.pack("=IHHII", 16 + len(body), question, _DUMP, 1, 0) + body)
    while True:
        answer = kernel.recv(1 << 20)
        while answer:
            length, kind = struct.unpack_from("=IH", answer)
            if kind == _DONE:
                return
            if kind == _ERROR:
                number = -struct.unpack_from("=i", answer, 16)[0]
                raise OSError(number, f"netlink question {question} was refused")
            yield answer[16:length]
            answer = answer[_aligned(length) :]


def _attributes(body: bytes) -> dict[int, bytes]:
    found = {}
    while len(body) >= 4:
        length, kind = struct.unpack_from("=HH", body)
        found[kind & 0x3FFF] = body[4:length]
        body = body[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _number(value: bytes) -> int:
    return int(struct.unpack("=I", value)[0])


def _device(body: bytes) -> tuple[str, Device]:
    index, flags = struct.unpack_from("=iI", body, 4)
    attributes = _attributes(body[16:])
    peer = _number(attributes[5]) if 5 in attributes else 0
    mac = attributes.get(1, b"").hex(":")
    return attributes[3].rstrip(b"\0").decode(), Device(index, mac, bool(flags & 1), peer)


def _address(body: bytes, names: Mapping[int, str]) -> tuple[str, IPv4Interface]:
    length = body[1]
    (index,) = struct.unpack_from("=I", body, 4)
    attributes = _attributes(body[8:])
    return names.get(index, ""), IPv4Interface((attributes.get(2, attributes[1]), length))


def _route(body: bytes, names: Mapping[int, str]) -> Route | None:
    """A route that someone added: the kernel's own follow from the addresses."""
    length, protocol, kind = body[1], body[5], body[7]
    attributes = _attributes(body[12:])
    table = _number(attributes[15])
    if protocol == _BY_KERNEL or table == _LOCAL_TABLE or kind not in (_UNICAST, _BLACKHOLE):
        return None
    return Route(
        IPv4Network((attributes.get(1, bytes(4)), length)),
        names.get(_number(attributes[4]), "") if kind == _UNICAST and 4 in attributes else None,
        IPv4Address(attributes[5]) if 5 in attributes else None,
        table,
    )


def _mark(body: bytes) -> int:
    attributes = _attributes(body[12:])
    return _number(attributes[10]) if 10 in attributes else 0
