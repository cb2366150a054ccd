# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53: hosted zone and record. https://docs.aws.amazon.com/Route53/latest/APIReference/Welcome.html"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import (
    Change,
    integer,
    reference,
    set_of,
    string,
    template,
)
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Own, Ref, resolve

CHANGES_A_BATCH = 1000
"""Values of one change batch, those of an UPSERT counted twice:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets"""
BUSY = {"PriorRequestNotComplete": 120}


def bare_ids(parsed: Mapping[str, Any], **_event: Any) -> None:
    """Zone identifiers as the API takes them, ``Z1``, where it gives ``/hostedzone/Z1``.

    For botocore's event ``after-call.route-53``: botocore.handlers.fix_route53_ids mends other requests, but not
    ChangeTagsForResource.
    """
    for zone in (parsed.get("HostedZone"), *parsed.get("HostedZones", ())):
        if zone:
            zone["Id"] = zone["Id"].rpartition("/")[2]


class HostedZone(Kind):
    """A zone is created without tags, so its comment names the document: what a dead run made is known by it."""

    name = "hosted_zone"
    doc = "A DNS zone: public, or private to a VPC."
    service = "route53"
    identity = "token"
    down = "every name in it; a public one gets other name servers"
    arn = r"arn:[^:]+:route53:::hostedzone/.+"
    tag_limit = 10  # https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
    fields = {
        "domain": string(
            "Domain, in small letters, without a dot at its end.",
            required=True,
            pattern=r"[a-z0-9_-]+(\.[a-z0-9_-]+)*",
            change=Change.REPLACE,
        ),
        "vpc": reference("vpc", "The VPC that a private zone is private to.", change=Change.REPLACE),
    }
    attributes = {"id": "identifier", "domain": "its domain", "name_servers": "name servers of a public zone"}
    calls = {
        "read": ("ListHostedZonesByName", "GetHostedZone", "ListTagsForResource"),
        "write": ("CreateHostedZone", "DeleteHostedZone", "ChangeTagsForResource"),
    }

    def read(self, reader: Reader, request: Request) -> list[Have]:
        swept = [(one.arn.rpartition("/")[2], None) for one in request.swept]
        candidates = [
            pair for pairs in reader.each(lambda want: self._named(reader, want), request.wants) for pair in pairs
        ]
        distinct = {**dict(swept), **dict(candidates)}
        haves = [have for have in reader.each(lambda pair: self._have(reader, *pair), distinct.items()) if have]
        ours = {have.name for have in haves if not have.foreign}
        return [have for have in haves if not have.foreign or have.name not in ours]

    def _named(self, reader: Reader, want: Want) -> list[tuple[str, Want]]:
        """Zones of the wanted domain: by our comment; of public ones any, since a second would never be asked."""
        answer = reader.call("route53", "ListHostedZonesByName", {"DNSName": want["domain"]}) or {}
        private, comment = want.get("vpc") is not None, _comment(want)
        return [
            (row["Id"], want)
            for row in answer["HostedZones"]
            if row["Name"] == f"{want['domain']}."
            and row["Config"]["PrivateZone"] is private
            and (row["Config"].get("Comment") == comment or not private)
        ]

    def _have(self, reader: Reader, identity: str, want: Want | None) -> Have | None:
        """A zone that a document or (``want`` is None) a hint leads to. None: it is gone, or not our concern."""
        missing = ("NoSuchHostedZone",)
        zone = reader.call("route53", "GetHostedZone", {"Id": identity}, missing)
        asked = {"ResourceType": "hostedzone", "ResourceId": identity}
        answer = reader.call("route53", "ListTagsForResource", asked, missing)
        if zone is None or answer is None:
            return None
        tags = as_map(answer["ResourceTagSet"]["Tags"])
        commented = want is not None and zone["HostedZone"]["Config"].get("Comment") == _comment(want)
        foreign = not (tags.get(STACK_TAG) == reader.scope.stack or (commented and STACK_TAG not in tags))
        if foreign and want is None:
            return None
        vpcs = zone.get("VPCs", [])
        domain = zone["HostedZone"]["Name"].rstrip(".")
        servers = {"name_servers": zone["DelegationSet"]["NameServers"]} if "DelegationSet" in zone else {}
        return Have(
            kind=self.name,
            name=want.name if want and (foreign or NAME_TAG not in tags) else tags[NAME_TAG],
            fields={"domain": domain, "vpc": vpcs[0]["VPCId"] if vpcs else None},
            attributes={"id": identity, "domain": domain, **servers},
            tags=tags,
            physical_name=tags.get("Name", ""),
            foreign=foreign,
        )

    def create(self, want: Want) -> Iterator[Step]:
        private = {"VPC": {"VPCId": want["vpc"], "VPCRegion": want.scope.region}} if want.get("vpc") else {}
        domain, comment = want["domain"], _comment(want)
        yield Call(
            "route53",
            "CreateHostedZone",
            {"Name": domain, **private, "HostedZoneConfig": {"Comment": comment, "PrivateZone": bool(private)}},
            gives={"id": "HostedZone.Id", "domain": f"'{domain}'", "name_servers": "DelegationSet.NameServers"},
            token="CallerReference",
            # The same caller reference: a run that died has made it. The next step finds it.
            done=("HostedZoneAlreadyExists",),
        )
        mine = f"HostedZones[?Config.Comment=='{comment}'] | [0]"
        yield Wait(
            "route53",
            "ListHostedZonesByName",
            {"DNSName": domain},
            f"{mine}.Config.Comment",
            until=(comment,),
            gives={"id": f"{mine}.Id"},
        )
        yield from self._tag(Own(), want.tags, ())

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        yield from self._tag(have.id, tags, gone)

    def delete(self, have: Have) -> Iterator[Step]:
        yield Call("route53", "DeleteHostedZone", {"Id": have.id}, done=("NoSuchHostedZone",), patience=BUSY)

    def _tag(self, zone: Any, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        params: dict[str, Any] = {"ResourceType": "hostedzone", "ResourceId": zone}
        if tags:
            params["AddTags"] = as_list(tags)
        if gone:
            params["RemoveTagKeys"] = list(gone)
        yield Call("route53", "ChangeTagsForResource", params, patience=BUSY)


def _comment(want: Want) -> str:
    return f"slipway:{want.scope.stack}/{want.name}"


def _domain_name(value: Any) -> Any:
    """A name as Route 53 compares it: small letters, no dot at the end, a wildcard as a star (it answers ``\\052``)."""
    return value.replace("\\052", "*").rstrip(".").lower() if isinstance(value, str) else value


def _alias_target(value: Any) -> Any:
    return {**value, "DNSName": _domain_name(value["DNSName"])} if isinstance(value, Mapping) else value


IDENTIFIER_LIMIT = 128
_IDENTIFIER = re.compile(r"slipway:([^/]+)/([^/]+)/([^/]+)")
"""stack, component, name"""


class DnsRecord(Kind):
    """A record has no tags: it is made as a weighted record, alone of its name, whose set identifier says whose it is.

    What others put in the zone (ExternalDNS, a certificate's proof) is never taken for ours, and ours never forgotten.
    """

    name = "dns_record"
    doc = "A record of a hosted zone."
    service = "route53"
    identity = "parent"
    taggable = False
    bundled = True
    down = "the name"
    fields = {
        "zone": reference("hosted_zone", "The zone it belongs to.", required=True, change=Change.REPLACE),
        "record_name": template(
            "Its full name: `api.example.com`, or `api.${hosted_zone.main.domain}`.",
            required=True,
            normalise=_domain_name,
            change=Change.REPLACE,
        ),
        "record_type": string(
            "Type.",
            default="A",
            choices=("A", "AAAA", "CAA", "CNAME", "MX", "PTR", "SRV", "TXT"),
            change=Change.REPLACE,
        ),
        "ttl": integer("Seconds that an answer may be kept.", default=60, minimum=0, maximum=2147483647),
        "values": set_of(template("A value."), "What it answers."),
        "alias": reference(
            "load_balancer",
            "The load balancer whose addresses it answers.",
            attribute="alias_target",
            normalise=_alias_target,
        ),
    }
    attributes = {}
    calls = {"read": ("ListResourceRecordSets",), "write": ("ChangeResourceRecordSets",)}

    def read(self, reader: Reader, request: Request) -> list[Have]:
        zones = request.found("hosted_zone")
        return [
            have for haves in reader.each(lambda zone: self._of_zone(reader, request, zone), zones) for have in haves
        ]

    def _of_zone(self, reader: Reader, request: Request, zone: Have) -> list[Have]:
        missing, path = ("NoSuchHostedZone",), "ResourceRecordSets"
        rows = reader.pages("route53", "ListResourceRecordSets", path, {"HostedZoneId": zone.id}, missing)
        wanted = {_place(want, zone): want.name for want in request.wants}
        ours, others = [], []
        for row in rows:
            match = _IDENTIFIER.fullmatch(row.get("SetIdentifier", ""))
            if match and match[1] == reader.scope.stack:
                tags = {STACK_TAG: match[1], "Component": match[2], NAME_TAG: match[3]}
                ours.append(self._have(reader, zone, row, match[3], tags))
            elif name := wanted.get((_domain_name(row["Name"]), row["Type"])):
                others.append(self._have(reader, zone, row, name, {}))
        names = {have.name for have in ours}
        return [*ours, *(have for have in others if have.name not in names)]

    def _have(self, reader: Reader, zone: Have, row: Mapping[str, Any], name: str, tags: dict[str, str]) -> Have:
        full_name = _domain_name(row["Name"])
        return Have(
            kind=self.name,
            name=name,
            fields={
                "zone": zone.id,
                "record_name": full_name,
                "record_type": row["Type"],
                # An alias has none; its document stays at the default.
                "ttl": row.get("TTL", 60),
                "values": [value["Value"] for value in row.get("ResourceRecords", [])],
                "alias": _alias_target(row.get("AliasTarget")),
            },
            attributes={"id": full_name},
            tags=tags,
            physical_name=self.physical_name(reader.scope, name, {}),
            foreign=not tags,
        )

    def create(self, want: Want) -> Iterator[Step]:
        yield self._change(want["zone"], [_upsert(want, _identifier(want))])

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        # A record that is taken over has no identifier of ours, and cannot stand beside one that has.
        adopted = [_delete(have)] if have.foreign else []
        identifier = _identifier(want) if have.foreign else _marked(have)
        yield self._change(have.fields["zone"], [*adopted, _upsert(want, identifier)])

    def delete(self, have: Have) -> Iterator[Step]:
        yield self._change(have.fields["zone"], [_delete(have)], done=("NoSuchHostedZone",))

    def bundle(self, subject: Want | Have) -> Any:
        return subject["zone"] if isinstance(subject, Want) else subject.fields["zone"]

    def merge(self, calls: Sequence[Call]) -> Call:
        """One change batch: Route 53 applies all of it or nothing. Raises ValueError beyond the size of a batch."""
        changes = [change for call in calls for change in call.params["ChangeBatch"]["Changes"]]
        if sum(map(_weight, changes)) > CHANGES_A_BATCH:
            raise ValueError(
                f"more than {CHANGES_A_BATCH // 2} values of one zone change at once; spread them over several zones"
            )
        return dataclasses.replace(calls[0], params={**calls[0].params, "ChangeBatch": {"Changes": changes}})

    def check(self, want: Want) -> Iterator[str]:
        if bool(want.get("alias")) == bool(want.get("values")):
            yield "a record has either values or an alias; give one of them"
        if want.get("alias") and (want["record_type"] not in ("A", "AAAA") or want["ttl"] != 60):
            yield "an alias is of type A or AAAA and has no ttl; drop it"
        if isinstance(want["record_name"], str) and "." not in want["record_name"]:
            name = want["record_name"]
            yield f"record_name {name!r} is not a full name; write {name}.${{hosted_zone.NAME.domain}}"
        if len(_identifier(want)) > IDENTIFIER_LIMIT:
            yield f"`{_identifier(want)}` has more than {IDENTIFIER_LIMIT} characters; choose a shorter name"

    def _change(self, zone: Any, changes: list[dict[str, Any]], done: tuple[str, ...] = ()) -> Call:
        params = {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}
        return Call("route53", "ChangeResourceRecordSets", params, done=done, patience=BUSY)


def _identifier(want: Want) -> str:
    return f"slipway:{want.scope.stack}/{want.component}/{want.name}"


def _marked(have: Have) -> str:
    return f"slipway:{have.tags[STACK_TAG]}/{have.component}/{have.tags[NAME_TAG]}"


def _record(values: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    answer = {"TTL": values["ttl"], "ResourceRecords": [{"Value": value} for value in values.get("values", ())]}
    marked = {"SetIdentifier": identifier, "Weight": 1} if identifier else {}
    return {
        "Name": values["record_name"],
        "Type": values["record_type"],
        **marked,
        **({"AliasTarget": values["alias"]} if values.get("alias") else answer),
    }


def _upsert(want: Want, identifier: str) -> dict[str, Any]:
    """UPSERT also to create: sent again after a lost answer it succeeds, and no record of others is in its reach."""
    return {"Action": "UPSERT", "ResourceRecordSet": _record(want.values, identifier)}


def _delete(have: Have) -> dict[str, Any]:
    return {"Action": "DELETE", "ResourceRecordSet": _record(have.fields, "" if have.foreign else _marked(have))}


def _weight(change: Mapping[str, Any]) -> int:
    values = len(change["ResourceRecordSet"].get("ResourceRecords", ())) or 1
    return 2 * values if change["Action"] == "UPSERT" else values


def _place(want: Want, zone: Have) -> tuple[Any, str]:
    """Name and type of a wanted record, if it is of this zone."""
    if want["zone"] not in (Ref("hosted_zone", zone.name), zone.id):
        return None, ""
    full_name = resolve(
        want["record_name"],
        lambda ref: (
            zone.attributes.get(ref.attribute, ref) if ref == Ref("hosted_zone", zone.name, ref.attribute) else ref
        ),
    )
    return _domain_name(full_name), want["record_type"]
