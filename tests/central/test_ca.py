"""The city's certificate authority: what it issues, how long that lives, and when it is renewed."""

from __future__ import annotations

import stat
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from scanner.central.ca import (
    CA_LIFE,
    DEVICE_LIFE,
    RENEW_BEFORE,
    SERVER_LIFE,
    Authority,
    ServerFiles,
    ensure_server,
    open_authority,
)
from scanner.central.errors import CentralError
from scanner.core.enrolment import make_request, name_of, read_request
from tests.central.reporter import NOON

DAY = timedelta(days=1)
NAMES = ("records.city.example", "10.1.2.3", "::1")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Founded at NOON."""
    return open_authority(tmp_path, NOON)


def server(folder: Path, *names: str, now: datetime = NOON) -> ServerFiles:
    """A start of the server."""
    return ensure_server(folder, open_authority(folder, now), names, now)


def certificate(files: ServerFiles) -> x509.Certificate:
    """What the server shows."""
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def test_authority_is_founded_once(authority: Authority, tmp_path: Path) -> None:
    """It signs itself, may issue and not found others, and is the same at the next start."""
    certificate = authority.certificate
    certificate.verify_directly_issued_by(certificate)
    limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.critical, limits.value.ca, limits.value.path_length) == (True, True, 0)
    assert certificate.not_valid_after_utc == NOON + CA_LIFE
    assert open_authority(tmp_path, NOON + DAY).certificate == certificate


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Neither authority nor server leave a key that others can read."""
    server(tmp_path, *NAMES)
    for path in tmp_path.glob("*.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_server_is_known_by_its_names(authority: Authority, tmp_path: Path) -> None:
    """Host names and addresses, each of its kind; for servers only."""
    shown = certificate(server(tmp_path, *NAMES))
    shown.verify_directly_issued_by(authority.certificate)
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["records.city.example"]
    addresses = [ip_address("10.1.2.3"), ip_address("::1")]
    assert names.get_values_for_type(x509.IPAddress) == addresses
    usage = shown.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_server_certificate_stays_while_it_is_good(tmp_path: Path) -> None:
    """A start with the same names, or with none, changes nothing."""
    first = server(tmp_path, *NAMES)
    for again in (server(tmp_path, *NAMES), server(tmp_path)):
        assert (again.is_new, again.names) == (False, NAMES)
    assert first.is_new
    assert first.until == NOON + SERVER_LIFE


def test_server_certificate_is_renewed_in_time(tmp_path: Path) -> None:
    """Two months before its end, with the names it has, and a new key."""
    first = certificate(server(tmp_path, *NAMES))
    late = NOON + SERVER_LIFE - RENEW_BEFORE + DAY
    again = server(tmp_path, now=late)
    assert (again.is_new, again.names, again.until) == (True, NAMES, late + SERVER_LIFE)
    assert certificate(again).public_key() != first.public_key()


def test_other_names_need_another_certificate(tmp_path: Path) -> None:
    """The new ones take the place of the old; without any at first, the operator is asked."""
    with pytest.raises(CentralError, match="--name"):
        server(tmp_path)
    server(tmp_path, *NAMES)
    again = server(tmp_path, "other.example")
    assert (again.is_new, again.names) == (True, ("other.example",))


@pytest.mark.parametrize("lost", [["server.pem"], ["ca.crt", "ca.pem"]], ids=" ".join)
def test_pair_that_does_not_fit_is_made_anew(lost: list[str], tmp_path: Path) -> None:
    """After a crash between key and certificate, or with another authority."""
    server(tmp_path, *NAMES)
    for name in lost:
        (tmp_path / name).unlink()
    again = server(tmp_path)
    assert (again.is_new, again.names) == (True, NAMES)
    key = load_pem_private_key(again.key.read_bytes(), None)
    assert key.public_key() == certificate(again).public_key()


def test_device_is_certified_under_its_id(authority: Authority) -> None:
    """For the TLS key of its request, two years, for clients only; valid a day back."""
    tls_key = generate_private_key(SECP256R1())
    request = read_request(make_request(Ed25519PrivateKey.generate(), tls_key))
    issued = authority.certify(request, NOON)
    issued.verify_directly_issued_by(authority.certificate)
    assert (issued.subject, issued.public_key()) == (name_of(request.device), tls_key.public_key())
    assert (issued.not_valid_before_utc, issued.not_valid_after_utc) == (
        NOON - DAY, NOON + DEVICE_LIFE,
    )  # fmt: skip
    usage = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    limits = issued.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not limits.ca


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("ca.crt", b"no certificate", "ca.crt is no certificate"),
        ("ca.pem", b"no key", "ca.pem is no key"),
        ("ca.pem", None, "ca.pem is no key"),
    ],
)
def test_damaged_authority_is_told(
    name: str, body: bytes | None, words: str, authority: Authority, tmp_path: Path
) -> None:
    """It is never quietly replaced: every device would be locked out."""
    if body is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(body)
    with pytest.raises(CentralError, match=words):
        open_authority(tmp_path, NOON)


def test_key_of_another_kind_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Such as the one of the receipts, copied to the wrong place."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "ca.pem").write_bytes(pem)
    with pytest.raises(CentralError, match="another kind"):
        open_authority(tmp_path, NOON)


def test_authority_past_its_end_issues_nothing(authority: Authority, tmp_path: Path) -> None:
    """It says what to do instead."""
    with pytest.raises(CentralError, match="past its end"):
        open_authority(tmp_path, NOON + CA_LIFE)


def test_lost_certificate_of_the_authority_is_made_from_its_key(
    authority: Authority, tmp_path: Path
) -> None:
    """What devices hold of it goes on verifying the server."""
    (tmp_path / "ca.crt").unlink()
    shown = certificate(server(tmp_path, *NAMES, now=NOON + DAY))
    shown.verify_directly_issued_by(authority.certificate)


def test_name_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A certificate holds ASCII names only."""
    with pytest.raises(CentralError, match="no host name"):
        server(tmp_path, "записи.example")
