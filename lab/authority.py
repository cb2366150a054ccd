# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own certificate authority: what Amazon's is for AWS's endpoints, RDS and ECR."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import files

_YEARS = 10
_EARLIER = timedelta(hours=1)
"""Certificates begin in the past: a client's clock may be a little behind."""
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Pair:
    """Two PEM files. ``certificate``: the server's, then the authority's. ``key``: for its owner only (0600)."""

    certificate: Path
    key: Path


class Authority:
    """Signs server certificates; all it makes lies in its folder.

    Safe between threads and processes (one lock file), and after a crash at any point: keys are written before the
    certificates that need them, each file at once, and what does not fit together is made again.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Take the authority in ``folder``, or make it: its own certificate lasts ten years."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._clock = clock
        with self._locked():
            self._key = _key(folder / "authority.key")
            self._certificate = self._own()

    @property
    def bundle(self) -> Path:
        """The authority's certificate, PEM: the file that clients trust."""
        return self._folder / "authority.pem"

    def certificate(self, names: Sequence[str], days: int = 90) -> Pair:
        """A server's certificate for DNS names (``*.`` is a wildcard for one label) and addresses.

        The same names give the same files; the certificate in them is renewed by the call that finds less than a third
        of ``days`` left. Raises ValueError without names.
        """
        if not names:
            raise ValueError("a certificate needs a name")
        wanted = sorted(set(names))
        folder = self._folder / "servers" / hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:24]
        pair = Pair(folder / "certificate.pem", folder / "key.pem")
        with self._locked():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = _key(pair.key)
            standing = _load(pair.certificate)
            if not (standing and self._good(standing, self._certificate, key, timedelta(days=days) / 3)):
                made = self._sign(wanted, key, days)
                files.write(pair.certificate, _pem(made) + _pem(self._certificate), 0o644)
        return pair

    def context(self, names: Sequence[str]) -> ssl.SSLContext:
        """A server's side of TLS 1.2 and later with a certificate for ``names``."""
        pair = self.certificate(names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pair.certificate, pair.key)
        return context

    def _own(self) -> x509.Certificate:
        standing = _load(self.bundle)
        if standing and self._good(standing, standing, self._key, timedelta(days=365)):
            return standing
        # The key tells two authorities apart: trust stores find an issuer by its name.
        number = hashlib.sha256(_public(self._key)).hexdigest()[:8]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Slipway lab certificate authority {number}")])
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = (
            self._begun(name, name, self._key, 365 * _YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        files.write(self.bundle, _pem(made), 0o644)
        return made

    def _sign(self, names: Sequence[str], key: Key, days: int) -> x509.Certificate:
        issuer = self._certificate.subject
        # A common name holds 64 characters at most, and nobody reads it: the alternative names count.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            self._begun(subject, issuer, key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _begun(self, subject: x509.Name, issuer: x509.Name, key: Key, days: int) -> x509.CertificateBuilder:
        now = self._clock()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(now + timedelta(days=days))
        )

    def _good(self, standing: x509.Certificate, issuer: x509.Certificate, key: Key, left: timedelta) -> bool:
        """Whether a certificate is of this key, signed by the issuer, and lasts for ``left``."""
        try:
            standing.verify_directly_issued_by(issuer)
        except (InvalidSignature, TypeError, ValueError):
            return False
        return standing.public_key() == key.public_key() and standing.not_valid_after_utc - self._clock() > left

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _key(path: Path) -> Key:
    """The private key in a file, made when there is none or no whole one."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
    made = ec.generate_private_key(ec.SECP256R1())
    encoded = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files.write(path, encoded)
    return made


def _load(path: Path) -> x509.Certificate | None:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return x509.load_pem_x509_certificate(path.read_bytes())
    return None


def _public(key: Key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)
