# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target group, load balancer, listener, listener rule."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.slipway.platform.plugins.module_utils.aws.elb import LoadBalancer, TargetGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.listener import Listener, ListenerRule
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Kind, Swept
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import (
    SCOPE,
    complaints,
    problems,
    undeclared_models,
    want,
)
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

KINDS = (LoadBalancer(), TargetGroup(), Listener(), ListenerRule())
BALANCER, GROUP, LISTENER, RULE = KINDS
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0123abcd"
GROUP_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/0123456789abcdef"

FULL: dict[str, tuple[Kind, dict[str, Any]]] = {
    "application": (
        BALANCER,
        {
            "subnets": ["public-a", "public-b"],
            "security_groups": ["edge"],
            "scheme": "internal",
            "idle_timeout": 120,
            "deletion_protection": True,
            "access_logs": "logs",
            "drop_invalid_headers": False,
        },
    ),
    "network": (BALANCER, {"load_balancer_type": "network", "subnets": ["public-a"]}),
    "target group": (
        GROUP,
        {
            "vpc": "main",
            "port": 30000,
            "protocol": "HTTPS",
            "health": {"path": "/health", "matcher": "200-299", "interval": 10},
            "deregistration_delay": 60,
            "stickiness": True,
            "targets": ["one", "two"],
        },
    ),
    "tcp target group": (GROUP, {"vpc": "main", "port": 6443, "protocol": "TCP", "stickiness": True}),
    "listener": (
        LISTENER,
        {
            "load_balancer": "main",
            "port": 443,
            "protocol": "HTTPS",
            "certificate_arn": CERTIFICATE,
            "default_action": {"fixed_response": {"body": "nothing here"}},
        },
    ),
    "redirect": (LISTENER, {"load_balancer": "main", "port": 80, "default_action": {"redirect_https": True}}),
    "rule": (
        RULE,
        {
            "listener": "main",
            "priority": 10,
            "paths": ["/api/*"],
            "hosts": ["shop.example.com"],
            "action": {"target_group": "api"},
        },
    ),
}


@pytest.mark.parametrize("case", FULL)
def test_requests_fit_the_service_model(case: str) -> None:
    kind, given = FULL[case]
    wanted = want(kind, **given)
    here = Have(kind.name, "main", _observed(kind, wanted.values), {"id": "arn:x", "arn": "arn:x"}, {})
    steps = [
        *kind.create(wanted),
        *kind.complete(wanted),
        *kind.update(here, wanted, frozenset(wanted.values)),
        *kind.retag(here, {"a": "b"}, ["c"]),
        *kind.clear(here),
        *kind.delete(here),
    ]
    assert problems(kind, steps) == []
    assert undeclared_models(kind) == []


def _observed(kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(kind.fields, "other"), **values, **({"targets": ["three"]} if kind is GROUP else {})}


