"""How a device becomes one of a city's: its request and the city's answer, two files of JSON.

    request  {"version": 1, "ed25519": 64 hex digits, "csr": PEM, "signature": 128 hex digits}
    answer   {"version": 1, "device": 16 hex digits, "url": "https://…", "certificates": [PEM, …],
              "ca": PEM, "receipt_key": 64 hex digits, "issued_at": seconds since 1970}
             version 2 has these two beside them, each base64 or empty:
             {"place": as `core/place.py` signs it, "fleet_key": for the device alone, age}

The request is signed by the device's Ed25519 key over "MPE1" · raw key · CSR in DER; the CSR is for
the key that the device opens TLS with, P-256, and names the device id as its common name. Of the
certificates the first is the device's, each is issued by the next, and the last by `ca`, which is
not among them. `url` is where the server is: records are posted to `url` + LOG_PATH.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from scanner.core import strict_json
from scanner.core.cose import verify_bytes
from scanner.core.errors import EnrolmentError
from scanner.core.place import read_place
from scanner.core.signed_log import Statement, device_of, public_bytes, public_key

LOG_PATH = "/v1/log"
MAX_FILE_BYTES = 64 * 1024
MAX_CERTIFICATES = 4
_VERSION, _PLACED_VERSION = 1, 2

ASK_AGAIN = "Make a new one with `scanner enrol request` on the device."
ANSWER_AGAIN = "Ask for a new one: `scanner central device enrol` makes it from the request."

_Hex8 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
_Hex32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Hex64 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{128}$")]


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    ed25519: _Hex32
    csr: str
    signature: _Hex64


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    version: int
    device: _Hex8
    url: Annotated[str, msgspec.Meta(max_length=400)]
    certificates: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_CERTIFICATES)]
    ca: str
    receipt_key: _Hex32
    issued_at: Annotated[int, msgspec.Meta(ge=0, lt=2**33)]
    place: bytes = b""
    fleet_key: bytes = b""


_Form = TypeVar("_Form", _Request, _Answer)


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """A device's wish to belong to a city. `public`: its raw key, 32 bytes."""

    public: bytes
    csr: x509.CertificateSigningRequest

    @property
    def device(self) -> bytes:
        """8 bytes: the device id."""
        return device_of(self.public)

    @property
    def tls_key(self) -> EllipticCurvePublicKey:
        """What the certificate is for. Raises EnrolmentError."""
        return _p256(self.csr, ASK_AGAIN)


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """What a device needs in order to send its records.

    device: 8 bytes, for whom it is. certificates: the device's own first. ca: who issues the
    certificates of devices and of the server. receipt_key: raw Ed25519, 32 bytes, signs receipts.
    issued_at: seconds since 1970. place: as signed; fleet_key: the identity that opens the holder
    list, encrypted to the device's own key; b"" where the city has said nothing of it.
    """

    device: bytes
    url: str
    certificates: tuple[x509.Certificate, ...]
    ca: x509.Certificate
    receipt_key: bytes
    issued_at: int
    place: bytes = b""
    fleet_key: bytes = b""


