"""Requests and answers of enrolment: what stands in them, and who can have made them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.enrolment import (
    MAX_FILE_BYTES,
    EnrolmentAnswer,
    check_answer,
    encode_answer,
    is_server_url,
    make_request,
    name_of,
    read_answer,
    read_request,
)
from scanner.core.errors import EnrolmentError
from scanner.core.place import Place, sign_place
from scanner.core.policy import Checkpoint
from scanner.core.signed_log import device_of, public_bytes
from tests import pki

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_bytes(KEY)
DEVICE = device_of(PUBLIC)
TLS_KEY = pki.new_key()
CA = pki.Authority()
ANSWER = EnrolmentAnswer(
    device=DEVICE,
    url="https://log.example.test:8443",
    certificates=(CA.issue(TLS_KEY.public_key(), DEVICE.hex()),),
    ca=CA.certificate,
    receipt_key=bytes(range(32)),
    issued_at=1_588_150_000,
)


def changed(raw: bytes, **members: object) -> bytes:
    """The same file with other members."""
    return json.dumps(json.loads(raw) | members).encode()


def test_request_says_who_asks_and_for_which_key() -> None:
    """What the device writes is what the city reads."""
    request = read_request(make_request(KEY, TLS_KEY))
    assert (request.public, request.device) == (PUBLIC, DEVICE)
    assert request.tls_key == TLS_KEY.public_key()
    assert request.csr.subject == name_of(DEVICE)


def test_answer_comes_back_as_it_was_given() -> None:
    """Every member, a chain of certificates as well; a slash at the end of the address goes."""
    middle = pki.Authority("Devices", CA)
    leaf = middle.issue(TLS_KEY.public_key(), DEVICE.hex())
    answer = replace(ANSWER, certificates=(leaf, middle.certificate))
    assert read_answer(encode_answer(answer)) == answer
    assert read_answer(encode_answer(replace(answer, url=f"{answer.url}/"))) == answer
    check_answer(answer, DEVICE, TLS_KEY.public_key())


def csr_for(common: str, key: Any = TLS_KEY) -> str:
    """A CSR that somebody else might make."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(pki.name(common))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def self_signed(common: str, key: Any) -> bytes:
    """A request in the name of KEY for such a CSR, properly signed."""
    csr = x509.load_pem_x509_csr(csr_for(common, key).encode())
    signature = KEY.sign(b"MPE1" + PUBLIC + csr.public_bytes(Encoding.DER))
    return json.dumps({
        "version": 1,
        "ed25519": PUBLIC.hex(),
        "csr": csr.public_bytes(Encoding.PEM).decode(),
        "signature": signature.hex(),
    }).encode()  # fmt: skip


