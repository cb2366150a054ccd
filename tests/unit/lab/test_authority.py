# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority: what a client accepts, what is kept, what is made again."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from lab.authority import Authority, Pair

NAMES = ["*.us-east-1.amazonaws.com", "iam.amazonaws.com", "198.18.1.1"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def connect(authority: Authority) -> ssl.SSLContext:
    """A client that trusts this authority and no other."""
    context = ssl.create_default_context(cafile=str(authority.bundle))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Both sides of TLS over a pair of sockets; raises what the client says."""
    near, far = socket.socketpair()

    def serve() -> None:
        with far:
            try:
                server.wrap_socket(far, server_side=True).close()
            except OSError:
                return  # the client says why

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with near, client.wrap_socket(near, server_hostname=name):
            pass
    finally:
        thread.join()


@pytest.mark.parametrize("name", ["ec2.us-east-1.amazonaws.com", "iam.amazonaws.com", "198.18.1.1"])
def test_a_client_that_trusts_the_bundle_accepts_every_name(
    authority: Authority, connect: ssl.SSLContext, name: str
) -> None:
    handshake(authority.context(NAMES), connect, name)


@pytest.mark.parametrize("name", ["ec2.eu-west-1.amazonaws.com", "a.b.us-east-1.amazonaws.com", "198.18.1.2"])
def test_a_client_refuses_other_names(authority: Authority, connect: ssl.SSLContext, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority.context(NAMES), connect, name)


def test_a_client_of_another_lab_refuses(tmp_path: Path, connect: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(Authority(tmp_path / "other").context(NAMES), connect, "iam.amazonaws.com")


def test_keys_are_for_their_owner_only(authority: Authority, tmp_path: Path) -> None:
    authority.certificate(NAMES)
    keys = [path for path in (tmp_path / "authority").rglob("*key*") if path.is_file()]
    assert len(keys) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert stat.S_IMODE((tmp_path / "authority").stat().st_mode) == 0o700


def test_all_of_it_outlives_the_process(authority: Authority, tmp_path: Path) -> None:
    pair = authority.certificate(NAMES)
    before = authority.bundle.read_bytes(), pair.certificate.read_bytes(), pair.key.read_bytes()
    again = Authority(tmp_path / "authority")
    assert again.certificate(list(reversed(NAMES))) == pair
    assert (again.bundle.read_bytes(), pair.certificate.read_bytes(), pair.key.read_bytes()) == before


def test_the_chain_is_in_the_file(authority: Authority) -> None:
    leaf, issuer = x509.load_pem_x509_certificates(authority.certificate(NAMES).certificate.read_bytes())
    assert issuer == x509.load_pem_x509_certificate(authority.bundle.read_bytes())
    leaf.verify_directly_issued_by(issuer)


@pytest.mark.parametrize(("days", "renewed"), [(59, False), (61, True)])
def test_a_certificate_is_renewed_when_a_third_of_its_time_is_left(
    authority: Authority, tmp_path: Path, days: int, renewed: bool
) -> None:
    pair = authority.certificate(NAMES, days=90)
    before = _serial(pair)
    later = Authority(tmp_path / "authority", clock=lambda: datetime.now(UTC) + timedelta(days=days))
    assert later.certificate(NAMES, days=90) == pair
    assert (_serial(pair) != before) is renewed


def test_what_a_crash_left_is_made_again(authority: Authority, connect: ssl.SSLContext, tmp_path: Path) -> None:
    pair = authority.certificate(NAMES)
    pair.certificate.write_bytes(pair.certificate.read_bytes()[:100])
    handshake(authority.context(NAMES), connect, "iam.amazonaws.com")
    pair.key.unlink()
    handshake(authority.context(NAMES), connect, "iam.amazonaws.com")
    pair.key.with_name(".key.pem.new").write_bytes(b"half a key")
    pair.key.write_bytes(b"")
    handshake(Authority(tmp_path / "authority").context(NAMES), connect, "iam.amazonaws.com")


def test_certificates_of_a_lost_authority_are_not_used(authority: Authority, tmp_path: Path) -> None:
    authority.certificate(NAMES)
    (tmp_path / "authority" / "authority.key").unlink()
    again = Authority(tmp_path / "authority")
    handshake(again.context(NAMES), ssl.create_default_context(cafile=str(again.bundle)), "iam.amazonaws.com")


def test_threads_get_one_certificate(authority: Authority) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: _serial(authority.certificate(NAMES)), range(16)))) == 1


def test_no_names_no_certificate(authority: Authority) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        authority.certificate([])


def _serial(pair: Pair) -> int:
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes()).serial_number
