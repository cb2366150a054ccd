# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate of Certificate Manager."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.slipway.platform.plugins.module_utils.aws.acm import AcmCertificate
from ansible_collections.slipway.platform.plugins.module_utils.aws.elb import LoadBalancer
from ansible_collections.slipway.platform.plugins.module_utils.aws.firewall import SecurityGroup
from ansible_collections.slipway.platform.plugins.module_utils.aws.listener import Listener
from ansible_collections.slipway.platform.plugins.module_utils.stack.kind import Call, Have, Swept
from ansible_collections.slipway.platform.plugins.module_utils.stack.schema import comparable
from ansible_collections.slipway.platform.plugins.module_utils.stack.values import Ref, display
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.cures import mend_certificates
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.requests import (
    complaints,
    problems,
    undeclared_models,
    want,
)
from ansible_collections.slipway.platform.tests.unit.plugins.module_utils.aws.runner import Account

KIND = AcmCertificate()
NAME = "edge.example.com"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def issue(folder: Path, names: Sequence[str] = (NAME,), end: datetime.datetime | None = None) -> dict[str, str]:
    """The files of a new certificate by itself, as fields of a document."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - datetime.timedelta(days=1))
    builder = builder.not_valid_after(end or NOW + datetime.timedelta(days=90))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    folder.mkdir(exist_ok=True)
    (folder / "certificate.pem").write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return {
        "domain_name": names[0],
        "certificate_file": str(folder / "certificate.pem"),
        "private_key_file": str(folder / "key.pem"),
    }


@pytest.fixture(autouse=True)
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    mend_certificates(monkeypatch)


def test_certificate(account: Account, tmp_path: Path) -> None:
    document = issue(tmp_path) | {"chain_file": issue(tmp_path / "authority")["certificate_file"]}
    attributes = account.create(KIND, **document)
    have = account.have(KIND)
    assert have.attributes == attributes
    assert attributes["id"].startswith("arn:aws:acm:us-east-1:123456789012:certificate/")
    assert attributes["not_after"] == NOW + datetime.timedelta(days=90)
    assert have.tags["Name"].startswith("shop-test-certificate-")
    assert account.differences(KIND) == {}
    stored = account.client("acm").get_certificate(CertificateArn=attributes["arn"])["Certificate"]
    assert stored == Path(document["certificate_file"]).read_text()
    account.delete(KIND)
    assert account.read(KIND) == []


def test_a_new_certificate_in_the_file_takes_the_place_of_the_old_one(account: Account, tmp_path: Path) -> None:
    arn = account.create(KIND, **issue(tmp_path))["arn"]
    renewed = issue(tmp_path, end=NOW + datetime.timedelta(days=200))
    account.want(KIND, **renewed)
    assert account.differences(KIND).keys() == {"certificate_file"}
    (call,) = account.update(KIND, **renewed)
    assert (call.operation, call.params["CertificateArn"], "Tags" in call.params) == ("ImportCertificate", arn, False)
    assert account.differences(KIND) == {}
    assert account.have(KIND).attributes["not_after"] == NOW + datetime.timedelta(days=200)


def test_a_difference_shows_when_certificates_end_and_no_more(account: Account, tmp_path: Path) -> None:
    end = datetime.datetime(2050, 3, 1, tzinfo=datetime.UTC)  # the year from which such times have four digits
    account.create(KIND, **issue(tmp_path, end=datetime.datetime(2049, 12, 31, tzinfo=datetime.UTC)))
    account.want(KIND, **issue(tmp_path, end=end))
    after, before = account.differences(KIND)["certificate_file"]
    assert before.startswith("SHA-256 ")
    assert before.endswith(" until 2049-12-31")
    assert after.endswith(" until 2050-03-01")
    assert len(after) < 80


@pytest.mark.parametrize("step", ["create", "update"])
def test_a_plan_holds_paths_and_nothing_of_the_files(tmp_path: Path, step: str) -> None:
    wanted = want(KIND, **issue(tmp_path))
    have = Have("acm_certificate", "main", {}, {"id": "arn"}, {})
    steps = list(KIND.create(wanted) if step == "create" else KIND.update(have, wanted, frozenset()))
    key = Path(wanted["private_key_file"]).read_text().splitlines()[1]
    assert key not in repr(steps) + repr(wanted)
    call = steps[0]
    assert isinstance(call, Call)
    assert display(call.params)["PrivateKey"] == f"(contents of {wanted['private_key_file']})"


def test_what_was_sent_is_logged_without_the_files(account: Account, tmp_path: Path) -> None:
    document = issue(tmp_path)
    account.create(KIND, **document)
    assert "PRIVATE KEY" not in repr(account.sent)


def test_others_certificates_for_the_same_name_are_others(account: Account, tmp_path: Path) -> None:
    files = issue(tmp_path)
    texts = {
        "Certificate": Path(files["certificate_file"]).read_bytes(),
        "PrivateKey": Path(files["private_key_file"]).read_bytes(),
    }
    account.client("acm").import_certificate(**texts)
    account.want(KIND, **files)
    assert account.read(KIND) == []
    ours = account.create(KIND, **files)["arn"]
    assert [have.id for have in account.read(KIND)] == [ours]


def test_others_certificates_for_other_names_are_not_read(account: Account, tmp_path: Path) -> None:
    files = issue(tmp_path, ["other.example.com"])
    account.client("acm").import_certificate(
        Certificate=Path(files["certificate_file"]).read_bytes(),
        PrivateKey=Path(files["private_key_file"]).read_bytes(),
    )
    account.want(KIND, **issue(tmp_path))
    assert account.read(KIND) == []
    assert account.reader.operations == ["acm:ListCertificates"]


def test_one_that_is_no_longer_declared_is_found_through_the_tag_index(account: Account, tmp_path: Path) -> None:
    arn = account.create(KIND, "old", **issue(tmp_path))["arn"]
    account.wants.clear()
    hints = [Swept(arn, {}), Swept(f"{arn}-gone", {})]
    assert [have.name for have in account.read(KIND, hints)] == ["old"]


def test_a_certificate_is_known_by_any_of_its_names(account: Account, tmp_path: Path, monkeypatch: Any) -> None:
    account.create(KIND, **issue(tmp_path, ["www.example.com", NAME]))
    listed = account.client("acm").list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})
    (row,) = listed["CertificateSummaryList"]
    # moto does not list them: https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html
    row["SubjectAlternativeNameSummaries"] = ["www.example.com", NAME]
    monkeypatch.setattr(account.reader, "pages", lambda *_request: [row])
    account.want(KIND, **issue(tmp_path, ["www.example.com", NAME]) | {"domain_name": NAME})
    assert account.have(KIND).fields["domain_name"] == NAME


def test_a_listener_serves_it_and_it_goes_after_the_listener(network: Account, tmp_path: Path) -> None:
    network.create(KIND, **issue(tmp_path))
    network.create(SecurityGroup(), "edge", vpc="main")
    network.create(LoadBalancer(), subnets=["a", "b"], security_groups=["edge"])
    listener = {"load_balancer": "main", "port": 443, "protocol": "HTTPS", "default_action": {"fixed_response": {}}}
    document = {**listener, "certificate_arn": "${acm_certificate.main.arn}"}
    assert want(Listener(), **document)["certificate_arn"] == Ref("acm_certificate", "main", "arn")
    network.create(Listener(), "https", **document)
    assert network.differences(Listener(), "https") == {}
    (call,) = KIND.delete(network.have(KIND))
    assert isinstance(call, Call)
    assert call.patience == {"ResourceInUseException": 600}


def test_files_that_are_not_there_yet_can_be_planned(tmp_path: Path) -> None:
    document = {
        "domain_name": NAME,
        "certificate_file": str(tmp_path / "no.pem"),
        "private_key_file": str(tmp_path / "no.key"),
    }
    wanted = want(KIND, **document)
    assert comparable(wanted["certificate_file"], KIND.fields["certificate_file"]) == str(tmp_path / "no.pem")


def test_requests_are_valid(tmp_path: Path) -> None:
    wanted, have = want(KIND, **issue(tmp_path)), Have("acm_certificate", "main", {}, {"id": "x" * 20}, {})
    steps = [
        *KIND.create(wanted),
        *KIND.update(have, wanted, frozenset({"certificate_file"})),
        *KIND.retag(have, {"a": "b"}, ["c"]),
        *KIND.delete(have),
    ]
    assert problems(KIND, steps) == []
    assert undeclared_models(KIND) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, ""),
        ({"domain_name": "www.example.com"}, ""),
        ({"domain_name": "example.com"}, "domain_name example.com is not among the names"),
        ({"domain_name": "Edge"}, "does not match"),
        ({"certificate_file": "certificate.pem"}, "no absolute path"),
        ({"chain_file": "../chain.pem"}, "no absolute path"),
        ({"certificate_file": None}, "required"),
    ],
)
def test_checks(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    found = complaints(KIND, **issue(tmp_path, [NAME, "www.example.com"]) | change)
    assert [word in each for each in found] == ([True] if word else [])


def test_a_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    document = issue(tmp_path)
    Path(document["certificate_file"]).write_bytes(b"\xff\x00 no certificate")
    (found,) = complaints(KIND, **document)
    assert "is not among the names of the certificate" in found
