# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resolver answers: a table of questions, asked from a VPC, from another, and from the internet."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import dns.name
import pytest
from dns.rcode import Rcode

from lab import place
from lab.account.model import Account, Database, Endpoint, LoadBalancer, Record, Zone
from lab.dns.answer import Answer, View, answer
from tests.lab.accounts import REGION, Accounts


@dataclass(frozen=True)
class World:
    account: Account
    home: str
    other: str

    def ask(self, where: str, name: str, rdtype: str = "A", turn: int = 0) -> Answer:
        vpc = {"home": self.home, "other": self.other, "internet": None}[where]
        return answer(View(self.account, vpc), dns.name.from_text(name), rdtype, turn)


def record(name: str, rdtype: str, *values: str, ttl: int = 300, alias: str | None = None) -> Record:
    return Record(name, rdtype, ttl, values, alias)


PUBLIC = (
    record("example.com.", "NS", "ns-1.awsdns-00.com."),
    record("example.com.", "SOA", "ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 30", ttl=900),
    record("example.com.", "MX", "10 mail.example.com", "20 mail2.example.com."),
    record("example.com.", "CAA", '0 issue "amazon.com"'),
    record("example.com.", "TXT", '"v=spf1 -all"', '"a \\"quoted\\" text"'),
    record("example.com.", "A", alias="edge-1.us-east-1.elb.amazonaws.com."),
    record("_api._tcp.example.com.", "SRV", "1 10 443 www.example.com."),
    record("www.example.com.", "CNAME", "web.example.com"),
    record("web.example.com.", "A", "192.0.2.1", "192.0.2.2", ttl=60),
    record("v6.example.com.", "AAAA", "2001:db8::1"),
    record("\\052.apps.example.com.", "A", "192.0.2.9"),
    record("fixed.apps.example.com.", "TXT", '"no address"'),
    record("far.example.com.", "CNAME", "api.other.example.org."),
    record("loop1.example.com.", "CNAME", "loop2.example.com."),
    record("loop2.example.com.", "CNAME", "loop1.example.com."),
    record("ring.example.com.", "A", alias="ring.example.com."),
    record("second.example.com.", "A", alias="first.example.com."),
    record("first.example.com.", "A", alias="web.example.com."),
    record("nothing.example.com.", "A", alias="gone.example.com."),
    record("weighted.example.com.", "A", "192.0.2.11"),
    record("weighted.example.com.", "A", "192.0.2.12"),
    record("failover.example.com.", "A", alias="gone.example.com."),
    record("failover.example.com.", "A", "192.0.2.13"),
    record("wrong.example.com.", "A", "not an address"),
    record(f"{'x' * 64}.example.com.", "A", "192.0.2.1"),
    record("split.example.com.", "A", "192.0.2.20"),
    record("hidden.inner.example.com.", "A", "192.0.2.21"),
)
PRIVATE = (
    record("db.inner.example.com.", "CNAME", "orders.c1.us-east-1.rds.amazonaws.com"),
    record("inner.example.com.", "A", "10.0.1.9"),
)


def build() -> World:
    """Two VPCs with one range. ``home`` has all the services, a private zone and an endpoint for SQS and for ECR."""
    held = Accounts()
    home, other = held.vpc("10.0.0.0/16"), held.vpc("10.0.0.0/16")
    table = held.table(home)
    subnet, far = held.subnet(home, "10.0.1.0/24", table), held.subnet(other, "10.0.1.0/24", held.table(other))
    held.instance(subnet, "10.0.1.5", public="198.19.0.1")
    held.instance(far, "10.0.1.6")
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/{}/1"
    balancers = (("edge", "internet-facing"), ("Inner", "internal"), ("new", "internal"))
    for number, (name, scheme) in enumerate(balancers):
        balancer = LoadBalancer(
            arn=arn.format(name), name=name, type="application", scheme=scheme,  # type: ignore[arg-type]
            dns_name=f"{name}-1.us-east-1.elb.amazonaws.com", region=REGION, vpc=home, subnets=(subnet,), groups=(),
            idle_timeout=60, cross_zone=True, listeners=(),
        )  # fmt: skip
        held.put("load_balancers", balancer.arn, balancer)
        for node in (0, 1) if name != "new" else ():
            address = f"10.0.1.{20 + 2 * number + node}"
            public = f"198.19.0.{20 + node}" if scheme == "internet-facing" else None
            held.interface(subnet, address, public=public, owner=("load_balancer", balancer.arn))
    for name, public in (("orders", None), ("open", "198.19.0.40")):
        held.put("databases", name, database(name, home, subnet, public is not None))
        address = "10.0.1.41" if public else "10.0.1.40"
        held.interface(subnet, address, public=public, owner=("database", name))
    for service, private_dns in (("sqs", True), ("ecr.dkr", True), ("kms", False)):
        endpoint = held.put("endpoints", f"vpce-{service}", Endpoint(
            f"vpce-{service}", home, service, "interface", None, private_dns))  # fmt: skip
        last = 50 + len(held.account.endpoints)
        held.interface(subnet, f"10.0.1.{last}", owner=("endpoint", endpoint))
    held.put("zones", "Z1", Zone("Z1", "example.com.", (), PUBLIC))
    held.put("zones", "Z2", Zone("Z2", "inner.example.com.", (home,), PRIVATE))
    held.put(
        "zones", "Z3", Zone("Z3", "split.example.com.", (other,), (record("split.example.com.", "A", "10.0.0.3"),))
    )
    deep = (record("www.deep.inner.example.com.", "A", "192.0.2.22"),)
    held.put("zones", "Z4", Zone("Z4", "deep.inner.example.com.", (), deep))
    return World(held.account, home, other)


