# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs: made, read, changed and deleted; the arithmetic of their entries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.slipway.platform.plugins.module_utils.aws.network import Subnet
from ansible_collections.slipway.platform.plugins.module_utils.aws.network_acl import NetworkAcl, entries
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import complaints, want
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

HTTPS = {"number": 100, "ports": "443", "cidr": "0.0.0.0/0"}
REPLIES = {"number": 110, "ports": "1024-65535", "cidr": "0.0.0.0/0"}
PING = {"number": 120, "protocol": "icmp", "cidr": "10.0.0.0/8"}
NOTHING = {"number": 130, "protocol": "all", "cidr": "10.9.0.0/16", "action": "deny"}
ALL_UDP = {"number": 140, "protocol": "udp", "cidr": "10.0.0.0/8"}


def associated(account: Account, subnet: str) -> str:
    """The id of the ACL that a subnet has."""
    filters = [{"Name": "association.subnet-id", "Values": [account.have(Subnet(), subnet).id]}]
    (acl,) = account.client("ec2").describe_network_acls(Filters=filters)["NetworkAcls"]
    return str(acl["NetworkAclId"])


def test_network_acl(network: Account) -> None:
    acl, default = NetworkAcl(), associated(network, "a")
    own = network.create(
        acl, vpc="main", subnets=["a", "b"], ingress=[HTTPS, REPLIES, PING, ALL_UDP], egress=[HTTPS, NOTHING]
    )["id"]
    assert network.differences(acl) == {}
    assert [associated(network, subnet) for subnet in "abc"] == [own, own, default]
    calls = network.update(
        acl, vpc="main", subnets=["b", "c"], ingress=[HTTPS, {**REPLIES, "action": "deny"}, NOTHING], egress=[HTTPS]
    )
    assert sorted((call.operation, call.params.get("RuleNumber", 0)) for call in calls) == [
        ("CreateNetworkAclEntry", 130),
        ("DeleteNetworkAclEntry", 120),
        ("DeleteNetworkAclEntry", 130),
        ("DeleteNetworkAclEntry", 140),
        ("ReplaceNetworkAclAssociation", 0),
        ("ReplaceNetworkAclAssociation", 0),
        ("ReplaceNetworkAclEntry", 110),
    ]
    assert network.differences(acl) == {}
    assert [associated(network, subnet) for subnet in "abc"] == [default, own, own]
    # moto answers an association that is gone with an internal error, not with InvalidAssociationID.NotFound.
    network.delete(acl, twice=False)
    assert network.read(acl) == []
    assert {associated(network, subnet) for subnet in "abc"} == {default}


def test_a_subnet_is_taken_from_the_acl_that_has_it(network: Account) -> None:
    acl = NetworkAcl()
    network.create(acl, "one", vpc="main", subnets=["a", "b"])
    two = network.create(acl, "two", vpc="main", subnets=["b"])["id"]
    assert associated(network, "b") == two
    assert network.differences(acl, "two") == {}


def test_entries_first() -> None:
    """An ACL without entries denies everything, so a subnet gets it when it has them."""
    acl = NetworkAcl()
    steps = list(acl.create(want(acl, vpc="main", subnets=["a"], ingress=[HTTPS], egress=[HTTPS])))
    assert [step.operation for step in steps if isinstance(step, Call)] == [
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "CreateNetworkAclEntry",
        "ReplaceNetworkAclAssociation",
    ]


