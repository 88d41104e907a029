"""How a device knows the certificate authority of its city before it belongs to it.

    a certificate              PEM, in a file
    sha256:<64 hex digits>     of that certificate in DER: on cards and in boot files
    4F7K-2M9D-81QX-0V3H        the first 80 bits of the same, for people to type

80 bits cannot be met by a certificate made for the purpose: it would take 2^80 tries.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from scanner.core import crockford
from scanner.core.errors import EnrolmentError
from scanner.core.hashing import sha256

SPOKEN_CHARACTERS = 16
_SHA256 = "sha256:"
_HEX_DIGITS = 64
_PEM = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class CityPin:
    """Either the certificate itself, or the beginning of its fingerprint in base32."""

    certificate: x509.Certificate | None = None
    start: str = ""

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether this is the authority that was meant."""
        if self.certificate is not None:
            return certificate == self.certificate
        return len(self.start) >= SPOKEN_CHARACTERS and _base32(certificate).startswith(self.start)


def read_pin(text: str) -> CityPin:
    """Any of the three forms. Raises EnrolmentError."""
    text = text.strip()
    try:
        if text.startswith(_PEM):
            return CityPin(x509.load_pem_x509_certificate(text.encode()))
        if text.startswith(_SHA256):
            return CityPin(start=_from_hex(text.removeprefix(_SHA256)))
        start = crockford.fold(text)
        if len(start) != SPOKEN_CHARACTERS:
            raise ValueError(f"{len(start)} characters instead of {SPOKEN_CHARACTERS}")
    except ValueError as error:
        raise EnrolmentError(
            "Copy the fingerprint of the city's authority again, 16 characters in groups of four "
            f"or sha256: and {_HEX_DIGITS} digits: this is none ({error})."
        ) from None
    return CityPin(start=start)


def spoken(certificate: x509.Certificate) -> str:
    """`4F7K-2M9D-81QX-0V3H`: for people."""
    return crockford.grouped(_base32(certificate)[:SPOKEN_CHARACTERS])


def fingerprint(certificate: x509.Certificate) -> str:
    """`sha256:…`: for cards and boot files."""
    return _SHA256 + _digest(certificate).hex()


def _from_hex(digits: str) -> str:
    if len(digits) != _HEX_DIGITS:
        raise ValueError(f"{len(digits)} digits instead of {_HEX_DIGITS}")
    return crockford.encode(bytes.fromhex(digits))


def _base32(certificate: x509.Certificate) -> str:
    return crockford.encode(_digest(certificate))


def _digest(certificate: x509.Certificate) -> bytes:
    return sha256(certificate.public_bytes(Encoding.DER))
