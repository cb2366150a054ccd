# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate Manager: certificates that are imported, from files that are read only as they are compared or sent.

https://docs.aws.amazon.com/acm/latest/userguide/import-certificate.html
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
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
from ansible_collections.slipway.platform.plugins.module_utils.stack.names import NAME_TAG, STACK_TAG, Scope, digest
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import Change, string
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Contents, Own

GONE = ("ResourceNotFoundException",)
KEY_TYPES = tuple(f"RSA_{bits}" for bits in (1024, 2048, 3072, 4096)) + tuple(
    f"EC_{curve}" for curve in ("prime256v1", "secp384r1", "secp521r1")
)
"""All that there are: a listing that does not name them shows RSA certificates of up to 2048 bits only."""
_PEM = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VALIDITY = re.compile(rb"(?:(?:\x17\x0d|\x18\x0f)\d{6,8}\d{6}Z){2}")
"""Not before, not after: https://datatracker.ietf.org/doc/html/rfc5280#section-4.1.2.5"""


def _names(row: Mapping[str, Any]) -> list[str]:
    return [row.get("DomainName", ""), *row.get("SubjectAlternativeNameSummaries", ())]


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _certificates(text: str) -> list[bytes]:
    """The certificates of a PEM text (DER)."""
    return [ssl.PEM_cert_to_DER_cert(pem) for pem in _PEM.findall(text)]


def _is_for(text: str, name: str) -> bool:
    """Whether the first certificate has this name among its alternative ones: a tag, the length, the name (DER)."""
    wanted = b"\x82" + bytes([len(name)]) + name.encode()
    return any(wanted in certificate for certificate in _certificates(text)[:1])


def _of_file(value: str | None) -> str | None:
    """What is in a file, in the words that the account's certificate is told in; a path while nothing is there."""
    text = _text(value) if value else None
    return _told(text) if text else value


def _told(text: str) -> str:
    """The certificates of a PEM text as a plan shows and compares them."""
    return "; ".join(f"SHA-256 {hashlib.sha256(each).hexdigest()[:32]}{_end(each)}" for each in _certificates(text))


def _end(certificate: bytes) -> str:
    found = _VALIDITY.search(certificate)
    if not found:
        return ""
    digits = re.findall(rb"(\d+)Z", found[0])[1].decode()
    day = digits[:-6] if len(digits) == 14 else f"20{digits[:-6]}"
    return f" until {day[:4]}-{day[4:6]}-{day[6:]}"


