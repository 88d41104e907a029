"""The city's own certificate authority: for its server of scan records and for its devices.

A certificate opens the door (TLS 1.3, both sides). Who a device is, is said by the signature on
each body, so a certificate need not be taken back: see `devices.py`. Keys are EC P-256.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from scanner.central.errors import CentralError
from scanner.central.files import write_atomically
from scanner.core.enrolment import EnrolmentRequest, name_of

CA_LIFE, SERVER_LIFE, DEVICE_LIFE = timedelta(days=7300), timedelta(days=397), timedelta(days=730)
# The server's is made anew at a start this long before its end.
RENEW_BEFORE = timedelta(days=60)
# A device's clock may be behind the server's.
_BACK = timedelta(days=1)
_CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Scan records of the city")])


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    def certify(self, request: EnrolmentRequest, now: datetime) -> x509.Certificate:
        """A device's, for its TLS key, under its id. Raises EnrolmentError for another key."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        subject = name_of(request.device)
        builder = _builder(subject, request.tls_key, now, DEVICE_LIFE, self)
        return builder.add_extension(usage, critical=False).sign(self.key, SHA256())

    def certify_server(
        self, key: EllipticCurvePublicKey, names: Sequence[str], now: datetime
    ) -> x509.Certificate:
        """names: host names and addresses under which devices reach it."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = _builder(subject, key, now, SERVER_LIFE, self)
        builder = builder.add_extension(usage, critical=False)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
        )
        return builder.sign(self.key, SHA256())


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """Where a web server finds what it shows and what it asks of devices; until when it is good."""

    key: Path
    certificate: Path
    ca: Path
    names: tuple[str, ...]
    until: datetime
    is_new: bool


def open_authority(folder: Path, now: datetime) -> Authority:
    """In ca.pem and ca.crt; made at first use. Raises CentralError."""
    if not (folder / "ca.crt").exists():
        _found(folder, now)
    authority = Authority(_read_certificate(folder / "ca.crt"), _read_key(folder / "ca.pem"))
    if authority.certificate.not_valid_after_utc <= now:
        raise CentralError(
            f"{folder}/ca.crt is past its end. Move ca.crt and ca.pem away, start again, and "
            "enrol every device anew."
        )
    return authority


def ensure_server(
    folder: Path, authority: Authority, names: Iterable[str], now: datetime
) -> ServerFiles:
    """In server.pem and server.crt; made at first use, for other names, and before its end.

    names: none keeps those it has. Raises CentralError.
    """
    path, wanted = folder / "server.crt", tuple(dict.fromkeys(names))
    old = _read_certificate(path) if path.exists() else None
    if old is not None and _fits(folder, old) and _is_good(old, authority, wanted, now):
        return _files(folder, old, is_new=False)
    wanted = wanted or (_names_of(old) if old else ())
    if not wanted:
        raise CentralError("Name the host under which devices reach this server, with --name.")
    key = generate_private_key(SECP256R1())
    certificate = authority.certify_server(key.public_key(), wanted, now)
    # The key first: a crash in between leaves a pair that does not fit, which is made anew.
    _write_key(folder / "server.pem", key)
    write_atomically(path, certificate.public_bytes(Encoding.PEM))
    return _files(folder, certificate, is_new=True)


def _found(folder: Path, now: datetime) -> None:
    """A key that is there stays: what it has signed holds, and no device is locked out."""
    path = folder / "ca.pem"
    key = _read_key(path) if path.exists() else generate_private_key(SECP256R1())
    certificate = _builder(_CA_NAME, key.public_key(), now, CA_LIFE, None).sign(key, SHA256())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_key(path, key)
    write_atomically(folder / "ca.crt", certificate.public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name,
    key: EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
    issuer: Authority | None,
) -> x509.CertificateBuilder:
    """issuer None: of the authority itself. Extensions as RFC 5280 §4.2 wants them."""
    signer = issuer.key.public_key() if issuer else key
    is_ca = issuer is None
    usage = x509.KeyUsage(
        digital_signature=not is_ca, key_cert_sign=is_ca, crl_sign=is_ca,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    limits = x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + life)
        .add_extension(limits, critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _is_good(
    old: x509.Certificate, authority: Authority, wanted: tuple[str, ...], now: datetime
) -> bool:
    return (
        old.not_valid_after_utc - RENEW_BEFORE > now
        and old.issuer == authority.certificate.subject
        and _key_identifier(old) == _key_identifier(authority.certificate)
        and (not wanted or _names_of(old) == wanted)
    )


def _fits(folder: Path, certificate: x509.Certificate) -> bool:
    """Whether the key beside it is its own."""
    path = folder / "server.pem"
    return path.exists() and _read_key(path).public_key() == certificate.public_key()


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    """Of the key that signed it."""
    found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    return found.value.key_identifier


def _files(folder: Path, certificate: x509.Certificate, *, is_new: bool) -> ServerFiles:
    return ServerFiles(
        folder / "server.pem", folder / "server.crt", folder / "ca.crt",
        _names_of(certificate), certificate.not_valid_after_utc, is_new,
    )  # fmt: skip


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return tuple(str(name.value) for name in found.value)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise CentralError(f"{name} is no host name. Write it in letters of ASCII.") from None


def _write_key(path: Path, key: EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(path, pem, mode=0o600)


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CentralError(f"{path} is no certificate ({error}). Restore the backup.") from None


def _read_key(path: Path) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise CentralError(f"{path} is no key ({error}). Restore the backup.") from None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise CentralError(f"{path} is a key of another kind. Restore the backup.")
    return key
