# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, listeners, rules and target groups made by hand, and a VPC to have them in."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.account.model import (
    Account,
    Action,
    Certificate,
    Condition,
    HealthCheck,
    Listener,
    ListenerRule,
    LoadBalancer,
    Target,
    TargetGroup,
)
from tests.lab.accounts import OPEN, REGION, Accounts

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
ZONES = ("us-east-1a", "us-east-1b")
NODES = ("10.0.0.10", "10.0.1.10")
"""The load balancer's address in each zone."""
TARGETS: Mapping[str, str] = {"one": "10.0.0.21", "two": "10.0.1.22"}
"""Instances, one in each zone, and the addresses of them."""
PORT = 8080


def group(name: str, *targets: str, **fields: Any) -> TargetGroup:
    """A target group of instances on `PORT`, checked each second; ``fields`` replace the defaults."""
    values: dict[str, Any] = {
        "arn": f"{ARN}:targetgroup/{name}/0123456789abcdef", "name": name, "vpc": "", "protocol": "HTTP",
        "port": PORT, "target_type": "instance", "targets": tuple(Target(each, PORT) for each in targets),
        "health": health(), "deregistration_delay": 30, "stickiness": None,
    }  # fmt: skip
    return TargetGroup(**{**values, **fields})


def health(**fields: Any) -> HealthCheck:
    """A check each second; two answers of a kind decide."""
    values: dict[str, Any] = {
        "protocol": "HTTP", "port": "traffic-port", "path": "/health", "interval": 1, "timeout": 1, "healthy": 2,
        "unhealthy": 2, "codes": "200",
    }  # fmt: skip
    return HealthCheck(**{**values, **fields})


def forward(*groups: TargetGroup | tuple[TargetGroup, int]) -> Action:
    """Forward to groups, each with the weight 1 unless it is said."""
    pairs = [each if isinstance(each, tuple) else (each, 1) for each in groups]
    return Action("forward", tuple((one.arn, weight) for one, weight in pairs))


def fixed(status: int, body: str = "", kind: str = "text/plain") -> Action:
    """A fixed response."""
    return Action("fixed-response", (), (("StatusCode", str(status)), ("ContentType", kind), ("MessageBody", body)))


def redirect(**settings: str) -> Action:
    """A redirect; ``settings`` by the API's names."""
    return Action("redirect", (), tuple(settings.items()))


def condition(field: str, *values: str, key: str = "") -> Condition:
    """A condition of a rule."""
    return Condition(field, key, values)


def rule(priority: int | None, action: Action, *conditions: Condition) -> ListenerRule:
    """A rule; without a priority the default."""
    return ListenerRule(f"{ARN}:listener-rule/{priority}", priority, conditions, action)


def listener(port: int, *rules: ListenerRule, **fields: Any) -> Listener:
    """An HTTP listener."""
    values: dict[str, Any] = {
        "arn": f"{ARN}:listener/{port}", "protocol": "HTTP", "port": port, "certificates": (), "ssl_policy": None,
        "rules": rules,
    }  # fmt: skip
    return Listener(**{**values, **fields})


def load_balancer(*listeners: Listener, **fields: Any) -> LoadBalancer:
    """An application load balancer; its subnets and groups are still to be said."""
    values: dict[str, Any] = {
        "arn": f"{ARN}:loadbalancer/app/web/0123456789abcdef", "name": "web", "type": "application",
        "scheme": "internet-facing", "dns_name": "web-1.us-east-1.elb.amazonaws.com", "region": REGION, "vpc": "",
        "subnets": (), "groups": (), "idle_timeout": 60, "cross_zone": True, "listeners": listeners,
    }  # fmt: skip
    return LoadBalancer(**{**values, **fields})


def certificate(name: str) -> Certificate:
    """A certificate of its own for a name, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    named = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    signed = named.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificate(
        f"arn:aws:acm:{REGION}:123456789012:certificate/{name}", signed.public_bytes(pem).decode(), "", private.decode()
    )


class Vpc:
    """An account with a VPC of two zones, an instance in each (`TARGETS`) and a client in the first."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.id = self.accounts.vpc()
        table = self.accounts.table(self.id, ("0.0.0.0/0", "internet"))
        self.open = self.accounts.group(self.id, OPEN)
        cidrs = zip(ZONES, ("10.0.0.0/24", "10.0.1.0/24"), strict=True)
        self.subnets = [self.accounts.subnet(self.id, cidr, table, zone=zone) for zone, cidr in cidrs]
        places = zip(TARGETS.items(), self.subnets, strict=True)
        self.targets = {name: self.accounts.instance(subnet, address, self.open) for (name, address), subnet in places}
        self.client = self.accounts.instance(self.subnets[0], "10.0.0.30", self.open)

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.accounts.account

    def put(self, balancer: LoadBalancer, *groups: TargetGroup, certificates: Sequence[Certificate] = ()) -> None:
        """Have a load balancer with its groups and certificates, in place of all that there were."""
        account = self.account
        if balancer.arn not in account.load_balancers:
            for address, subnet in zip(NODES, self.subnets, strict=True):
                self.accounts.interface(subnet, address, self.open, owner=("load_balancer", balancer.arn))
        for kind in ("target_groups", "certificates"):
            for identity in getattr(account, kind):
                self.accounts.remove(kind, identity)
        self.accounts.put("load_balancers", balancer.arn, balancer)
        place = {"vpc": self.id, "subnets": tuple(self.subnets), "groups": (self.open,)}
        self.accounts.change("load_balancers", balancer.arn, **place)
        for each in groups:
            self.accounts.put("target_groups", each.arn, each)
            self.accounts.change("target_groups", each.arn, vpc=self.id)
        for one in certificates:
            self.accounts.put("certificates", one.arn, one)

    def add(self, balancer: LoadBalancer, address: str) -> None:
        """Have one more load balancer, with one node in the first zone."""
        self.accounts.interface(self.subnets[0], address, self.open, owner=("load_balancer", balancer.arn))
        self.accounts.put("load_balancers", balancer.arn, dataclasses.replace(balancer, vpc=self.id))
        self.accounts.change("load_balancers", balancer.arn, subnets=(self.subnets[0],), groups=(self.open,))

    def clear(self) -> None:
        """Take the load balancers away."""
        account = self.account
        for interface in account.interfaces.values():
            if interface.owner[0] == "load_balancer":
                self.accounts.remove("interfaces", interface.id)
        for kind in ("load_balancers", "target_groups", "certificates"):
            for identity in getattr(account, kind):
                self.accounts.remove(kind, identity)
