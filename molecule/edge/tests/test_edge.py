# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authority's files, what the load balancer serves, and where its names lead."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

AUTHORITY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "authority"


@pytest.fixture(scope="module")
def balancer() -> dict[str, Any]:
    found: dict[str, Any] = boto3.client("elbv2").describe_load_balancers(Names=["molecule-edge-lb"])["LoadBalancers"][
        0
    ]
    return found


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


def test_keys_are_for_their_owner_only() -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in AUTHORITY.iterdir()}
    assert AUTHORITY.stat().st_mode & 0o777 == 0o700
    assert modes == {"authority.key": 0o600, "edge.key": 0o600, "authority.pem": 0o644, "edge.pem": 0o644}


def test_the_certificate_is_signed_by_the_authority_for_servers_and_its_names() -> None:
    certificate, authority = str(AUTHORITY / "edge.pem"), str(AUTHORITY / "authority.pem")
    for name in ("www.edge.molecule.internal", "any.edge.molecule.internal", "shop.example.com"):
        checked = openssl(
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            name,
            "-CAfile",
            authority,
            certificate,
        )
        assert checked == f"{certificate}: OK\n"


def test_the_authority_signs_no_other_authorities_and_lasts_ten_years() -> None:
    text = openssl("x509", "-in", str(AUTHORITY / "authority.pem"), "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in text
    assert "prime256v1" in text
    openssl("x509", "-in", str(AUTHORITY / "authority.pem"), "-noout", "-checkend", str(3649 * 86400))


def test_https_is_tls_1_3_with_the_renewed_certificate(balancer: dict[str, Any]) -> None:
    context = ssl.create_default_context(cafile=str(AUTHORITY / "authority.pem"))
    with (
        socket.create_connection((balancer["DNSName"], 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="shop.example.com") as secure,
    ):
        assert secure.version() == "TLSv1.3"
        served = secure.getpeercert(binary_form=True)
    assert served == ssl.PEM_cert_to_DER_cert((AUTHORITY / "edge.pem").read_text())


def test_headers_of_invalid_names_are_dropped(balancer: dict[str, Any]) -> None:
    answer = boto3.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    attributes = {each["Key"]: each["Value"] for each in answer["Attributes"]}
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_names_of_the_private_zone_lead_to_the_load_balancer(balancer: dict[str, Any]) -> None:
    client = boto3.client("route53")
    (zone,) = client.list_hosted_zones_by_name(DNSName="edge.molecule.internal")["HostedZones"]
    records = client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    aliases = {
        each["Name"].replace("\\052", "*"): each["AliasTarget"]["DNSName"].rstrip(".")
        for each in records
        if "AliasTarget" in each
    }
    names = ("www.edge.molecule.internal.", "*.edge.molecule.internal.")
    assert aliases == dict.fromkeys(names, balancer["DNSName"])
