# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosted zone and DNS record."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.elb import LoadBalancer
from ansible_collections.slipway.platform.plugins.module_utils.aws.route53 import DnsRecord, HostedZone, bare_ids
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Kind, Swept, Wait
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import comparable
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref, Text
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import (
    complaints,
    problems,
    undeclared_models,
    want,
)
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

ZONE, RECORD = HostedZone(), DnsRecord()
TARGET = {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "lb-1.us-east-1.elb.amazonaws.com", "EvaluateTargetHealth": True}


def test_requests_of_a_zone_fit_the_service_model() -> None:
    here = Have("hosted_zone", "main", {}, {"id": "Z1"}, {})
    for given in ({"domain": "example.com"}, {"domain": "shop.internal", "vpc": "main"}):
        steps = [*ZONE.create(want(ZONE, **given)), *ZONE.retag(here, {"a": "b"}, ["c"]), *ZONE.delete(here)]
        assert problems(ZONE, steps) == []
    assert undeclared_models(ZONE) == []


@pytest.fixture
def dns(account: Account) -> Account:
    """An account with a VPC and a load balancer, known by their names."""
    account.known["vpc", "main"] = {"id": account.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]}
    account.known["load_balancer", "main"] = {"alias_target": TARGET}
    account.kinds["hosted_zone"] = ZONE
    account.client("route53").meta.events.register("after-call.route-53", bare_ids)
    return account


@pytest.mark.parametrize(
    "given", [{"domain": "example.com"}, {"domain": "shop.internal", "vpc": "main"}], ids=["public", "private"]
)
def test_zone_comes_and_goes(dns: Account, given: dict[str, str]) -> None:
    created = dns.create(ZONE, **given)
    have = dns.have(ZONE)
    assert have.attributes == created
    assert "/" not in have.id
    assert have.tags == dns.wants["hosted_zone", "main"].tags
    assert not have.foreign
    assert dns.differences(ZONE) == {}
    dns.run(ZONE, ZONE.retag(have, {"Owner": "me"}, ["CostCenter"]), {})
    assert dns.have(ZONE).tags["Owner"] == "me"
    assert "CostCenter" not in dns.have(ZONE).tags
    dns.delete(ZONE)
    assert dns.read(ZONE) == []


def test_a_zone_is_made_once_however_often_a_run_dies(dns: Account) -> None:
    """The journalled token is the caller reference; a zone that got no tags is known by its comment."""
    wanted = dns.want(ZONE, domain="example.com")
    create, find, tag = ZONE.create(wanted)
    assert isinstance(create, Call)
    assert isinstance(find, Wait)
    assert create.token == "CallerReference"
    assert "HostedZoneAlreadyExists" in create.done
    dns.run(ZONE, [create], {})
    (have,) = dns.read(ZONE)
    assert (have.name, have.foreign, have.tags) == ("main", False, {})
    # Not seen by the read, and refused by Route 53 for its caller reference: the wait finds it.
    own: dict[str, Any] = {}
    dns.run(ZONE, [find, tag], own)
    assert own["id"] == have.id
    assert dns.have(ZONE).tags == wanted.tags


def test_a_public_zone_of_another_is_foreign(dns: Account) -> None:
    dns.client("route53").create_hosted_zone(Name="example.com", CallerReference="theirs")
    dns.want(ZONE, domain="example.com")
    assert [(have.name, have.foreign) for have in dns.read(ZONE)] == [("main", True)]


def test_a_private_zone_of_another_is_no_concern(dns: Account) -> None:
    other = dns.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    vpc = {"VPCId": other, "VPCRegion": "us-east-1"}
    private = {"PrivateZone": True}
    dns.client("route53").create_hosted_zone(
        Name="shop.internal", CallerReference="theirs", VPC=vpc, HostedZoneConfig=private
    )
    dns.want(ZONE, domain="shop.internal", vpc="main")
    assert dns.read(ZONE) == []


