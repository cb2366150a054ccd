# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router lets through: network ACLs, NAT gateways, known connections, security groups, in this order. Pure."""

from __future__ import annotations

from lab.account.model import NatGateway
from lab.network import routing
from lab.network.filters import chain, choice, dropped
from lab.network.router import IGW, Router, port


def lines(vpc: Router) -> list[str]:
    """The forward hook's chains, but for those of single groups, ACLs and interfaces."""
    return [*_cross(vpc), *_receive(vpc), *_subnets(vpc), *(line for nat in vpc.nats for line in _nat(vpc, nat))]


def _cross(vpc: Router) -> list[str]:
    """What goes through: every packet is judged down to the line of known connections, only a first one below it."""
    nats = [(f"{routing.nat_mark(nat.id):#x}", nat.id) for nat in vpc.nats]
    return chain(
        "cross",
        [
            dropped("invalid", "ct state invalid"),
            *choice("iifname", ((port(each), f"jump from_{each.subnet}") for each in vpc.interfaces)),
            *choice("meta mark", ((mark, f"jump send_{nat}") for mark, nat in nats)),
            *choice(f"iifname {IGW} ct mark", ((mark, f"jump reply_{nat}") for mark, nat in nats)),
            *choice("oifname", ((port(each), f"jump to_{each.subnet}") for each in vpc.interfaces)),
            *_public(),
            "ct state established,related accept",
            f"iifname {IGW} ct status dnat goto receive",
            # The internet sends only to public addresses; the rest must not even go back to where it came from.
            dropped("from_internet", f"iifname {IGW}"),
            *choice("iifname", ((port(each), f"goto out_{each.id}") for each in vpc.interfaces)),
        ],
        "type filter hook forward priority filter; policy drop;",
    )


def _public() -> list[str]:
    """The internet gateway translates for owners of public addresses only; a connection ends when its address moves.

    https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
    """
    direct = f"oifname {IGW} meta mark {routing.INTERNET} ct mark 0"
    return [
        dropped("address_moved", f"iifname {IGW} ct status dnat ct original ip daddr . ip daddr != @public_pairs"),
        dropped("address_moved", f"{direct} ct status snat ct reply ip daddr . ip saddr != @public_pairs"),
        dropped("no_public_address", f"{direct} ip saddr != @public_owners"),
    ]


def _receive(vpc: Router) -> list[str]:
    """The receiver's part of a first packet, which its sender's groups have let out."""
    return chain(
        "receive",
        [
            *choice("oifname", ((port(each), f"goto in_{each.id}") for each in vpc.interfaces)),
            f"oifname {IGW} accept",
            dropped("no_route"),
        ],
    )


def _subnets(vpc: Router) -> list[str]:
    """A network ACL judges what leaves or enters a subnet, not what stays in it."""
    lines = []
    for subnet in vpc.subnets:
        ports = f"@ports_{subnet.id}"
        lines += chain(f"from_{subnet.id}", [f"oifname {ports} return", f"goto acl_out_{subnet.network_acl}"])
        lines += chain(f"to_{subnet.id}", [f"iifname {ports} return", f"goto acl_in_{subnet.network_acl}"])
    return lines


def _nat(vpc: Router, nat: NatGateway) -> list[str]:
    """A NAT gateway: its subnet's ACL and route table judge what goes through it, in both directions.

    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
    """
    mark = f"{routing.nat_mark(nat.id):#x}"
    subnet = vpc.account.subnets[nat.subnet]
    ports = f"@ports_{subnet.id}"
    ways = f"{{ {routing.INTERNET}, {routing.SERVICE} }}" if nat.public else str(routing.SERVICE)
    return [
        *chain(
            f"send_{nat.id}",
            [
                f"ct state new ct mark set {mark}",
                # A connection that another gateway began is unknown to this one.
                dropped("no_route", f"ct mark != {mark}"),
                f"iifname != {ports} jump acl_in_{subnet.network_acl}",
                f"jump acl_out_{subnet.network_acl}",
                f"jump route_{subnet.route_table}",
                dropped("no_route", f"meta mark != {ways}"),
            ],
        ),
        *chain(
            f"reply_{nat.id}",
            [f"jump acl_in_{subnet.network_acl}", f"oifname != {ports} jump acl_out_{subnet.network_acl}"],
        ),
    ]
