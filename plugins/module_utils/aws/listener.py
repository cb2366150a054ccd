# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing: listeners and their rules, read with the load balancer that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.slipway.platform.plugins.module_utils.aws.elb import ElbKind, tags_of
from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Reader,
    Request,
    Step,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    Field,
    boolean,
    integer,
    record,
    reference,
    set_of,
    string,
    template,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref

_SECURE = ("HTTPS", "TLS")
SSL_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
VALUES_A_RULE = 5
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""

_FIXED_RESPONSE = {
    "status": integer("HTTP status.", default=404, minimum=200, maximum=599),
    "body": string("Body.", default=""),
    "content_type": string(
        "Media type of the body.",
        default="text/plain",
        choices=("text/plain", "text/css", "text/html", "application/javascript", "application/json"),
    ),
}


def _action_field(doc: str) -> Field:
    fields = {
        "target_group": reference("target_group", "Target group that gets the requests."),
        "redirect_https": boolean("Redirect to HTTPS on port 443.", default=False),
        "fixed_response": record(_FIXED_RESPONSE, "Answer given by the load balancer itself."),
    }
    return record(fields, doc, required=True)


def _check_action(action: Mapping[str, Any], path: str) -> Iterator[str]:
    if sum(1 for given in action.values() if given) != 1:
        yield f"{path} must hold exactly one of target_group, redirect_https, fixed_response"


def _as_action(action: Mapping[str, Any]) -> dict[str, Any]:
    if action.get("target_group"):
        return {"Type": "forward", "TargetGroupArn": action["target_group"]}
    if action["redirect_https"]:
        config = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        return {"Type": "redirect", "RedirectConfig": config}
    answer = action["fixed_response"]
    body = {"MessageBody": answer["body"]} if answer["body"] else {}
    response = {"StatusCode": str(answer["status"]), "ContentType": answer["content_type"], **body}
    return {"Type": "fixed-response", "FixedResponseConfig": response}