def database(name: str, vpc: str, subnet: str, public: bool) -> Database:
    return Database(
        id=name, arn=f"arn:aws:rds:us-east-1:123456789012:db:{name}", region=REGION, status="available",
        engine="postgres", version="15.4", vpc=vpc, subnets=(subnet,), zone="us-east-1a", groups=(), port=5432,
        endpoint=f"{name}.c1.us-east-1.rds.amazonaws.com", public=public, database=None, username="master",
        parameters=(), storage=20, snapshot=None, reboots=0,
    )  # fmt: skip


WORLD = build()
API, S3 = str(place.API), str(place.S3)


@pytest.mark.parametrize(
    ("where", "name", "rdtype", "expected"),
    [
        # addresses of a VPC
        ("home", "ip-10-0-1-5.ec2.internal", "A", ["10.0.1.5"]),
        ("home", "IP-10-0-1-5.EC2.internal", "A", ["10.0.1.5"]),
        ("home", "ip-10-0-1-40.ec2.internal", "A", ["10.0.1.40"]),
        ("home", "ip-10-0-1-6.ec2.internal", "A", Rcode.NXDOMAIN),
        ("other", "ip-10-0-1-6.ec2.internal", "A", ["10.0.1.6"]),
        ("internet", "ip-10-0-1-5.ec2.internal", "A", Rcode.NXDOMAIN),
        ("home", "ip-10-0-1-5.ec2.internal", "AAAA", []),
        ("home", "5.1.0.10.in-addr.arpa", "PTR", ["ip-10-0-1-5.ec2.internal."]),
        ("home", "6.1.0.10.in-addr.arpa", "PTR", Rcode.NXDOMAIN),
        ("internet", "5.1.0.10.in-addr.arpa", "PTR", Rcode.NXDOMAIN),
        ("internet", "1.0.19.198.in-addr.arpa", "PTR", ["ec2-198-19-0-1.compute-1.amazonaws.com."]),
        ("home", "ec2-198-19-0-1.compute-1.amazonaws.com", "A", ["10.0.1.5"]),
        ("other", "ec2-198-19-0-1.compute-1.amazonaws.com", "A", ["198.19.0.1"]),
        ("internet", "ec2-198-19-0-1.compute-1.amazonaws.com", "A", ["198.19.0.1"]),
        ("internet", "ec2-198-19-0-9.compute-1.amazonaws.com", "A", Rcode.NXDOMAIN),
        ("home", "instance-data.ec2.internal", "A", ["169.254.169.254"]),
        ("home", "mirror.slipway.internal", "A", ["169.254.169.250"]),
        ("internet", "mirror.slipway.internal", "A", Rcode.NXDOMAIN),
        # services of AWS
        ("home", "ec2.us-east-1.amazonaws.com", "A", [API]),
        ("home", "truststore.pki.rds.amazonaws.com", "A", [API]),
        ("home", "pki.rds.amazonaws.com", "A", []),
        ("home", "other.pki.rds.amazonaws.com", "A", Rcode.NXDOMAIN),
        ("internet", "ec2.eu-west-1.amazonaws.com", "A", [API]),
        ("internet", "ec2.us-mars-1.amazonaws.com", "A", Rcode.NXDOMAIN),
        ("internet", "iam.amazonaws.com", "A", [API]),
        ("internet", "s3.amazonaws.com", "A", [S3]),
        ("internet", "my.bucket.s3.us-east-1.amazonaws.com", "A", [S3]),
        ("internet", "s3.dualstack.us-east-1.amazonaws.com", "A", [S3]),
        ("internet", "dynamodb.us-east-1.amazonaws.com", "A", [str(place.DYNAMODB)]),
        ("internet", "123456789012.ddb.us-east-1.amazonaws.com", "A", [str(place.DYNAMODB)]),
        ("internet", "api.ecr.us-east-1.amazonaws.com", "A", [API]),
        ("internet", "runtime.sagemaker.us-east-1.amazonaws.com", "A", [API]),
        ("internet", "123456789012.dkr.ecr.us-east-1.amazonaws.com", "A", [str(place.REGISTRY)]),
        ("home", "123456789012.dkr.ecr.us-east-1.amazonaws.com", "A", ["10.0.1.52"]),
        ("home", "api.ecr.us-east-1.amazonaws.com", "A", [API]),
        ("home", "sqs.us-east-1.amazonaws.com", "A", ["10.0.1.51"]),
        ("home", "sqs.eu-west-1.amazonaws.com", "A", [API]),
        ("other", "sqs.us-east-1.amazonaws.com", "A", [API]),
        ("home", "kms.us-east-1.amazonaws.com", "A", [API]),
        ("internet", "nowhere.amazonaws.com", "A", Rcode.NXDOMAIN),
        # load balancers
        ("internet", "edge-1.us-east-1.elb.amazonaws.com", "A", ["198.19.0.20", "198.19.0.21"]),
        ("home", "edge-1.us-east-1.elb.amazonaws.com", "A", ["198.19.0.20", "198.19.0.21"]),
        ("home", "inner-1.us-east-1.elb.amazonaws.com", "A", ["10.0.1.22", "10.0.1.23"]),
        ("internet", "inner-1.us-east-1.elb.amazonaws.com", "A", ["10.0.1.22", "10.0.1.23"]),
        ("internet", "dualstack.edge-1.us-east-1.elb.amazonaws.com", "A", ["198.19.0.20", "198.19.0.21"]),
        ("internet", "gone-1.us-east-1.elb.amazonaws.com", "A", Rcode.NXDOMAIN),
        ("internet", "new-1.us-east-1.elb.amazonaws.com", "A", Rcode.NXDOMAIN),
        ("internet", "gone-1.elb.us-east-1.amazonaws.com", "A", Rcode.NXDOMAIN),
        # databases
        ("home", "orders.c1.us-east-1.rds.amazonaws.com", "A", ["10.0.1.40"]),
        ("internet", "orders.c1.us-east-1.rds.amazonaws.com", "A", ["10.0.1.40"]),
        ("home", "open.c1.us-east-1.rds.amazonaws.com", "A", ["10.0.1.41"]),
        ("other", "open.c1.us-east-1.rds.amazonaws.com", "A", ["198.19.0.40"]),
        ("internet", "gone.c1.us-east-1.rds.amazonaws.com", "A", Rcode.NXDOMAIN),
        # records as stored
        ("internet", "web.example.com", "A", ["192.0.2.1", "192.0.2.2"]),
        ("internet", "web.example.com", "TXT", []),
        ("internet", "v6.example.com", "AAAA", ["2001:db8::1"]),
        ("internet", "example.com", "NS", ["ns-1.awsdns-00.com."]),
        ("internet", "example.com", "MX", ["10 mail.example.com.", "20 mail2.example.com."]),
        ("internet", "example.com", "CAA", ['0 issue "amazon.com"']),
        ("internet", "example.com", "TXT", ['"a \\"quoted\\" text"', '"v=spf1 -all"']),
        ("internet", "_api._tcp.example.com", "SRV", ["1 10 443 www.example.com."]),
        ("internet", "_tcp.example.com", "A", []),
        ("internet", "gone.example.com", "A", Rcode.NXDOMAIN),
        ("internet", "wrong.example.com", "A", []),
        ("internet", "org", "A", Rcode.NXDOMAIN),
        ("internet", ".", "NS", Rcode.NXDOMAIN),
        # wildcards
        ("internet", "any.apps.example.com", "A", ["192.0.2.9"]),
        ("internet", "deep.any.apps.example.com", "A", ["192.0.2.9"]),
        ("internet", "any.apps.example.com", "TXT", []),
        ("internet", "fixed.apps.example.com", "A", []),
        ("internet", "apps.example.com", "A", []),
        # aliases
        ("internet", "example.com", "A", ["198.19.0.20", "198.19.0.21"]),
        ("internet", "example.com", "AAAA", []),
        ("internet", "second.example.com", "A", ["192.0.2.1", "192.0.2.2"]),
        ("internet", "nothing.example.com", "A", []),
        ("internet", "ring.example.com", "A", []),
        ("internet", "failover.example.com", "A", ["192.0.2.13"]),
        # private zones
        ("home", "inner.example.com", "A", ["10.0.1.9"]),
        ("other", "inner.example.com", "A", []),
        ("home", "hidden.inner.example.com", "A", Rcode.NXDOMAIN),
        ("other", "hidden.inner.example.com", "A", ["192.0.2.21"]),
        ("home", "www.deep.inner.example.com", "A", Rcode.NXDOMAIN),
        ("other", "www.deep.inner.example.com", "A", ["192.0.2.22"]),
        ("home", "split.example.com", "A", ["192.0.2.20"]),
        ("other", "split.example.com", "A", ["10.0.0.3"]),
        ("home", "web.example.com", "A", ["192.0.2.1", "192.0.2.2"]),
    ],
)
def test_answers(where: str, name: str, rdtype: str, expected: list[str] | Rcode) -> None:
    found = WORLD.ask(where, name, rdtype)
    if isinstance(expected, Rcode):
        assert (found.rcode, found.answer) == (expected, ())
        return
    assert found.rcode == Rcode.NOERROR
    assert sorted(str(each) for rrset in found.answer for each in rrset) == expected
    assert all(rrset.name == dns.name.from_text(name.lower()) for rrset in found.answer)