def later_csr() -> str:
    """Its version, the first number in it, is not the only one that there is."""
    der = x509.load_pem_x509_csr(csr_for(DEVICE.hex()).encode()).public_bytes(Encoding.DER)
    text = b64encode(der.replace(b"\x02\x01\x00", b"\x02\x01\x10", 1)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n"


REQUESTS: dict[str, Callable[[bytes], bytes]] = {
    "another CSR": lambda raw: changed(raw, csr=csr_for(DEVICE.hex(), pki.new_key())),
    "another device's key": lambda raw: changed(
        raw, ed25519=public_bytes(Ed25519PrivateKey.generate()).hex()
    ),
    "another signature": lambda raw: changed(raw, signature="00" * 64),
    "a CSR with another name": lambda raw: self_signed("0" * 16, TLS_KEY),
    "a key of another curve": lambda raw: self_signed(
        DEVICE.hex(), generate_private_key(SECP384R1())
    ),
    "a CSR that is none": lambda raw: changed(raw, csr="-----BEGIN"),
    "a CSR of another version": lambda raw: changed(raw, csr=later_csr()),
    "a member too many": lambda raw: changed(raw, more=1),
    "a member twice": lambda raw: raw.replace(b"{", b'{"version": 1,', 1),
    "capital digits": lambda raw: changed(raw, ed25519=PUBLIC.hex().upper()),
    "no JSON": lambda raw: raw[:-4],
    "another shape": lambda raw: b"[1]",
    "no end": lambda raw: raw + b" " * MAX_FILE_BYTES,
}


@pytest.mark.parametrize("what", REQUESTS)
def test_request_with_a_flaw_is_refused(what: str) -> None:
    """Nobody asks in another's name or for another's key; the error says what to do."""
    with pytest.raises(EnrolmentError, match="scanner enrol request"):
        read_request(REQUESTS[what](make_request(KEY, TLS_KEY)))


def test_good_request_made_by_hand_passes() -> None:
    """The flaws above are what is refused, not the way in which they are made."""
    assert read_request(self_signed(DEVICE.hex(), TLS_KEY)).device == DEVICE


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


OTHER_CA = pki.Authority("City CA")
NO_CA = pki.Authority("City CA", is_ca=False)
ANSWERS: dict[str, Callable[[bytes], bytes]] = {
    "another CA of the same name": lambda raw: changed(raw, ca=pem(OTHER_CA.certificate)),
    "a CA of another name": lambda raw: changed(raw, ca=pem(pki.Authority("Other").certificate)),
    "an issuer that may not issue": lambda raw: changed(
        raw,
        ca=pem(NO_CA.certificate),
        certificates=[pem(NO_CA.issue(TLS_KEY.public_key(), DEVICE.hex()))],
    ),
    "an issuer without limits": lambda raw: changed(
        raw, ca=pem(CA.issue(CA.key.public_key(), "City CA"))
    ),
    "a certificate for another device": lambda raw: changed(
        raw, certificates=[pem(CA.issue(TLS_KEY.public_key(), "0" * 16))]
    ),
    "no certificate": lambda raw: changed(raw, certificates=[]),
    "plain http": lambda raw: changed(raw, url="http://log.example.test"),
    "an address with a password": lambda raw: changed(raw, url="https://a:b@log.example.test"),
    "a time after all": lambda raw: changed(raw, issued_at=2**33),
    "a short receipt key": lambda raw: changed(raw, receipt_key="00"),
    "a certificate that is none": lambda raw: changed(raw, certificates=["x"]),
    "a version that is no number": lambda raw: changed(raw, version=True),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_answer_with_a_flaw_is_refused(what: str) -> None:
    """A device gives its records to nobody who cannot show its certificate under his own CA."""
    with pytest.raises(EnrolmentError, match="central device enrol"):
        read_answer(ANSWERS[what](encode_answer(ANSWER)))


@pytest.mark.parametrize("read", [read_request, read_answer])
def test_later_version_asks_for_an_update(read: Callable[[bytes], object]) -> None:
    """Whatever else stands in it."""
    with pytest.raises(EnrolmentError, match="Update the scanner"):
        read(b'{"version": 3, "new": []}')


def test_place_comes_with_the_answer() -> None:
    """Signed by the same city, for the same device; without one, older devices take it."""
    place = Place(Checkpoint("north-3", 7))
    signed = sign_place(KEY, DEVICE, place, 9)
    answer = replace(ANSWER, receipt_key=PUBLIC, place=signed, fleet_key=b"sealed")
    assert read_answer(encode_answer(answer)) == answer
    assert json.loads(encode_answer(answer))["version"] == 2
    assert json.loads(encode_answer(ANSWER)).keys() & {"place", "fleet_key"} == set()
    assert json.loads(encode_answer(ANSWER))["version"] == 1
    other = replace(answer, place=sign_place(KEY, bytes(8), place, 9))
    with pytest.raises(EnrolmentError, match="not for it"):
        read_answer(encode_answer(other))


def test_answer_for_another_is_not_taken() -> None:
    """Another device's, and one for the key that this device had before."""
    with pytest.raises(EnrolmentError, match="its own device"):
        check_answer(ANSWER, bytes(8), TLS_KEY.public_key())
    with pytest.raises(EnrolmentError, match="another key"):
        check_answer(ANSWER, DEVICE, pki.new_key().public_key())


def test_answer_needs_a_key_of_p256() -> None:
    """Whatever the authority may have certified."""
    other = generate_private_key(SECP384R1()).public_key()
    answer = replace(ANSWER, certificates=(CA.issue(other, DEVICE.hex()),))
    with pytest.raises(EnrolmentError, match="P-256"):
        check_answer(answer, DEVICE, TLS_KEY.public_key())


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://log.example.test", True),
        ("https://127.0.0.1:8443/city", True),
        ("https://[::1]:8443", True),
        ("http://log.example.test", False),
        ("https://", False),
        ("https://host:0", False),
        ("https://host:port", False),
        ("https://[::1", False),
        ("https://host/?a=1", False),
        ("https://host/#a", False),
        ("https://ho st", False),
        ("https://host\n", False),
        ("https://höst", False),
        ("file:///etc/passwd", False),
    ],
)
def test_address_of_a_server_is_plain_https(url: str, is_one: bool) -> None:
    """No other scheme, no password, no query, nothing that two parsers read in two ways."""
    assert is_server_url(url) is is_one


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    """Garbage on a stick is an EnrolmentError."""
    for read in (read_request, read_answer):
        with pytest.raises(EnrolmentError):
            read(raw)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_no_changed_byte_is_overlooked(place: int, byte: int) -> None:
    """A request with one other byte is refused, or says the very same."""
    raw = REQUEST
    spoilt = bytearray(raw)
    spoilt[place % len(raw)] = byte
    try:
        assert read_request(bytes(spoilt)) == read_request(raw)
    except EnrolmentError:
        assert bytes(spoilt) != raw


REQUEST = make_request(KEY, TLS_KEY)