@pytest.mark.parametrize(
    ("entry", "params"),
    [
        ({"protocol": "tcp", "ports": "22"}, {"Protocol": "6", "PortRange": {"From": 22, "To": 22}}),
        ({"protocol": "udp"}, {"Protocol": "17", "PortRange": {"From": 0, "To": 65535}}),
        ({"protocol": "icmp"}, {"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": -1}}),
        ({"protocol": "all"}, {"Protocol": "-1"}),
    ],
)
def test_protocols_and_ports_are_written_as_the_provider_reads_them(
    entry: dict[str, Any], params: dict[str, Any]
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html"""
    acl = NetworkAcl()
    steps = acl.create(want(acl, vpc="main", ingress=[{"number": 1, "cidr": "10.0.0.0/8", **entry}]))
    (sent,) = [step.params for step in steps if step.operation == "CreateNetworkAclEntry"]
    assert {name: value for name, value in sent.items() if name in ("Protocol", "PortRange", "IcmpTypeCode")} == params


def test_what_no_document_can_say_is_seen() -> None:
    row = {
        "NetworkAclId": "acl-1",
        "VpcId": "vpc-1",
        "Associations": [],
        "Entries": [
            {
                "RuleNumber": 10,
                "Egress": False,
                "Protocol": "1",
                "RuleAction": "allow",
                "CidrBlock": "0.0.0.0/0",
                "IcmpTypeCode": {"Type": 8, "Code": -1},
            },
            {"RuleNumber": 20, "Egress": False, "Protocol": "50", "RuleAction": "allow", "Ipv6CidrBlock": "::/0"},
            {
                "RuleNumber": 30,
                "Egress": False,
                "Protocol": "6",
                "RuleAction": "allow",
                "CidrBlock": "0.0.0.0/0",
                "PortRange": {"From": 0, "To": 65535},
            },
            {"RuleNumber": 32767, "Egress": False, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"},
            {"RuleNumber": 32768, "Egress": False, "Protocol": "-1", "RuleAction": "deny", "Ipv6CidrBlock": "::/0"},
        ],
    }
    assert entries(NetworkAcl().observe(row)["ingress"]) == [
        {"number": 10, "protocol": "icmp", "ports": "8--1", "cidr": "0.0.0.0/0", "action": "allow"},
        {"number": 20, "protocol": "50", "cidr": "::/0", "action": "allow"},
        {"number": 30, "protocol": "tcp", "cidr": "0.0.0.0/0", "action": "allow"},
    ]


def acl_entries() -> st.SearchStrategy[dict[int, dict[str, Any]]]:
    entry = st.fixed_dictionaries(
        {
            "protocol": st.sampled_from(["tcp", "udp", "icmp", "all"]),
            "cidr": st.sampled_from(["0.0.0.0/0", "10.0.0.0/8"]),
            "action": st.sampled_from(["allow", "deny"]),
        }
    )
    return st.dictionaries(st.integers(1, 6), entry)


@given(acl_entries(), acl_entries())
def test_an_update_leads_from_any_entries_to_any_others(
    before: dict[int, dict[str, Any]], after: dict[int, dict[str, Any]]
) -> None:
    acl = NetworkAcl()
    fields = {"ingress": [], "egress": [{"number": number, **entry} for number, entry in before.items()], "subnets": []}
    have = Have("network_acl", "main", fields, {"id": "acl-1", "associations": {}}, {})
    wanted = want(acl, vpc="main", egress=[{"number": number, **entry} for number, entry in after.items()])
    standing = dict(before)
    for step in acl.update(have, wanted, frozenset({"egress"})):
        assert isinstance(step, Call)
        assert step.params["Egress"]
        number = step.params["RuleNumber"]
        assert (step.operation == "CreateNetworkAclEntry") is (number not in standing)
        if step.operation == "DeleteNetworkAclEntry":
            del standing[number]
        else:
            standing[number] = after[number]
    assert standing == after


@pytest.mark.parametrize(
    ("given_entries", "complaint"),
    [
        ([HTTPS, HTTPS], "ingress[1]: number 100 is taken"),
        ([{**PING, "ports": "8"}], "protocol icmp has none"),
        ([{**HTTPS, "ports": "2-1"}], "'2-1' is no range of ports"),
        ([{**HTTPS, "number": 32767}], "main.ingress[0].number: 32767 is above"),
        ([{"number": 1, "ports": "22"}], "main.ingress[0].cidr: required"),
    ],
)
def test_bad_entries_are_refused(given_entries: list[dict[str, Any]], complaint: str) -> None:
    (found,) = complaints(NetworkAcl(), vpc="main", ingress=given_entries)
    assert complaint in found
