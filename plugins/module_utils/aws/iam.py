# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of machines and services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils.aws.tags import as_list, as_map
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import (
    Call,
    Have,
    Kind,
    Reader,
    Request,
    Step,
    Want,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    boolean,
    canonical_policy,
    policy,
    set_of,
    string,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Json, Own, references

SERVICE_SUFFIX = ".amazonaws.com"
GONE = ("NoSuchEntity",)


def role_path(scope: Scope) -> str:
    return f"/slipway/{scope.stack}/"


def short_service(service: str) -> str:
    return service.removesuffix(SERVICE_SUFFIX)


def short_policy(managed: str) -> str:
    """A policy of AWS's by its name, with its path under `policy/`; any other by its ARN."""
    arn, _slash, name = managed.partition(":iam::aws:policy/")
    return name if arn.startswith("arn:") and name else managed


def trust_document(services: Sequence[str]) -> dict[str, Any]:
    """Who may assume a role, where that is AWS services only."""
    principals = sorted(short_service(service) + SERVICE_SUFFIX for service in services)
    statement = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trusted_services(document: Mapping[str, Any]) -> list[str] | None:
    """The services of a trust policy that says no more than ``trust_document`` does; None for any other."""
    statements = document.get("Statement", ())
    statement = statements[0] if isinstance(statements, list) and len(statements) == 1 else statements
    principal = statement.get("Principal") if isinstance(statement, Mapping) else None
    services = principal.get("Service", []) if isinstance(principal, Mapping) else []
    services = [services] if isinstance(services, str) else services
    same = canonical_policy(trust_document(services)) == canonical_policy(document)
    return [short_service(service) for service in services] if same else None


class IamRole(Kind):
    name = "iam_role"
    doc = "A role, its policies, and the instance profile by which machines take it on."
    service = "iam"
    identity = "name"
    resource_type = "role"
    name_limit = 64
    fields = {
        "trust": set_of(
            string("A service, such as ec2.", normalise=short_service), "AWS services that may assume the role."
        ),
        "trust_policy": policy("Who may assume it, where services alone do not say it."),
        "managed_policies": set_of(
            string("Name of a policy of AWS's, or ARN of any.", normalise=short_policy),
            "Attached policies.",
            default=[],
        ),
        "policies": policy("Policies of its own: name → policy document.", default={}, late=True),
        "instance_profile": boolean("Let machines take it on.", default=False),
        "permissions_boundary": string("ARN of the policy that bounds what it may do.", pattern=r"arn:.+"),
    }
    attributes = {"id": "its name", "arn": "its ARN", "profile": "name of its instance profile"}
    calls = {
        "read": (
            "ListRoles",
            "ListInstanceProfiles",
            "GetRole",
            "ListAttachedRolePolicies",
            "ListRolePolicies",
            "GetRolePolicy",
        ),
        "write": (
            "CreateRole",
            "UpdateAssumeRolePolicy",
            "PutRolePermissionsBoundary",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "CreateInstanceProfile",
            "AddRoleToInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            "DeleteInstanceProfile",
            "TagRole",
            "UntagRole",
            "TagInstanceProfile",
            "UntagInstanceProfile",
            "DeleteRole",
        ),
    }

    def read(self, reader: Reader, request: Request) -> list[Have]:
        """All roles under the stack's path, and any others that have a declared name."""
        path = {"PathPrefix": role_path(reader.scope)}
        listings = (("ListRoles", "Roles"), ("ListInstanceProfiles", "InstanceProfiles"))
        roles, instance_profiles = reader.each(lambda listing: reader.pages("iam", *listing, path), listings)
        listed = {role["RoleName"] for role in roles}
        wanted = {want.physical_name: want.name for want in request.wants}
        profiles = {profile["InstanceProfileName"]: bool(profile["Roles"]) for profile in instance_profiles}

        def have(name: str) -> Have | None:
            by_name = {"RoleName": name}
            reads: list[Callable[[], Any]] = [
                lambda: reader.call("iam", "GetRole", by_name, missing=GONE),
                lambda: reader.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", by_name, missing=GONE),
                lambda: reader.pages("iam", "ListRolePolicies", "PolicyNames", by_name, missing=GONE),
            ]
            answer, attached, own = reader.each(lambda read: read(), reads)
            return self._have(reader, answer["Role"], attached, own, wanted, profiles) if answer else None

        return [found for found in reader.each(have, sorted(listed | wanted.keys())) if found]

    def _have(
        self,
        reader: Reader,
        role: Mapping[str, Any],
        attached: Sequence[Mapping[str, Any]],
        own: Sequence[str],
        wanted: Mapping[str, str],
        profiles: Mapping[str, bool],
    ) -> Have:
        name, tags = role["RoleName"], as_map(role.get("Tags", ()))

        def document(policy: str) -> Any:
            params = {"RoleName": name, "PolicyName": policy}
            return (reader.call("iam", "GetRolePolicy", params, missing=GONE) or {}).get("PolicyDocument")

        documents = dict(zip(own, reader.each(document, own), strict=True))
        fields = {
            "trust": trusted_services(role["AssumeRolePolicyDocument"]),
            "trust_policy": role["AssumeRolePolicyDocument"],
            "managed_policies": [each["PolicyArn"] for each in attached],
            "policies": {each: found for each, found in documents.items() if found},
            "instance_profile": profiles.get(name, False),
            "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        }
        attributes = {"id": name, "arn": role["Arn"]} | ({"profile": name} if name in profiles else {})
        foreign = tags.get(STACK_TAG) != reader.scope.stack
        return Have(self.name, wanted.get(name) or tags.get(NAME_TAG, ""), fields, attributes, tags, name, foreign)

    def create(self, want: Want) -> Iterator[Step]:
        params = {
            "RoleName": want.physical_name,
            "Path": role_path(want.scope),
            "AssumeRolePolicyDocument": self._trust(want),
            "Tags": as_list(want.tags),
        }
        if "permissions_boundary" in want.values:
            params["PermissionsBoundary"] = want["permissions_boundary"]
        gives = {"id": "Role.RoleName", "arn": "Role.Arn"}
        yield Call("iam", "CreateRole", params, gives=gives, patience=self._patience(want))
        for managed in want["managed_policies"]:
            yield self._attach(want.physical_name, want, managed)
        if want["instance_profile"]:
            yield from self._add_profile(want.physical_name, want)

    def complete(self, want: Want) -> Iterator[Step]:
        for name, document in want["policies"].items():
            yield self._put(Own(), name, document)

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        if changed & {"trust", "trust_policy"}:
            params = {"RoleName": have.id, "PolicyDocument": self._trust(want)}
            yield Call("iam", "UpdateAssumeRolePolicy", params, patience=self._patience(want))
        if "permissions_boundary" in changed:
            params = {"RoleName": have.id, "PermissionsBoundary": want["permissions_boundary"]}
            yield Call("iam", "PutRolePermissionsBoundary", params)
        if "managed_policies" in changed:
            yield from self._update_managed(have, want)
        if "policies" in changed:
            yield from self._update_policies(have, want)
        if "instance_profile" in changed:
            yield from self._add_profile(have.id, want) if want["instance_profile"] else self._drop_profile(have)

    def _update_managed(self, have: Have, want: Want) -> Iterator[Step]:
        before = {short_policy(arn): arn for arn in have.fields["managed_policies"]}
        after = {short_policy(managed): managed for managed in want["managed_policies"]}
        for name, managed in after.items():
            if name not in before:
                yield self._attach(have.id, want, managed)
        for name, arn in before.items():
            if name not in after:
                yield self._detach(have, arn)

    def _update_policies(self, have: Have, want: Want) -> Iterator[Step]:
        before, after = have.fields["policies"], want["policies"]
        for name, document in after.items():
            if name not in before or canonical_policy(before[name]) != canonical_policy(document):
                yield self._put(have.id, name, document)
        for name in before:
            if name not in after:
                yield self._remove(have, name)

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        named = {"Role": {"RoleName": have.id}}
        if "profile" in have.attributes:
            named["InstanceProfile"] = {"InstanceProfileName": have.attributes["profile"]}
        for what, name in named.items():
            if tags:
                yield Call("iam", f"Tag{what}", {**name, "Tags": as_list(tags)})
            if gone:
                yield Call("iam", f"Untag{what}", {**name, "TagKeys": list(gone)})

    def delete(self, have: Have) -> Iterator[Step]:
        if "profile" in have.attributes:
            yield from self._drop_profile(have)
        for arn in have.fields["managed_policies"]:
            yield self._detach(have, arn)
        for name in have.fields["policies"]:
            yield self._remove(have, name)
        # IAM may still see a moment ago: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
        yield Call("iam", "DeleteRole", {"RoleName": have.id}, done=GONE, patience={"DeleteConflict": 60})

    def check(self, want: Want) -> Iterator[str]:
        if ("trust" in want.values) is ("trust_policy" in want.values):
            yield "say who may assume the role by exactly one of trust and trust_policy"
        if want.get("trust") == []:
            yield "trust is empty; name a service, or use trust_policy"

    def _trust(self, want: Want) -> Json:
        return Json(want["trust_policy"] if "trust_policy" in want.values else trust_document(want["trust"]))

    def _patience(self, want: Want) -> dict[str, int]:
        # A principal made a moment ago is an invalid one:
        # https://github.com/hashicorp/terraform-provider-aws/pull/12436
        return {"MalformedPolicyDocument": 120} if any(references(want.get("trust_policy"))) else {}

    def _attach(self, role: Any, want: Want, managed: str) -> Call:
        arn = managed if managed.startswith("arn:") else f"arn:{want.scope.partition}:iam::aws:policy/{managed}"
        return Call("iam", "AttachRolePolicy", {"RoleName": role, "PolicyArn": arn})

    def _detach(self, have: Have, arn: str) -> Call:
        return Call("iam", "DetachRolePolicy", {"RoleName": have.id, "PolicyArn": arn}, done=GONE)

    def _put(self, role: Any, name: str, document: Any) -> Call:
        return Call("iam", "PutRolePolicy", {"RoleName": role, "PolicyName": name, "PolicyDocument": Json(document)})

    def _remove(self, have: Have, name: str) -> Call:
        return Call("iam", "DeleteRolePolicy", {"RoleName": have.id, "PolicyName": name}, done=GONE)

    def _add_profile(self, role: str, want: Want) -> Iterator[Step]:
        """The instance profile has the role's name; a killed run may have left it, empty."""
        named = {"InstanceProfileName": role}
        params = {**named, "Path": role_path(want.scope), "Tags": as_list(want.tags)}
        made = ("EntityAlreadyExists",)
        yield Call("iam", "CreateInstanceProfile", params, done=made)
        gives = {"profile": f"'{role}'"}
        yield Call("iam", "AddRoleToInstanceProfile", {**named, "RoleName": role}, gives=gives)

    def _drop_profile(self, have: Have) -> Iterator[Step]:
        named = {"InstanceProfileName": have.attributes["profile"]}
        yield Call("iam", "RemoveRoleFromInstanceProfile", {**named, "RoleName": have.id}, done=GONE)
        yield Call("iam", "DeleteInstanceProfile", named, done=GONE, patience={"DeleteConflict": 60})