def test_our_zone_stands_beside_a_same_named_one(dns: Account) -> None:
    dns.client("route53").create_hosted_zone(Name="example.com", CallerReference="theirs")
    created = dns.create(ZONE, domain="example.com")
    assert [(have.id, have.foreign) for have in dns.read(ZONE)] == [(created["id"], False)]


def test_what_the_tag_index_hints_at_is_found_if_ours(dns: Account) -> None:
    created = dns.create(ZONE, domain="example.com")
    theirs = dns.client("route53").create_hosted_zone(Name="example.org", CallerReference="theirs")["HostedZone"]["Id"]
    dns.wants.clear()
    identities = (created["id"], theirs, "Z0GONE")
    hints = [Swept(f"arn:aws:route53:::hostedzone/{identity}", {}) for identity in identities]
    assert [have.name for have in dns.read(ZONE, hints)] == ["main"]


RECORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "address": ({"values": ["10.0.0.1"]}, {"values": ["10.0.0.2", "10.0.0.1"], "ttl": 300}),
    "alias": ({"alias": "main"}, {"values": ["10.0.0.1"]}),
    "text": ({"record_type": "TXT", "values": ['"v=spf1 -all"']}, {"record_type": "TXT", "values": ['"none"']}),
    "wildcard": ({"record_name": "*.example.com", "values": ["10.0.0.1"]}, {"record_name": "*.example.com.", "ttl": 5}),
}


@pytest.mark.parametrize("case", RECORDS)
def test_record_comes_changes_and_goes(dns: Account, case: str) -> None:
    given, changed = RECORDS[case]
    place = {"zone": "main", "record_name": "api.${hosted_zone.main.domain}"}
    dns.create(ZONE, domain="example.com")
    dns.create(RECORD, "api", **{**place, **given})
    assert dns.differences(RECORD, "api") == {}
    assert dns.have(RECORD, "api").component == "test"
    changed = changed if "alias" in given else {**given, **changed}
    assert len(dns.update(RECORD, "api", **{**place, **changed})) == 1
    assert dns.differences(RECORD, "api") == {}
    # Not twice, as other kinds' deletes are: Route 53 refuses to delete what is not there.
    dns.run(RECORD, RECORD.delete(dns.have(RECORD, "api")), {})
    assert dns.read(RECORD) == []


def test_records_of_others_are_left_alone_and_found_in_the_way(dns: Account) -> None:
    zone = dns.create(ZONE, domain="example.com")["id"]
    theirs = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "1.1.1.1"}]},
        }
        for name in ("www.example.com", "api.example.com")
    ]
    dns.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": theirs})
    dns.want(RECORD, "api", zone="main", record_name="api.example.com", values=["10.0.0.1"])
    dns.want(RECORD, "mail", zone="main", record_name="api.example.com", record_type="TXT", values=['"x"'])
    (have,) = dns.read(RECORD)
    assert (have.name, have.foreign, have.fields["values"]) == ("api", True, ["1.1.1.1"])


