"""A certificate authority for tests: issues what a city's would, and what it never should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = datetime(2020, 4, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


def new_key() -> EllipticCurvePrivateKey:
    """P-256."""
    return generate_private_key(SECP256R1())


def name(common: str) -> x509.Name:
    """A subject of one common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Issues under its own certificate, which `issuer` signs, or itself."""

    def __init__(
        self,
        common: str = "City CA",
        issuer: Authority | None = None,
        *,
        is_ca: bool = True,
        begin: datetime = BEGIN,
        end: datetime = BEGIN + 10 * YEAR,
    ) -> None:
        self.key = new_key()
        signer = self if issuer is None else issuer
        self._subject = name(common)
        builder = signer._builder(self._subject, self.key.public_key(), begin, end)
        limits = x509.BasicConstraints(ca=is_ca, path_length=None)
        self.certificate = builder.add_extension(limits, critical=True).sign(signer.key, SHA256())

    def issue(
        self,
        key: EllipticCurvePublicKey,
        common: str,
        *,
        hosts: tuple[str, ...] = (),
        begin: datetime = BEGIN,
        end: datetime = BEGIN + YEAR,
    ) -> x509.Certificate:
        """For a device without `hosts`, for a server with them (names or addresses)."""
        usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self._builder(name(common), key, begin, end)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, SHA256())

    def _builder(
        self, subject: x509.Name, key: EllipticCurvePublicKey, begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def write_pem(path: Path, *certificates: x509.Certificate) -> Path:
    """A chain as servers read it."""
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return path


def write_key(path: Path, key: EllipticCurvePrivateKey) -> Path:
    """PKCS#8 PEM."""
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path