def _observed_action(actions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The one action in the document's terms; what these cannot say (weights, authentication) equals no document."""
    observed: dict[str, Any] = {"target_group": None, "redirect_https": False, "fixed_response": None}
    match actions:
        case [{"Type": "forward", "TargetGroupArn": group}]:
            observed["target_group"] = group
        case [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443"}}]:
            observed["redirect_https"] = True
        case [{"Type": "fixed-response", "FixedResponseConfig": response}]:
            observed["fixed_response"] = {
                "status": int(response["StatusCode"]),
                "body": response.get("MessageBody", ""),
                "content_type": response.get("ContentType", "text/plain"),
            }
    return observed


class ElbChild(ElbKind):
    """A resource listed with its parent, where a number is its own: a listener's port, a rule's priority."""

    identity = "parent"
    parent: ClassVar[str]
    """Kind of the parent and the field that refers to it."""
    number: ClassVar[str]
    """Field that is unique in the parent."""
    listing: ClassVar[tuple[str, str, str]]
    """Describe operation, the parameter that names the parent, the path of the items."""
    arn_key: ClassVar[str]

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of one listed row, but for the parent."""
        raise NotImplementedError

    def read(self, reader: Reader, request: Request) -> list[Have]:
        operation, parameter, path = self.listing
        missing = ("LoadBalancerNotFound", "ListenerNotFound")
        parents = request.found(self.parent)
        batches = reader.each(
            lambda parent: reader.pages("elbv2", operation, path, {parameter: parent.id}, missing), parents
        )
        pairs = [
            (parent, row)
            for parent, rows in zip(parents, batches, strict=True)
            for row in rows
            if not row.get("IsDefault")
        ]
        tags = tags_of(reader, [row[self.arn_key] for _parent, row in pairs])
        haves = (self._have(reader, request, parent, row, tags[row[self.arn_key]]) for parent, row in pairs)
        return [have for have in haves if have.name]

    def _have(
        self, reader: Reader, request: Request, parent: Have, row: Mapping[str, Any], tags: dict[str, str]
    ) -> Have:
        fields = {self.parent: parent.id, **self.observe(row)}
        foreign = tags.get(STACK_TAG) != reader.scope.stack
        return Have(
            kind=self.name,
            name=self._claimed(request, parent, fields[self.number]) if foreign else tags[NAME_TAG],
            fields=fields,
            attributes={"id": row[self.arn_key]},
            tags=tags,
            physical_name=tags.get("Name", ""),
            foreign=foreign,
        )

    def _claimed(self, request: Request, parent: Have, number: int) -> str:
        """The document that wants the place of a resource that is not ours; none: it concerns nobody."""
        place = (Ref(self.parent, parent.name), parent.id)
        names = (want.name for want in request.wants if want[self.parent] in place and want[self.number] == number)
        return next(names, "")


class Listener(ElbChild):
    name = "listener"
    doc = "A port on which a load balancer listens."
    parent = "load_balancer"
    number = "port"
    listing = ("DescribeListeners", "LoadBalancerArn", "Listeners")
    arn_key = "ListenerArn"
    down = "the port"
    fields = {
        "load_balancer": reference(
            "load_balancer", "The load balancer that listens.", required=True, change=Change.REPLACE
        ),
        "port": integer("Port.", required=True, minimum=1, maximum=65535, change=Change.REPLACE),
        "protocol": string("Protocol spoken to clients.", default="HTTP", choices=("HTTP", "HTTPS", "TCP", "TLS")),
        "certificate_arn": template(
            "ARN of the certificate (HTTPS and TLS).", pattern=r"arn:aws[a-z-]*:(acm|iam):.+|\$\{.+\}"
        ),
        "ssl_policy": string("Which TLS versions and ciphers are spoken (HTTPS and TLS).", default=SSL_POLICY),
        "default_action": _action_field("What becomes of requests that no rule takes."),
    }
    calls = {
        "read": ("DescribeListeners", "DescribeTags"),
        "write": ("CreateListener", "ModifyListener", "DeleteListener", "AddTags", "RemoveTags"),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        certificates = row.get("Certificates", [])
        return {
            "port": row["Port"],
            "protocol": row["Protocol"],
            "certificate_arn": certificates[0]["CertificateArn"] if certificates else None,
            # One without TLS has no policy; check() keeps its document at the default.
            "ssl_policy": row["SslPolicy"] if row["Protocol"] in _SECURE else SSL_POLICY,
            "default_action": _observed_action(row["DefaultActions"]),
        }

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "elbv2",
            "CreateListener",
            {
                "LoadBalancerArn": want["load_balancer"],
                "Port": want["port"],
                "Protocol": want["protocol"],
                **self._encryption(want),
                "DefaultActions": [_as_action(want["default_action"])],
                "Tags": as_list(want.tags),
            },
            gives={"id": "Listeners[0].ListenerArn"},
        )

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        params: dict[str, Any] = {"ListenerArn": have.id}
        if changed & {"protocol", "certificate_arn", "ssl_policy"}:
            params |= {"Protocol": want["protocol"], **self._encryption(want)}
        if "default_action" in changed:
            params["DefaultActions"] = [_as_action(want["default_action"])]
        yield Call("elbv2", "ModifyListener", params)

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("elbv2", "DeleteListener", {"ListenerArn": have.id}, done=("ListenerNotFound",))

    def check(self, want: Want) -> Iterator[str]:
        yield from _check_action(want["default_action"], "default_action")
        protocol, secure = want["protocol"], want["protocol"] in _SECURE
        if secure and not want.get("certificate_arn"):
            yield f"{protocol} needs a certificate_arn"
        if not secure and (want.get("certificate_arn") or want["ssl_policy"] != SSL_POLICY):
            yield f"certificate_arn and ssl_policy are for HTTPS and TLS, not {protocol}; drop them"
        if protocol in ("TCP", "TLS") and not want["default_action"].get("target_group"):
            yield f"{protocol} can only be forwarded; name a target_group in default_action"
        if protocol == "HTTPS" and want["default_action"]["redirect_https"]:
            yield "an HTTPS listener that redirects to HTTPS goes round in a circle; forward, or answer, instead"

    def _encryption(self, want: Want) -> dict[str, Any]:
        if want["protocol"] not in _SECURE:
            return {}
        certificates = [{"CertificateArn": want["certificate_arn"]}]
        return {"SslPolicy": want["ssl_policy"], "Certificates": certificates}


class ListenerRule(ElbChild):
    name = "listener_rule"
    doc = "What becomes of a listener's requests of certain paths or hosts."
    parent = "listener"
    number = "priority"
    listing = ("DescribeRules", "ListenerArn", "Rules")
    arn_key = "RuleArn"
    down = "its paths"
    fields = {
        "listener": reference("listener", "The listener.", required=True, change=Change.REPLACE),
        "priority": integer(
            "Rules are tried from the lowest priority on.",
            required=True,
            minimum=1,
            maximum=50000,
            change=Change.REPLACE,
        ),
        "paths": set_of(string("A path; * and ? stand for others."), "Any of these paths.", default=[]),
        "hosts": set_of(string("A host name; * and ? stand for others."), "Any of these hosts.", default=[]),
        "action": _action_field("What becomes of these requests."),
    }
    calls = {
        "read": ("DescribeRules", "DescribeTags"),
        "write": ("CreateRule", "ModifyRule", "DeleteRule", "AddTags", "RemoveTags"),
    }

    def observe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values = {condition["Field"]: condition for condition in row["Conditions"]}
        return {
            "priority": int(row["Priority"]),
            "paths": values.get("path-pattern", {}).get("PathPatternConfig", {}).get("Values", []),
            "hosts": values.get("host-header", {}).get("HostHeaderConfig", {}).get("Values", []),
            "action": _observed_action(row["Actions"]),
        }

    def create(self, want: Want) -> Iterator[Step]:
        yield Call(
            "elbv2",
            "CreateRule",
            {
                "ListenerArn": want["listener"],
                "Priority": want["priority"],
                "Conditions": self._conditions(want),
                "Actions": [_as_action(want["action"])],
                "Tags": as_list(want.tags),
            },
            gives={"id": "Rules[0].RuleArn"},
        )

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        params: dict[str, Any] = {"RuleArn": have.id}
        if changed & {"paths", "hosts"}:
            params["Conditions"] = self._conditions(want)
        if "action" in changed:
            params["Actions"] = [_as_action(want["action"])]
        yield Call("elbv2", "ModifyRule", params)

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("elbv2", "DeleteRule", {"RuleArn": have.id}, done=("RuleNotFound", "ListenerNotFound"))

    def check(self, want: Want) -> Iterator[str]:
        yield from _check_action(want["action"], "action")
        values = len(want["paths"]) + len(want["hosts"])
        if not 1 <= values <= VALUES_A_RULE:
            yield f"a rule has 1 to {VALUES_A_RULE} paths and hosts in all, not {values}; split it, or name one"

    def _conditions(self, want: Want) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if want["paths"]:
            conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": want["paths"]}})
        if want["hosts"]:
            conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": want["hosts"]}})
        return conditions
