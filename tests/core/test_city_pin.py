"""How a device knows its city's authority: by the certificate, or by its fingerprint."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from scanner.core.city_pin import CityPin, fingerprint, read_pin, spoken
from scanner.core.errors import EnrolmentError
from tests import pki

CITY, OTHER = pki.Authority(), pki.Authority()
PEM = CITY.certificate.public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("text", [PEM, fingerprint(CITY.certificate), spoken(CITY.certificate)])
def test_own_city_is_known_and_no_other(text: str) -> None:
    """In each of the three forms; another authority of the same name does not fit."""
    pin = read_pin(f"{text}\n")
    assert pin.matches(CITY.certificate)
    assert not pin.matches(OTHER.certificate)


def test_typed_form_may_be_typed_as_people_do() -> None:
    """Small letters and no hyphens are the same fingerprint."""
    text = spoken(CITY.certificate)
    assert len(text) == 19
    assert read_pin(text.replace("-", "").lower()).matches(CITY.certificate)


@pytest.mark.parametrize(
    "text",
    [
        "",
        spoken(CITY.certificate)[:-1],
        spoken(CITY.certificate) + "0",
        "sha256:",
        "sha256:" + "0" * 63,
        "sha256:" + "g" * 64,
        PEM.replace("M", "?", 5),
        "ÄÖÜ",
    ],
)
def test_half_a_fingerprint_is_none(text: str) -> None:
    """Nobody is trusted for the beginning of one."""
    with pytest.raises(EnrolmentError, match="Copy the fingerprint"):
        read_pin(text)


def test_empty_pin_fits_nobody() -> None:
    """One that says nothing is no pin."""
    assert not CityPin().matches(CITY.certificate)