def name_of(device: bytes) -> x509.Name:
    """The subject of the request and of the certificate: the device id in hex."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device.hex())])


def make_request(key: Ed25519PrivateKey, tls_key: EllipticCurvePrivateKey) -> bytes:
    """Signed by both keys; as it is written to a file."""
    public = public_bytes(key)
    subject = name_of(device_of(public))
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(tls_key, SHA256())
    return _encode(
        _Request(
            version=_VERSION,
            ed25519=public.hex(),
            csr=csr.public_bytes(Encoding.PEM).decode(),
            signature=key.sign(_signed_bytes(public, csr)).hex(),
        )
    )


def read_request(raw: bytes) -> EnrolmentRequest:
    """Both signatures checked, and the name in the CSR. Raises EnrolmentError."""
    form = _parse(raw, _Request, "request", ASK_AGAIN, _VERSION)
    public = bytes.fromhex(form.ed25519)
    with _strict("request", ASK_AGAIN):
        csr = x509.load_pem_x509_csr(form.csr.encode())
        is_own = csr.is_signature_valid and csr.subject == name_of(device_of(public))
        request = EnrolmentRequest(public, csr)
    signature = bytes.fromhex(form.signature)
    is_signed = verify_bytes(public_key(public), signature, _signed_bytes(public, csr))
    if not is_own or not is_signed:
        raise EnrolmentError(f"This request is not as its device has signed it. {ASK_AGAIN}")
    _ = request.tls_key
    return request


def encode_answer(answer: EnrolmentAnswer) -> bytes:
    """As it is written to a file; of version 1 where a device of an older release can take it."""
    is_placed = bool(answer.place or answer.fleet_key)
    return _encode(
        _Answer(
            version=_PLACED_VERSION if is_placed else _VERSION,
            device=answer.device.hex(),
            url=answer.url,
            certificates=[_pem(each) for each in answer.certificates],
            ca=_pem(answer.ca),
            receipt_key=answer.receipt_key.hex(),
            issued_at=answer.issued_at,
            place=answer.place,
            fleet_key=answer.fleet_key,
        )
    )


def read_answer(raw: bytes) -> EnrolmentAnswer:
    """Certificates checked up to `ca`; their dates are not. Raises EnrolmentError."""
    form = _parse(raw, _Answer, "answer", ANSWER_AGAIN, _PLACED_VERSION)
    if not is_server_url(form.url):
        raise EnrolmentError(f"The address {form.url} is no plain https address. {ANSWER_AGAIN}")
    with _strict("answer", ANSWER_AGAIN):
        answer = EnrolmentAnswer(
            device=bytes.fromhex(form.device),
            url=form.url.rstrip("/"),
            certificates=tuple(
                x509.load_pem_x509_certificate(each.encode()) for each in form.certificates
            ),
            ca=x509.load_pem_x509_certificate(form.ca.encode()),
            receipt_key=bytes.fromhex(form.receipt_key),
            issued_at=form.issued_at,
            place=form.place,
            fleet_key=form.fleet_key,
        )
        if form.place:
            _ = read_place(form.place, public_key(answer.receipt_key), answer.device)
        for issued, issuer in pairwise((*answer.certificates, answer.ca)):
            issued.verify_directly_issued_by(issuer)
            _check_authority(issuer)
        if answer.certificates[0].subject != name_of(answer.device):
            raise ValueError("the certificate names another device")
    return answer


def check_answer(answer: EnrolmentAnswer, device: bytes, tls_key: EllipticCurvePublicKey) -> None:
    """Whether it is for this device and this key. Raises EnrolmentError."""
    if answer.device != device:
        raise EnrolmentError(
            f"This answer is for device {answer.device.hex()}, and this is {device.hex()}. "
            "Take the answer to its own device."
        )
    if _p256(answer.certificates[0], ANSWER_AGAIN) != tls_key:
        raise EnrolmentError(
            "The certificate is for another key than this device has now. "
            "Run `scanner enrol request` again and have that one answered."
        )


def is_server_url(url: str) -> bool:
    """https://host[:port][/path], and nothing else."""
    try:
        parts = urlsplit(url)
        is_plain = url.isascii() and url.isprintable() and not set(url) & set(" ?#@\\")
        return is_plain and parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _signed_bytes(public: bytes, csr: x509.CertificateSigningRequest) -> bytes:
    return Statement.ENROLMENT.value + public + csr.public_bytes(Encoding.DER)


def _check_authority(issuer: x509.Certificate) -> None:
    """Raises ValueError, x509.ExtensionNotFound."""
    if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise ValueError("an issuer may not issue")


def _p256(
    holder: x509.Certificate | x509.CertificateSigningRequest, do: str
) -> EllipticCurvePublicKey:
    with _strict("key", do):
        key = holder.public_key()
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise ValueError("it is not of P-256")
    return key


@contextmanager
def _strict(what: str, do: str) -> Iterator[None]:
    """Whatever the library finds wrong in a certificate becomes an EnrolmentError."""
    try:
        yield
    except (
        ValueError,
        TypeError,
        InvalidSignature,
        UnsupportedAlgorithm,
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.InvalidVersion,
    ) as error:
        why = str(error) or type(error).__name__
        raise EnrolmentError(f"The {what} of this enrolment does not hold ({why}). {do}") from None


def _parse(raw: bytes, form: type[_Form], what: str, do: str, newest: int) -> _Form:
    if len(raw) > MAX_FILE_BYTES:
        raise EnrolmentError(f"This {what} has more than {MAX_FILE_BYTES} bytes. {do}")
    try:
        found = strict_json.parse(raw)
        if isinstance(found, dict) and found.get("version") not in (None, *range(1, newest + 1)):
            raise EnrolmentError(f"This {what} is of a newer release. Update the scanner.")
        return msgspec.convert(found, form)
    except (ValueError, msgspec.ValidationError) as error:
        raise EnrolmentError(f"This is no {what} of an enrolment ({error}). {do}") from None


def _encode(form: _Request | _Answer) -> bytes:
    return json.dumps(msgspec.to_builtins(form), indent=2).encode() + b"\n"


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