def test_records_of_other_types_and_other_stacks_are_no_concern(dns: Account) -> None:
    zone = dns.create(ZONE, domain="example.com")["id"]
    marked = {"SetIdentifier": "slipway:shop-dev/edge/web", "Weight": 1}
    theirs = [
        {"Name": "api.example.com", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"x"'}]},
        {"Name": "web.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "1.1.1.1"}], **marked},
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in theirs]
    dns.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    dns.want(RECORD, "api", zone="main", record_name="api.example.com", values=["10.0.0.1"])
    assert dns.read(RECORD) == []


def test_a_record_taken_over_is_replaced_in_one_change(dns: Account) -> None:
    test_records_of_others_are_left_alone_and_found_in_the_way(dns)
    del dns.wants["dns_record", "mail"]
    (call,) = dns.update(RECORD, "api", zone="main", record_name="api.example.com", values=["10.0.0.1"])
    assert [change["Action"] for change in call.params["ChangeBatch"]["Changes"]] == ["DELETE", "UPSERT"]
    assert [(have.name, have.foreign) for have in dns.read(RECORD)] == [("api", False)]


def test_a_record_that_no_document_names_any_more_is_still_ours(dns: Account) -> None:
    dns.create(ZONE, domain="example.com")
    dns.create(
        RECORD, "kafka-3", zone="main", record_name="kafka-3.example.com", values=["10.0.0.3"], component="kafka"
    )
    del dns.wants["dns_record", "kafka-3"]
    (have,) = dns.read(RECORD)
    assert (have.name, have.component, have.foreign) == ("kafka-3", "kafka", False)


def test_a_wildcard_is_read_as_it_is_written() -> None:
    # Route 53 answers with its octal code, moto does not.
    field = RECORD.fields["record_name"]
    assert comparable("\\052.Example.com.", field) == comparable("*.example.com", field) == "*.example.com"


def test_changes_of_a_zone_are_one_call(dns: Account) -> None:
    dns.create(ZONE, domain="example.com")
    wants = [
        dns.want(RECORD, f"host-{n}", zone="main", record_name=f"host-{n}.example.com", values=[f"10.0.0.{n}"])
        for n in range(3)
    ]
    assert len({RECORD.bundle(each) for each in wants}) == 1
    before = len(dns.sent)
    dns.run(RECORD, [step for each in wants for step in RECORD.create(each)], {})
    assert len(dns.sent) == before + 1
    haves = dns.read(RECORD)
    assert sorted(have.name for have in haves) == ["host-0", "host-1", "host-2"]
    assert RECORD.bundle(haves[0]) == RECORD.bundle(wants[0])
    dns.run(RECORD, [step for have in haves for step in RECORD.delete(have)], {})
    assert dns.read(RECORD) == []


@pytest.mark.parametrize(("count", "fits"), [(500, True), (501, False)])
def test_a_batch_has_a_limit(count: int, fits: bool) -> None:
    documents = [
        want(RECORD, f"r{n}", zone="main", record_name=f"r{n}.example.com", values=["10.0.0.1"]) for n in range(count)
    ]
    calls = [step for one in documents for step in RECORD.create(one) if isinstance(step, Call)]
    if fits:
        assert len(RECORD.merge(calls).params["ChangeBatch"]["Changes"]) == count
    else:
        with pytest.raises(ValueError, match="several zones"):
            RECORD.merge(calls)


def test_a_reference_that_is_not_known_yet_stays_one() -> None:
    domain = Ref("hosted_zone", "main", "domain")
    wanted = want(RECORD, zone="main", record_name="api.${hosted_zone.main.domain}", alias="edge")
    (call,) = RECORD.create(wanted)
    assert call.params["HostedZoneId"] == Ref("hosted_zone", "main")
    record = call.params["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]
    assert record["Name"] == Text(("api.", domain))
    assert record["AliasTarget"] == Ref("load_balancer", "edge", "alias_target")
    assert "alias_target" in LoadBalancer.attributes


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (ZONE, {"domain": "Example.com"}, "does not match"),
        (ZONE, {"domain": "example.com."}, "does not match"),
        (RECORD, {"record_name": "a.b"}, "either values or an alias"),
        (RECORD, {"record_name": "a.b", "values": ["1"], "alias": "m"}, "either values or an alias"),
        (RECORD, {"record_name": "a.b", "alias": "m", "ttl": 5}, "has no ttl"),
        (RECORD, {"record_name": "a.b", "alias": "m", "record_type": "TXT"}, "type A or AAAA"),
        (RECORD, {"record_name": "api", "values": ["1"]}, "api.${hosted_zone.NAME.domain}"),
    ],
)
def test_bad_documents_are_refused(kind: Kind, given: dict[str, Any], expected: str) -> None:
    place = {"zone": "main"} if kind is RECORD else {}
    assert any(expected in complaint for complaint in complaints(kind, **place, **given))


def test_a_name_too_long_to_mark_a_record_with_is_refused() -> None:
    record = {"zone": "main", "record_name": "a.b", "values": ["1"]}
    assert want(RECORD, "a" * 105, **record)
    with pytest.raises(AssertionError, match="128 characters"):
        want(RECORD, "a" * 106, **record)