def test_a_chain_of_names_is_followed_across_zones() -> None:
    found = WORLD.ask("home", "db.inner.example.com")
    assert [str(rrset) for rrset in found.answer] == [
        "db.inner.example.com. 300 IN CNAME orders.c1.us-east-1.rds.amazonaws.com.",
        "orders.c1.us-east-1.rds.amazonaws.com. 5 IN A 10.0.1.40",
    ]


def test_a_chain_that_ends_nowhere_is_told_with_its_end() -> None:
    found = WORLD.ask("internet", "far.example.com")
    assert found.rcode == Rcode.NXDOMAIN
    assert [str(rrset) for rrset in found.answer] == ["far.example.com. 300 IN CNAME api.other.example.org."]


def test_a_question_for_the_cname_itself_is_not_followed() -> None:
    found = WORLD.ask("internet", "www.example.com", "CNAME")
    assert [str(rrset) for rrset in found.answer] == ["www.example.com. 300 IN CNAME web.example.com."]


def test_a_circle_of_names_is_a_failure() -> None:
    assert WORLD.ask("internet", "loop1.example.com").rcode == Rcode.SERVFAIL


def test_record_sets_of_one_name_take_turns() -> None:
    seen = [str(WORLD.ask("internet", "weighted.example.com", turn=turn).answer[0][0]) for turn in range(4)]
    assert seen == ["192.0.2.11", "192.0.2.12"] * 2