class AcmCertificate(Kind):
    """A certificate has no name of its own: among those for its domain name it is known by its tags."""

    name = "acm_certificate"
    doc = "A certificate of Certificate Manager, imported from files. A new one in the files takes its place in use."
    service = "acm"
    identity = "token"
    resource_type = "certificate"
    create_first = True
    arn = r"arn:[^:]+:acm:[^:]+:\d+:certificate/.+"
    fields = {
        "domain_name": string(
            "One of the names that it is for.", required=True, pattern=r"[a-z0-9*_.-]{1,127}", change=Change.REPLACE
        ),
        "certificate_file": string(
            "Path of the certificate (PEM) on the machine that the module runs on.", required=True, normalise=_of_file
        ),
        # Nobody can read it back, so nothing compares it: a new key comes with a new certificate.
        "private_key_file": string("Path of its private key (PEM).", required=True, change=Change.CREATE_ONLY),
        "chain_file": string("Path of its issuers' certificates (PEM).", normalise=_of_file),
    }
    attributes = {"id": "its ARN", "arn": "its ARN", "not_after": "when it ends"}
    calls = {
        "read": ("ListCertificates", "ListTagsForCertificate", "GetCertificate", "DescribeCertificate"),
        "write": ("ImportCertificate", "AddTagsToCertificate", "RemoveTagsFromCertificate", "DeleteCertificate"),
    }

    def read(self, reader: Reader, request: Request) -> list[Have]:
        wanted = {want["domain_name"] for want in request.wants}
        swept = {hint.arn for hint in request.swept}
        params = {"Includes": {"keyTypes": list(KEY_TYPES)}}
        rows = reader.pages("acm", "ListCertificates", "CertificateSummaryList", params)
        candidates = [row for row in rows if wanted & {*_names(row)} or row["CertificateArn"] in swept]
        return [have for have in reader.each(lambda row: self._have(reader, row, wanted), candidates) if have]

    def _have(self, reader: Reader, row: Mapping[str, Any], wanted: set[str]) -> Have | None:
        """One of ours; others may be for the same name."""
        arn = {"CertificateArn": row["CertificateArn"]}
        tags = as_map((reader.call("acm", "ListTagsForCertificate", arn, GONE) or {}).get("Tags", ()))
        if tags.get(STACK_TAG) != reader.scope.stack:
            return None
        texts = reader.call("acm", "GetCertificate", arn, GONE)
        if texts is None:
            return None
        fields = {
            "domain_name": next((name for name in _names(row) if name in wanted), row["DomainName"]),
            "certificate_file": _told(texts["Certificate"]),
            "chain_file": _told(texts.get("CertificateChain", "")) or None,
        }
        attributes = {"id": row["CertificateArn"], "arn": row["CertificateArn"], "not_after": row["NotAfter"]}
        return Have(self.name, tags[NAME_TAG], fields, attributes, tags, tags.get("Name", ""))

    def create(self, want: Want) -> Iterator[Step]:
        params = {**self._files(want), "Tags": as_list(want.tags)}
        yield Call("acm", "ImportCertificate", params, gives={"id": "CertificateArn", "arn": "CertificateArn"})
        yield self._until_issued(Own())

    def update(self, have: Have, want: Want, changed: frozenset[str]) -> Iterator[Step]:
        yield Call("acm", "ImportCertificate", {"CertificateArn": have.id, **self._files(want)})
        yield self._until_issued(have.id)

    def retag(self, have: Have, tags: Mapping[str, str], gone: Sequence[str]) -> Iterator[Step]:
        arn = {"CertificateArn": have.id}
        if tags:
            yield Call("acm", "AddTagsToCertificate", {**arn, "Tags": as_list(tags)})
        if gone:
            yield Call("acm", "RemoveTagsFromCertificate", {**arn, "Tags": [{"Key": key} for key in gone]})

    def delete(self, have: Have) -> Iterator[Step]:
        # A load balancer lets go of it some time after its listener has gone.
        patience = {"ResourceInUseException": 600}
        yield Call("acm", "DeleteCertificate", {"CertificateArn": have.id}, done=GONE, patience=patience)

    def physical_name(self, scope: Scope, name: str, values: Mapping[str, Any]) -> str:
        """With what makes a replacement, so that one for another domain name is never taken for a twin."""
        return f"{super().physical_name(scope, name, values)}-{digest(values['domain_name'])[:6]}"

    def check(self, want: Want) -> Iterator[str]:
        for field in ("certificate_file", "private_key_file", "chain_file"):
            if not os.path.isabs(want.get(field, "/")):
                yield f"{field} {want[field]!r} is no absolute path; write all of it"
        path, name = want["certificate_file"], want["domain_name"]
        text = _text(path)
        # A file that is not there yet may be made before the plan is applied.
        if text is not None and not _is_for(text, name):
            yield f"domain_name {name} is not among the names of the certificate in {path}; write one that is"

    def _files(self, want: Want) -> dict[str, Contents]:
        parameters = {"certificate_file": "Certificate", "private_key_file": "PrivateKey"}
        parameters |= {"chain_file": "CertificateChain"} if want.get("chain_file") else {}
        return {parameter: Contents(want[field]) for field, parameter in parameters.items()}

    def _until_issued(self, arn: Any) -> Wait:
        gives = {"not_after": "Certificate.NotAfter"}
        params = {"CertificateArn": arn}
        return Wait("acm", "DescribeCertificate", params, "Certificate.Status", until=("ISSUED",), gives=gives)
