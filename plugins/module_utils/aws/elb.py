# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing: target group and load balancer. Listeners and their rules are in listener.py.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Wait,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope, digest
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    boolean,
    integer,
    record,
    reference,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own

TAGS_AT_ONCE = 20
"""ARNs that one DescribeTags takes."""


def tags_of(reader: Reader, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of each ARN: the API does not give them with its listings."""
    batches = [arns[start : start + TAGS_AT_ONCE] for start in range(0, len(arns), TAGS_AT_ONCE)]
    answers = reader.each(lambda batch: reader.call("elbv2", "DescribeTags", {"ResourceArns": batch}), batches)
    descriptions = [one for answer in answers for one in (answer or {})["TagDescriptions"]]
    return {one["ResourceArn"]: as_map(one["Tags"]) for one in descriptions}


class ElbKind(Kind):
    """A resource of the ELBv2 API, known by its ARN."""

    service = "elbv2"
    attributes = {"id": "ARN"}

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        if tags:
            yield Call("elbv2", "AddTags", {"ResourceArns": [have.id], "Tags": as_list(tags)})
        if gone:
            yield Call("elbv2", "RemoveTags", {"ResourceArns": [have.id], "TagKeys": list(gone)})


class NamedElbKind(ElbKind):
    """One that has a name of its own: found by it, and by what the tag index hints at."""

    identity = "name"
    name_limit = 32
    listing: ClassVar[tuple[str, str]]
    """Describe operation and the path of its items."""
    key: ClassVar[str]
    """Items are called `<key>Arn` and `<key>Name`, and asked for by `<key>Arns`."""

    def observe(self, reader: Reader, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of one listed row, in the document's terms."""
        raise NotImplementedError

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of one listed row."""
        return {"id": row[f"{self.key}Arn"], "arn": row[f"{self.key}Arn"]}

    def queries(self, request: Request) -> Iterator[dict[str, Any]]:
        """The parameters of each read: one exact name, or one hint."""
        names = {want.physical_name for want in request.wants}
        yield from ({"Names": [name]} for name in sorted(names))
        # …:targetgroup/NAME/ID and …:loadbalancer/app/NAME/ID
        yield from ({f"{self.key}Arns": [one.arn]} for one in request.swept if one.arn.split("/")[-2] not in names)

    def read(self, reader: Reader, request: Request) -> list[Have]:
        operation, path = self.listing
        missing = ("LoadBalancerNotFound", "TargetGroupNotFound")
        batches = reader.each(
            lambda params: reader.pages("elbv2", operation, path, params, missing), self.queries(request)
        )
        rows = {row[f"{self.key}Arn"]: row for batch in batches for row in batch}
        tags = tags_of(reader, list(rows))
        wanted = {want.physical_name: want.name for want in request.wants}
        ours = {arn for arn in rows if tags[arn].get(STACK_TAG) == reader.scope.stack}
        relevant = [(row, tags[arn]) for arn, row in rows.items() if arn in ours or row[f"{self.key}Name"] in wanted]
        return reader.each(lambda pair: self._have(reader, *pair, wanted), relevant)

    def _have(self, reader: Reader, row: dict[str, Any], tags: dict[str, str], wanted: Mapping[str, str]) -> Have:
        physical_name = row[f"{self.key}Name"]
        foreign = tags.get(STACK_TAG) != reader.scope.stack
        return Have(
            kind=self.name,
            name=wanted[physical_name] if foreign else tags[NAME_TAG],
            fields=self.observe(reader, row),
            attributes=self.describe(row),
            tags=tags,
            physical_name=physical_name,
            foreign=foreign,
            pending=row.get("State", {}).get("Code") == "provisioning",
        )

    def _key_values(self, reader: Reader, arn: str) -> dict[str, str]:
        """The settings that the API keeps as keys and values apart from the resource."""
        answer = reader.call("elbv2", f"Describe{self.key}Attributes", {f"{self.key}Arn": arn})
        return as_map((answer or {})["Attributes"])

    def check(self, want: Want) -> Iterator[str]:
        if not re.fullmatch(r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?", want.physical_name):
            yield (
                f"{want.physical_name!r} cannot name it: 1 to 32 letters, digits and inner dashes, not beginning with "
                "`internal-`; say another `physical_name`"
            )


_HEALTH = {
    "path": string("Path asked for (HTTP and HTTPS).", default="/"),
    "port": string("Port asked.", default="traffic-port"),
    "interval": integer("Seconds between two checks.", default=30, minimum=5, maximum=300),
    "timeout": integer("Seconds after which a check has failed.", default=5, minimum=2, maximum=120),
    "healthy": integer("Good checks in a row that make a target healthy.", default=2, minimum=2, maximum=10),
    "unhealthy": integer("Bad checks in a row that make a target unhealthy.", default=3, minimum=2, maximum=10),
    "matcher": string("Status codes that are good (HTTP and HTTPS).", default="200"),
}
_HEALTH_KEYS = {
    "port": "HealthCheckPort",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthy": "HealthyThresholdCount",
    "unhealthy": "UnhealthyThresholdCount",
}
_HEALTH_DEFAULT = {name: field.default for name, field in _HEALTH.items()}


class TargetGroup(NamedElbKind):
    name = "target_group"
    doc = "Targets that a load balancer sends requests to, and how their health is told."
    listing = ("DescribeTargetGroups", "TargetGroups")
    key = "TargetGroup"
    resource_type = "tg"
    create_first = True
    arn = r"arn:[^:]+:elasticloadbalancing:[^:]+:\d+:targetgroup/.+"
    fields = {
        "vpc": reference("vpc", "The VPC of its targets.", required=True, change=Change.REPLACE),
        "protocol": string(
            "Protocol spoken to the targets.",
            default="HTTP",
            choices=("HTTP", "HTTPS", "TCP", "TLS"),
            change=Change.REPLACE,
        ),
        "port": integer("Port of the targets.", required=True, minimum=1, maximum=65535, change=Change.REPLACE),
        "target_type": string(
            "What a target is.", default="instance", choices=("instance", "ip"), change=Change.REPLACE
        ),
        "health": record(_HEALTH, "How health is told.", default=_HEALTH_DEFAULT),
        "deregistration_delay": integer(
            "Seconds that a leaving target may finish in.", default=30, minimum=0, maximum=3600
        ),
        "stickiness": boolean("Keep a client with its target.", default=False),
        "targets": set_of(
            reference("instance", "An instance."),
            "The registered instances. Not managed when absent: an auto scaling group registers its own.",
            late=True,
        ),
    }
    attributes = {"id": "ARN", "arn": "ARN"}
    calls = {
        "read": (
            "DescribeTargetGroups",
            "DescribeTargetGroupAttributes",
            "DescribeTargetHealth",
            "DescribeTags",
        ),
        "write": (
            "CreateTargetGroup",
            "ModifyTargetGroup",
            "ModifyTargetGroupAttributes",
            "RegisterTargets",
            "DeregisterTargets",
            "DeleteTargetGroup",
            "AddTags",
            "RemoveTags",
        ),
    }

    def physical_name(self, scope: Scope, name: str, values: Mapping[str, Any]) -> str:
        """Ends in a hash of what cannot be changed, so that a successor stands beside its predecessor."""
        fixed = "|".join(str(values[field]) for field in ("protocol", "port", "vpc", "target_type"))
        return f"{scope.physical_name(self.resource_type, name, self.name_limit - 7)}-{digest(fixed)[:6]}"

    def queries(self, request: Request) -> Iterator[dict[str, Any]]:
        """Also those behind our load balancers: a predecessor has another name than the document's."""
        yield from super().queries(request)
        yield from ({"LoadBalancerArn": balancer.id} for balancer in request.found("load_balancer"))

    def observe(self, reader: Reader, row: Mapping[str, Any]) -> dict[str, Any]:
        settings = self._key_values(reader, row["TargetGroupArn"])
        path = "TargetHealthDescriptions"
        targets = reader.pages("elbv2", "DescribeTargetHealth", path, {"TargetGroupArn": row["TargetGroupArn"]})
        return {
            "vpc": row.get("VpcId"),
            "protocol": row["Protocol"],
            "port": row["Port"],
            "target_type": row["TargetType"],
            "health": {
                **{name: row[key] for name, key in _HEALTH_KEYS.items()},
                "path": row.get("HealthCheckPath", "/"),
                "matcher": row.get("Matcher", {}).get("HttpCode", "200"),
            },
            "deregistration_delay": int(settings["deregistration_delay.timeout_seconds"]),
            "stickiness": settings["stickiness.enabled"] == "true",
            "targets": [target["Target"]["Id"] for target in targets if target["TargetHealth"]["State"] != "draining"],
        }

    def create(self, want: Want) -> Iterator[Step]:
        fixed = {
            "Name": want.physical_name,
            "Protocol": want["protocol"],
            "Port": want["port"],
            "VpcId": want["vpc"],
            "TargetType": want["target_type"],
            "HealthCheckProtocol": want["protocol"] if _speaks_http(want) else "TCP",
        }
        yield Call(
            "elbv2",
            "CreateTargetGroup",
            {**fixed, **self._health(want), "Tags": as_list(want.tags)},
            gives=dict.fromkeys(("id", "arn"), "TargetGroups[0].TargetGroupArn"),
        )
        # A new one waits for 300 s and is not sticky.
        unlike = {"deregistration_delay"} if want["deregistration_delay"] != 300 else set()
        unlike |= {"stickiness"} if want["stickiness"] else set()
        yield from self._modify_attributes(Own(), want, unlike)

    def complete(self, want: Want) -> Iterator[Step]:
        yield from self._targets("RegisterTargets", Own(), want.get("targets", ()))

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        if "health" in changed:
            yield Call("elbv2", "ModifyTargetGroup", {"TargetGroupArn": have.id, **self._health(want)})
        yield from self._modify_attributes(have.id, want, changed)
        if "targets" in changed:
            there, wanted = have.fields["targets"], want["targets"]
            added = [target for target in wanted if target not in there]
            yield from self._targets("RegisterTargets", have.id, added)
            left = [target for target in there if target not in wanted]
            yield from self._targets("DeregisterTargets", have.id, left)

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call(
            "elbv2",
            "DeleteTargetGroup",
            {"TargetGroupArn": have.id},
            done=("TargetGroupNotFound",),
            # A listener that has just let go of it may still count.
            patience={"ResourceInUse": 120},
        )

    def check(self, want: Want) -> Iterator[str]:
        yield from super().check(want)
        health = want["health"]
        if not _speaks_http(want) and (health["path"], health["matcher"]) != ("/", "200"):
            yield f"health.path and health.matcher are for HTTP and HTTPS, not {want['protocol']}; drop them"
        if health["timeout"] >= health["interval"]:
            yield "health.timeout must be less than health.interval; make one fit the other"
        if want["target_type"] == "ip" and "targets" in want.values:
            yield "targets are instances; drop them, or say `target_type: instance`"

    def _health(self, want: Want) -> dict[str, Any]:
        health = want["health"]
        params = {key: health[name] for name, key in _HEALTH_KEYS.items()}
        if _speaks_http(want):
            params |= {"HealthCheckPath": health["path"], "Matcher": {"HttpCode": health["matcher"]}}
        return params

    def _modify_attributes(self, group: Any, want: Want, changed: Iterable[str]) -> Iterator[Step]:
        attributes = {}
        if "deregistration_delay" in changed:
            attributes["deregistration_delay.timeout_seconds"] = str(want["deregistration_delay"])
        if "stickiness" in changed:
            attributes["stickiness.enabled"] = _text(want["stickiness"])
            attributes["stickiness.type"] = "lb_cookie" if _speaks_http(want) else "source_ip"
        if attributes:
            params = {"TargetGroupArn": group, "Attributes": as_list(attributes)}
            yield Call("elbv2", "ModifyTargetGroupAttributes", params)

    def _targets(self, operation: str, group: Any, targets: Sequence[Any]) -> Iterator[Step]:
        if targets:
            yield Call("elbv2", operation, {"TargetGroupArn": group, "Targets": [{"Id": one} for one in targets]})


class LoadBalancer(NamedElbKind):
    name = "load_balancer"
    doc = "A load balancer for HTTP (application) or TCP (network)."
    listing = ("DescribeLoadBalancers", "LoadBalancers")
    key = "LoadBalancer"
    resource_type = "lb"
    # An internet-facing one is refused in a VPC without an internet gateway.
    after = ("internet_gateway",)
    down = "everything behind it; its DNS name changes"
    arn = r"arn:[^:]+:elasticloadbalancing:[^:]+:\d+:loadbalancer/(app|net)/.+"
    fields = {
        "load_balancer_type": string(
            "`application` (HTTP) or `network` (TCP).",
            default="application",
            choices=("application", "network"),
            change=Change.REPLACE,
        ),
        "scheme": string(
            "Whether its addresses are public.",
            default="internet-facing",
            choices=("internet-facing", "internal"),
            change=Change.REPLACE,
        ),
        "subnets": set_of(reference("subnet", "A subnet."), "Its subnets, one a zone.", required=True),
        "security_groups": set_of(reference("security_group", "A security group."), "Its security groups."),
        "idle_timeout": integer(
            "Seconds after which a silent connection is closed (application).", default=60, minimum=1, maximum=4000
        ),
        "deletion_protection": boolean("Have AWS refuse to delete it.", default=False),
        "access_logs": reference("s3_bucket", "Bucket that gets its access logs.", late=True),
        "drop_invalid_headers": boolean("Drop HTTP headers of invalid names (application).", default=True),
    }
    attributes = {
        "id": "ARN",
        "arn": "ARN",
        "dns_name": "its DNS name",
        "hosted_zone_id": "the Route 53 zone of its DNS name",
        "alias_target": "what a DNS alias to it consists of",
    }
    calls = {
        "read": ("DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeTags"),
        "write": (
            "CreateLoadBalancer",
            "ModifyLoadBalancerAttributes",
            "SetSubnets",
            "SetSecurityGroups",
            "DeleteLoadBalancer",
            "AddTags",
            "RemoveTags",
        ),
    }
    switches = {
        "idle_timeout": "idle_timeout.timeout_seconds",
        "deletion_protection": "deletion_protection.enabled",
        "drop_invalid_headers": "routing.http.drop_invalid_header_fields.enabled",
    }
    lock = "deletion_protection"
    untouched = {"idle_timeout": 60, "deletion_protection": False, "drop_invalid_headers": False}
    """What a new one has."""

    def observe(self, reader: Reader, row: Mapping[str, Any]) -> dict[str, Any]:
        settings = self._key_values(reader, row["LoadBalancerArn"])
        logs = settings.get("access_logs.s3.enabled") == "true"
        return {
            "load_balancer_type": row["Type"],
            "scheme": row["Scheme"],
            "subnets": [zone["SubnetId"] for zone in row["AvailabilityZones"]],
            "security_groups": row.get("SecurityGroups", []),
            # A network load balancer has neither of these two settings; check() keeps its documents at the default.
            "idle_timeout": int(settings.get(self.switches["idle_timeout"], "60")),
            "drop_invalid_headers": settings.get(self.switches["drop_invalid_headers"], "true") == "true",
            "deletion_protection": settings[self.switches["deletion_protection"]] == "true",
            "access_logs": settings["access_logs.s3.bucket"] if logs else None,
        }

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        dns_name, zone = row["DNSName"], row["CanonicalHostedZoneId"]
        target = {"HostedZoneId": zone, "DNSName": dns_name, "EvaluateTargetHealth": True}
        return {**super().describe(row), "dns_name": dns_name, "hosted_zone_id": zone, "alias_target": target}

    def create(self, want: Want) -> Iterator[Step]:
        groups = {"SecurityGroups": want["security_groups"]} if want.get("security_groups") else {}
        yield Call(
            "elbv2",
            "CreateLoadBalancer",
            {
                "Name": want.physical_name,
                "Type": want["load_balancer_type"],
                "Scheme": want["scheme"],
                "Subnets": want["subnets"],
                **groups,
                "Tags": as_list(want.tags),
            },
            gives={
                "id": "LoadBalancers[0].LoadBalancerArn",
                "arn": "LoadBalancers[0].LoadBalancerArn",
                "dns_name": "LoadBalancers[0].DNSName",
                "hosted_zone_id": "LoadBalancers[0].CanonicalHostedZoneId",
                "alias_target": "LoadBalancers[0].{HostedZoneId: CanonicalHostedZoneId, DNSName: DNSName, "
                "EvaluateTargetHealth: `true`}",
            },
        )
        unlike = {name for name, value in self.untouched.items() if want[name] != value and self._has(want, name)}
        yield from self._modify_attributes(Own(), want, unlike)
        yield Wait(
            "elbv2",
            "DescribeLoadBalancers",
            {"LoadBalancerArns": [Own()]},
            "LoadBalancers[0].State.Code",
            until=("active", "active_impaired"),
            fail=("failed",),
        )

    def complete(self, want: Want) -> Iterator[Step]:
        if want.get("access_logs"):
            yield from self._modify_attributes(Own(), want, {"access_logs"})

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        if "subnets" in changed:
            yield Call("elbv2", "SetSubnets", {"LoadBalancerArn": have.id, "Subnets": want["subnets"]})
        if "security_groups" in changed:
            params = {"LoadBalancerArn": have.id, "SecurityGroups": want["security_groups"]}
            yield Call("elbv2", "SetSecurityGroups", params)
        yield from self._modify_attributes(have.id, want, changed)

    def clear(self, have: Have) -> Iterator[Step]:
        if have.fields["access_logs"]:
            off = as_list({"access_logs.s3.enabled": "false"})
            yield Call("elbv2", "ModifyLoadBalancerAttributes", {"LoadBalancerArn": have.id, "Attributes": off})

    def delete(self, have: Have) -> Iterator[Step]:
        gone = ("LoadBalancerNotFound",)
        if have.fields[self.lock]:
            off = as_list({self.switches[self.lock]: "false"})
            params = {"LoadBalancerArn": have.id, "Attributes": off}
            yield Call("elbv2", "ModifyLoadBalancerAttributes", params, done=gone)
        # Idempotent by itself: one that is not there is deleted without an error.
        yield Call("elbv2", "DeleteLoadBalancer", {"LoadBalancerArn": have.id})
        yield Wait("elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": [have.id]}, "LoadBalancers", gone=gone)

    def check(self, want: Want) -> Iterator[str]:
        yield from super().check(want)
        if want["load_balancer_type"] == "application":
            if len(want["subnets"]) < 2:
                yield "an application load balancer stands in subnets of at least two zones; name two"
            if not want.get("security_groups"):
                yield "without security_groups it would get the VPC's default group; name the groups it shall have"
        elif want["idle_timeout"] != 60 or not want["drop_invalid_headers"]:
            yield "idle_timeout and drop_invalid_headers are for application load balancers; drop them"

    def _has(self, want: Want, setting: str) -> bool:
        return want["load_balancer_type"] == "application" or setting == "deletion_protection"

    def _modify_attributes(self, balancer: Any, want: Want, changed: Iterable[str]) -> Iterator[Step]:
        attributes = {key: _text(want[name]) for name, key in self.switches.items() if name in changed}
        if "access_logs" in changed:
            attributes |= {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": want["access_logs"]}
        if attributes:
            yield Call(
                "elbv2",
                "ModifyLoadBalancerAttributes",
                {"LoadBalancerArn": balancer, "Attributes": as_list(attributes)},
                # The bucket's policy may come a moment later, and AWS tries to write:
                # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
                patience={"InvalidConfigurationRequest": 300} if "access_logs" in changed else {},
            )


def _speaks_http(want: Want) -> bool:
    return want["protocol"] in ("HTTP", "HTTPS")


def _text(value: Any) -> str:
    """As the API spells a setting: ``true``, ``60``."""
    return str(value).lower()