@pytest.fixture
def net(account: Account) -> Account:
    """An account with a VPC of two subnets and two security groups, known by their names."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    account.known["vpc", "main"] = {"id": vpc}
    for zone in "ab":
        cidr = f"10.0.{ord(zone) - ord('a')}.0/24"
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        account.known["subnet", f"public-{zone}"] = {"id": subnet["SubnetId"]}
    for name in ("edge", "other"):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
        account.known["security_group", name] = {"id": group["GroupId"]}
    account.kinds |= {kind.name: kind for kind in KINDS}
    return account


@pytest.fixture
def bucket(net: Account) -> Account:
    """Also a bucket that takes access logs."""
    net.client("s3").create_bucket(Bucket="shop-logs")
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::127311923021:root"},'
        '"Action":"s3:PutObject","Resource":"arn:aws:s3:::shop-logs/*"}]}'
    )
    net.client("s3").put_bucket_policy(Bucket="shop-logs", Policy=policy)
    net.known["s3_bucket", "logs"] = {"id": "shop-logs"}
    return net


@pytest.fixture
def hosts(net: Account) -> Account:
    """Also three instances."""
    for name in ("one", "two", "three"):
        instance = net.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
        net.known["instance", name] = {"id": instance["InstanceId"]}
    return net


def balancer(account: Account, **given: Any) -> dict[str, Any]:
    return account.create(BALANCER, **{"subnets": ["public-a", "public-b"], "security_groups": ["edge"], **given})


def test_load_balancer_comes_changes_and_goes(bucket: Account) -> None:
    created = balancer(bucket)
    assert bucket.have(BALANCER).attributes == created
    assert bucket.have(BALANCER).physical_name == "shop-test-lb"
    assert bucket.differences(BALANCER) == {}
    calls = bucket.update(
        BALANCER,
        subnets=["public-b", "public-a"],
        security_groups=["other"],
        idle_timeout=10,
        drop_invalid_headers=False,
        deletion_protection=True,
        access_logs="logs",
    )
    assert [call.operation for call in calls] == ["SetSecurityGroups", "ModifyLoadBalancerAttributes"]
    assert bucket.differences(BALANCER) == {}
    bucket.update(BALANCER, subnets=["public-a", "public-b"], security_groups=["edge"])
    assert [call.operation for call in bucket.delete(BALANCER)][-1] == "DeleteLoadBalancer"
    assert bucket.read(BALANCER) == []


def test_a_plain_load_balancer_takes_no_call_for_what_is_default() -> None:
    wanted = want(BALANCER, subnets=["a", "b"], security_groups=["edge"], drop_invalid_headers=False)
    assert [step.operation for step in BALANCER.create(wanted)] == ["CreateLoadBalancer", "DescribeLoadBalancers"]
    assert list(BALANCER.complete(wanted)) == []
    network = want(BALANCER, subnets=["a"], load_balancer_type="network")
    assert [step.operation for step in BALANCER.create(network)] == ["CreateLoadBalancer", "DescribeLoadBalancers"]


def test_access_logs_are_switched_on_late_and_off_before_the_bucket_goes(bucket: Account) -> None:
    balancer(bucket, access_logs="logs")
    assert bucket.have(BALANCER).fields["access_logs"] == "shop-logs"
    sent = [call for call in bucket.sent if call.operation == "ModifyLoadBalancerAttributes"][-1]
    assert sent.patience == {"InvalidConfigurationRequest": 300}
    assert [call.params["Attributes"] for call in bucket.delete(BALANCER) if "Attributes" in call.params] == [
        [{"Key": "access_logs.s3.enabled", "Value": "false"}]
    ]


def test_a_locked_load_balancer_is_unlocked_before_it_goes(net: Account) -> None:
    balancer(net, deletion_protection=True)
    assert [call.operation for call in net.delete(BALANCER)] == ["ModifyLoadBalancerAttributes", "DeleteLoadBalancer"]
    assert net.read(BALANCER) == []


def test_network_load_balancer_converges(net: Account) -> None:
    net.create(BALANCER, load_balancer_type="network", subnets=["public-a"])
    assert net.differences(BALANCER) == {}


def test_target_group_comes_changes_and_goes(hosts: Account) -> None:
    document = {"vpc": "main", "port": 30000}
    created = hosts.create(GROUP, "api", **document, targets=["one", "two"])
    assert hosts.have(GROUP, "api").attributes == created
    assert hosts.differences(GROUP, "api") == {}
    health = {"path": "/health", "matcher": "200-299", "interval": 10, "healthy": 5}
    changed = {"health": health, "deregistration_delay": 5, "stickiness": True, "targets": ["two", "three"]}
    calls = hosts.update(GROUP, "api", **document, **changed)
    moved = {call.operation: call.params["Targets"] for call in calls if "Targets" in call.params}
    known = {name: [{"Id": hosts.known["instance", name]["id"]}] for name in ("one", "three")}
    assert moved == {"RegisterTargets": known["three"], "DeregisterTargets": known["one"]}
    assert hosts.differences(GROUP, "api") == {}
    hosts.delete(GROUP, "api")
    assert hosts.read(GROUP) == []


@pytest.mark.parametrize("protocol", ["HTTPS", "TCP", "TLS"])
def test_target_group_of_each_protocol_converges(net: Account, protocol: str) -> None:
    net.create(GROUP, vpc="main", port=8443, protocol=protocol, deregistration_delay=300)
    assert net.differences(GROUP) == {}


@pytest.mark.parametrize(("protocol", "stickiness"), [("HTTP", "lb_cookie"), ("TCP", "source_ip")])
def test_what_a_client_is_known_by(protocol: str, stickiness: str) -> None:
    wanted = want(GROUP, vpc="main", port=80, protocol=protocol, stickiness=True, deregistration_delay=300)
    _create, modify = GROUP.create(wanted)
    assert {"Key": "stickiness.type", "Value": stickiness} in modify.params["Attributes"]


def test_a_target_that_is_leaving_is_gone(hosts: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto lets targets go at once.
    hosts.create(GROUP, vpc="main", port=80)
    states = {"i-1": "healthy", "i-2": "draining", "i-3": "unhealthy"}
    rows = [{"Target": {"Id": one}, "TargetHealth": {"State": state}} for one, state in states.items()]
    pages = hosts.reader.pages

    def answer(service: str, operation: str, *more: Any) -> list[Any]:
        return rows if operation == "DescribeTargetHealth" else pages(service, operation, *more)

    monkeypatch.setattr(hosts.reader, "pages", answer)
    assert hosts.have(GROUP).fields["targets"] == ["i-1", "i-3"]


def test_targets_are_left_alone_where_the_document_names_none(hosts: Account) -> None:
    created = hosts.create(GROUP, vpc="main", port=80)
    targets = [{"Id": hosts.known["instance", "one"]["id"]}]
    hosts.client("elbv2").register_targets(TargetGroupArn=created["id"], Targets=targets)
    assert hosts.differences(GROUP) == {}


@pytest.mark.parametrize(
    "changed", [{"port": 81}, {"protocol": "TCP"}, {"vpc": "other"}, {"target_type": "ip"}], ids=str
)
def test_a_successor_of_a_target_group_has_another_name(changed: dict[str, Any]) -> None:
    document = {"vpc": "main", "port": 80}
    names = {
        want(GROUP, "a-target-group-with-a-long-name", **{**document, **one}).physical_name for one in ({}, changed)
    }
    assert len(names) == 2
    assert all(len(name) <= 32 for name in names)
    assert want(GROUP, **document, deregistration_delay=1).physical_name == want(GROUP, **document).physical_name


def test_a_predecessor_is_found_behind_our_load_balancer(net: Account) -> None:
    balancer(net)
    old = net.create(GROUP, "api", vpc="main", port=80)
    action = {"target_group": "api"}
    net.create(LISTENER, load_balancer="main", port=80, default_action=action)
    net.want(GROUP, "api", vpc="main", port=81)
    assert [(have.id, have.fields["port"]) for have in net.read(GROUP)] == [(old["id"], 80)]


def test_what_the_tag_index_hints_at_is_found_once_and_only_if_ours(net: Account) -> None:
    arn = net.create(GROUP, "api", vpc="main", port=80)["id"]
    hints = [Swept(arn, {})]
    assert [have.id for have in net.read(GROUP, hints)] == [arn]
    net.wants.clear()
    assert [have.name for have in net.read(GROUP, hints)] == ["api"]
    net.client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=["slipway:stack"])
    assert net.read(GROUP, hints) == []
    net.client("elbv2").delete_target_group(TargetGroupArn=arn)
    assert net.read(GROUP, hints) == []


def test_a_same_named_one_of_another_is_foreign(net: Account) -> None:
    zones = [net.known["subnet", "public-a"]["id"], net.known["subnet", "public-b"]["id"]]
    net.client("elbv2").create_load_balancer(Name="shop-test-lb", Subnets=zones, Scheme="internal")
    net.want(BALANCER, subnets=["public-a", "public-b"], security_groups=["edge"])
    assert [(have.name, have.foreign) for have in net.read(BALANCER)] == [("main", True)]


def test_listener_comes_changes_and_goes(net: Account) -> None:
    balancer(net)
    for name in ("api", "web"):
        net.create(GROUP, name, vpc="main", port=80 if name == "api" else 81)
    place = {"load_balancer": "main", "port": 443}
    net.create(LISTENER, **place, default_action={"target_group": "api"})
    assert net.differences(LISTENER) == {}
    # moto wants the certificate to exist.
    answer = net.client("acm").request_certificate(DomainName="shop.example.com")
    secure = {"protocol": "HTTPS", "certificate_arn": answer["CertificateArn"]}
    for action in ({"target_group": "web"}, {"fixed_response": {"status": 503, "body": "{}"}}):
        net.update(LISTENER, **place, **secure, default_action=action)
        assert net.differences(LISTENER) == {}
        secure["ssl_policy"] = "ELBSecurityPolicy-TLS13-1-3-2021-06"
    net.delete(LISTENER)
    assert net.read(LISTENER) == []


def test_redirect_converges(net: Account) -> None:
    balancer(net)
    net.create(LISTENER, load_balancer="main", port=80, default_action={"redirect_https": True})
    assert net.differences(LISTENER) == {}


def test_listener_rule_comes_changes_and_goes(net: Account) -> None:
    balancer(net)
    net.create(GROUP, "api", vpc="main", port=80)
    net.create(LISTENER, load_balancer="main", port=80, default_action={"fixed_response": {}})
    place = {"listener": "main", "priority": 10}
    net.create(RULE, "api", **place, paths=["/api/*", "/v1/*"], action={"target_group": "api"})
    assert net.differences(RULE, "api") == {}
    assert [have.name for have in net.read(RULE)] == ["api"], "the default rule is the listener's"
    hosts = ["shop.example.com"]
    net.update(RULE, "api", **place, paths=["/api/*"], hosts=hosts, action={"fixed_response": {"status": 200}})
    assert net.differences(RULE, "api") == {}
    net.update(RULE, "api", **place, hosts=hosts, action={"fixed_response": {"status": 200}})
    assert net.differences(RULE, "api") == {}
    (call,) = net.update(RULE, "api", **place, hosts=["*.example.com"], action={"fixed_response": {"status": 200}})
    assert "Actions" not in call.params
    assert net.differences(RULE, "api") == {}
    net.delete(RULE, "api")
    assert net.read(RULE) == []


def test_a_port_that_another_took_is_foreign_and_other_ports_are_no_concern(net: Account) -> None:
    arn = balancer(net)["id"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    for port in (80, 8080):
        net.client("elbv2").create_listener(LoadBalancerArn=arn, Port=port, Protocol="HTTP", DefaultActions=[action])
    net.want(LISTENER, "web", load_balancer="main", port=80, default_action={"redirect_https": True})
    assert [(have.name, have.foreign) for have in net.read(LISTENER)] == [("web", True)]


def test_tags_are_asked_for_twenty_at_a_time(net: Account) -> None:
    balancer(net)
    net.create(LISTENER, load_balancer="main", port=80, default_action={"fixed_response": {}})
    for priority in range(1, 22):
        rule = {"listener": "main", "priority": priority, "paths": [f"/{priority}"]}
        net.create(RULE, f"r{priority}", **rule, action={"fixed_response": {}})
    net.reader.operations.clear()
    assert len(net.read(RULE)) == 21
    # One for the load balancer, one for its listener, two for the rules.
    assert net.reader.operations.count("elbv2:DescribeTags") == 4


@pytest.mark.parametrize("kind", [BALANCER, GROUP, LISTENER, RULE], ids=lambda kind: kind.name)
def test_retag(net: Account, kind: Kind) -> None:
    balancer(net)
    net.create(GROUP, vpc="main", port=80)
    net.create(LISTENER, load_balancer="main", port=80, default_action={"target_group": "main"})
    net.create(RULE, listener="main", priority=1, paths=["/"], action={"target_group": "main"})
    net.run(kind, kind.retag(net.have(kind), {"Owner": "me", "More": "1"}, ["CostCenter"]), {})
    tags = net.have(kind).tags
    assert (tags["Owner"], tags["More"], "CostCenter" in tags) == ("me", "1", False)


def test_a_reference_that_is_not_known_yet_stays_one() -> None:
    action = {"target_group": "api"}
    step = next(iter(LISTENER.create(want(LISTENER, load_balancer="main", port=80, default_action=action))))
    assert step.params["LoadBalancerArn"] == Ref("load_balancer", "main")
    assert step.params["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": Ref("target_group", "api")}]
    here = Have("target_group", "main", {"targets": ["i-1"]}, {"id": GROUP_ARN}, {})
    wanted = want(GROUP, vpc="main", port=80, targets=["one"])
    added, left = GROUP.update(here, wanted, frozenset({"targets"}))
    assert isinstance(added, Call)
    assert added.params["Targets"] == [{"Id": Ref("instance", "one")}]
    assert left.params["Targets"] == [{"Id": "i-1"}]
    assert [step.params["TargetGroupArn"] for step in GROUP.complete(wanted)] == [Own()]


ANSWER: dict[str, Any] = {"fixed_response": {}}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (BALANCER, {"subnets": ["a"], "security_groups": ["g"]}, "two zones"),
        (BALANCER, {"subnets": ["a", "b"]}, "security_groups"),
        (BALANCER, {"load_balancer_type": "network", "subnets": ["a"], "idle_timeout": 5}, "idle_timeout"),
        (GROUP, {"vpc": "m", "port": 1, "protocol": "TCP", "health": {"path": "/x"}}, "health.path"),
        (GROUP, {"vpc": "m", "port": 1, "health": {"interval": 5}}, "health.timeout"),
        (GROUP, {"vpc": "m", "port": 1, "target_type": "ip", "targets": ["i"]}, "targets"),
        (LISTENER, {"load_balancer": "m", "port": 1, "default_action": {}}, "exactly one"),
        (LISTENER, {"load_balancer": "m", "port": 1, "default_action": {**ANSWER, "target_group": "a"}}, "exactly one"),
        (LISTENER, {"load_balancer": "m", "port": 1, "protocol": "TLS", "default_action": ANSWER}, "certificate_arn"),
        (LISTENER, {"load_balancer": "m", "port": 1, "ssl_policy": "x", "default_action": ANSWER}, "ssl_policy"),
        (LISTENER, {"load_balancer": "m", "port": 1, "protocol": "TCP", "default_action": ANSWER}, "forwarded"),
        (
            LISTENER,
            {
                "load_balancer": "m",
                "port": 1,
                "protocol": "HTTPS",
                "certificate_arn": CERTIFICATE,
                "default_action": {"redirect_https": True},
            },
            "circle",
        ),
        (RULE, {"listener": "m", "priority": 1, "action": ANSWER}, "1 to 5"),
        (RULE, {"listener": "m", "priority": 1, "paths": list("abcdef"), "action": ANSWER}, "1 to 5"),
    ],
)
def test_bad_documents_are_refused(kind: Kind, given: dict[str, Any], expected: str) -> None:
    assert any(expected in complaint for complaint in complaints(kind, **given))


@pytest.mark.parametrize("name", ["internal-lb", "a.b", "-a", "a-", "a" * 33])
def test_names_that_elb_refuses(name: str) -> None:
    with pytest.raises(AssertionError, match="cannot name it"):
        want(BALANCER, subnets=["a", "b"], security_groups=["g"], physical_name=name)
    assert want(BALANCER, subnets=["a", "b"], security_groups=["g"], physical_name="a-b").scope == SCOPE
