# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet filter of one VPC's router, as one text for ``nft -f -``. Pure.

A packet from a host: `arrive` (its source must be its own) → `decide` (route table) → `cross`: network ACLs, which
know no connections, then known connections pass, then security groups → `leave` (public addresses). All that is not
allowed is dropped silently, as on AWS, and counted under a name.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from lab import place
from lab.account.model import Account
from lab.network import crossing, filters, routing
from lab.network.filters import chain, choice, dropped, elements
from lab.network.router import IGW, Router, port, router
from lab.network.topology import AWS, CONTROL, endpoint_sources, public_addresses, vpc_port


def ruleset(account: Account, vpc_id: str) -> str:
    """The whole filter of a VPC's router. Raises KeyError when the account's parts name what it does not hold."""
    vpc = router(account, vpc_id)
    lines = [
        *_sets(vpc),
        *filters.prefix_lists(account, vpc.groups),
        *_arrive(),
        *_decide(vpc),
        *_enter(vpc),
        *_serve(vpc),
        *crossing.lines(vpc),
        *filters.security_groups(account, vpc.groups),
        *(line for each in vpc.interfaces for line in filters.interface(account, each)),
        *(line for each in vpc.acls for line in filters.network_acl(each)),
        *_leave(vpc),
    ]
    return filters.table(lines)


def core(account: Account) -> str:
    """The internet's own filter: it forwards between its links only what comes from where it must come from."""
    sources = endpoint_sources(account)
    held = [
        f'"{vpc_port(vpc.id)}" . {address}'
        for vpc in account.vpcs.values()
        for address in (*public_addresses(account, vpc), sources[vpc.id])
    ]
    return filters.table(
        [
            *elements("held", "ifname . ipv4_addr", held),
            *chain(
                "cross",
                [
                    f'iifname "{CONTROL}" ip saddr {place.CONTROL} accept',
                    f'iifname "{AWS}" ip saddr {place.AWS} accept',
                    "iifname . ip saddr @held accept",
                    dropped("source_check"),
                ],
                "type filter hook forward priority filter; policy drop;",
            ),
            *chain("serve", [dropped("not_served")], "type filter hook input priority filter; policy drop;"),
        ]
    )


def _sets(vpc: Router) -> list[str]:
    own = (f"{port(each)} . {each.address}" for each in vpc.interfaces)
    free = (port(each) for each in vpc.interfaces if not each.source_dest_check)
    lines = [
        *elements("own_addresses", "ifname . ipv4_addr", own),
        *elements("unchecked", "ifname", free),
        *elements("public_pairs", "ipv4_addr . ipv4_addr", (f"{public} . {own}" for public, own in vpc.public)),
        *elements("public_owners", "ipv4_addr", (str(own) for _, own in vpc.public)),
    ]
    for subnet in vpc.subnets:
        lines += elements(f"ports_{subnet.id}", "ifname", map(port, vpc.of(subnet.id)))
    return lines


def _arrive() -> list[str]:
    """The source check, before connections are looked up.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
    """
    return chain(
        "arrive",
        [
            f'iifname {{ {IGW}, "lo" }} accept',
            "iifname . ip saddr @own_addresses accept",
            "iifname @unchecked accept",
            dropped("source_check"),
        ],
        "type filter hook prerouting priority raw; policy accept;",
    )


def _decide(vpc: Router) -> list[str]:
    """Route tables: each packet of a host is marked by the table of the host's subnet, or dropped there."""
    tables = {each.id: each.route_table for each in vpc.subnets}
    served = ", ".join(map(str, sorted({place.METADATA, place.RESOLVER, place.MIRROR, vpc.itself.resolver})))
    pick = choice("iifname", ((port(each), f"goto route_{tables[each.subnet]}") for each in vpc.interfaces))
    lines = chain(
        "decide",
        [f"ip daddr {{ {served} }} accept", *pick],
        "type filter hook prerouting priority mangle; policy accept;",
    )
    for table in vpc.tables:
        rules = [_routed(*each) for each in routing.decisions(vpc.account, table)]
        lines += chain(f"route_{table.id}", [*rules, dropped("no_route")])
    return lines


def _routed(destination: IPv4Network, mark: int | None) -> str:
    condition = f"ip daddr {destination}" if destination.prefixlen else ""
    return dropped("no_route", condition) if mark is None else f"{condition} meta mark set {mark:#x} return"


def _enter(vpc: Router) -> list[str]:
    """Public addresses, from outside."""
    pairs = ", ".join(f"{public} : {own}" for public, own in vpc.public)
    rules = [f"iifname {IGW} dnat ip to ip daddr map {{ {pairs} }}"] if pairs else []
    return chain("enter", rules, "type nat hook prerouting priority dstnat; policy accept;")


def _serve(vpc: Router) -> list[str]:
    """What the router itself answers, whatever groups and ACLs say.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
    """
    resolvers = sorted({place.RESOLVER, vpc.itself.resolver}) if vpc.itself.dns else []
    served = [f"{place.METADATA} . tcp . 80", f"{place.MIRROR} . tcp . 80"]
    served += [f"{each} . {protocol} . 53" for each in resolvers for protocol in ("tcp", "udp")]
    return [
        *chain(
            "serve",
            [
                'iifname "lo" accept',
                # One answers by source address, so that not even an unchecked host may ask with another's.
                dropped("source_check", "iifname . ip saddr != @own_addresses"),
                "ct state established accept",
                f"ip daddr . meta l4proto . th dport {{ {', '.join(served)} }} accept",
                dropped("not_served"),
            ],
            "type filter hook input priority filter; policy drop;",
        ),
        *chain(
            "answer",
            ['oifname "lo" accept', "ct state established,related accept"],
            "type filter hook output priority filter; policy drop;",
        ),
    ]


def _leave(vpc: Router) -> list[str]:
    """Public addresses, towards outside."""
    gateways = ", ".join(f"{routing.nat_mark(nat.id):#x} : {nat.public}" for nat in vpc.nats if nat.public)
    owners = ", ".join(f"{own} : {public}" for public, own in vpc.public)
    return chain(
        "leave",
        [
            f"oifname != {IGW} accept",
            f"meta mark {routing.SERVICE} snat ip to {vpc.service_source}",
            *([f"snat ip to ct mark map {{ {gateways} }}"] if gateways else []),
            *([f"snat ip to ip saddr map {{ {owners} }}"] if owners else []),
        ],
        "type nat hook postrouting priority srcnat; policy accept;",
    )