@pytest.mark.parametrize(
    ("name", "ttl"), [("web.example.com", 60), ("second.example.com", 60), ("v6.example.com", 300)]
)
def test_the_time_to_live_is_the_stored_one_and_an_alias_has_its_targets(name: str, ttl: int) -> None:
    rdtype = "AAAA" if name.startswith("v6") else "A"
    assert WORLD.ask("internet", name, rdtype).answer[0].ttl == ttl


@pytest.mark.parametrize(
    ("where", "name", "authority"),
    [
        ("internet", "gone.example.com", ("example.com.", 30)),
        ("internet", "v6.example.com", ("example.com.", 30)),
        ("home", "gone.inner.example.com", ("inner.example.com.", 60)),
        ("home", "gone.ec2.internal", ("ec2.internal.", 60)),
    ],
)
def test_no_answer_says_who_says_so_and_for_how_long(where: str, name: str, authority: tuple[str, int]) -> None:
    (found,) = WORLD.ask(where, name).authority
    assert (found.name.to_text(), found.ttl, found[0].rdtype.name) == (*authority, "SOA")


def test_any_gives_all_that_is_stored() -> None:
    found = WORLD.ask("internet", "example.com", "ANY")
    assert {rrset.rdtype.name for rrset in found.answer} == {"A", "CAA", "MX", "NS", "SOA", "TXT"}


def test_names_of_other_regions_carry_the_region() -> None:
    vpc = dataclasses.replace(WORLD.account.vpcs[WORLD.home], region="eu-west-1")
    account = dataclasses.replace(WORLD.account, vpcs={**WORLD.account.vpcs, WORLD.home: vpc})
    world = World(account, WORLD.home, WORLD.other)
    assert world.ask("home", "ip-10-0-1-5.eu-west-1.compute.internal").answer
    assert world.ask("internet", "ec2-198-19-0-1.eu-west-1.compute.amazonaws.com").answer
    assert world.ask("home", "sqs.eu-west-1.amazonaws.com").answer[0][0].to_text() == "10.0.1.51"
