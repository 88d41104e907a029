"""From the text of a QR code to COSE bytes, and what is no pass at all."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

import cbor2
import pytest

from scanner.core import base45
from scanner.core.envelope import MAX_TEXT, has_pass_prefix, is_unsigned_permit
from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.core.reasons import Reason
from tests.core.example import ED, NOW, TRUST, claims, issue, issue_payload, opened, wrap

URL = b"https://pass.example.com/check?id=0123"
MOSCOW = b"A1B2-C3D4-E5F6-0123"
ATTESTATION = (
    b"Cree le: 31/03/2020 a 10h20; Nom: Martin; Prenom: Anne; Naissance: 01/02/1980 a Paris;"
    b" Adresse: 1 rue de la Paix; Sortie: 31/03/2020 a 10h30; Motifs: courses-sport"
)


def refusal(payload: bytes) -> Reason:
    with pytest.raises(PassError) as caught:
        open_pass(payload, TRUST, NOW)
    return caught.value.reason


def long_pass(characters: int) -> bytes:
    """A genuine pass whose text has so many characters after the prefix."""
    for size in range(2 * characters // 3):
        text = issue_payload(cbor2.dumps(claims() | {1000: bytes(size)}))
        if len(text) == len(b"MP1:") + characters:
            return text
    raise AssertionError(f"no pass has {characters} characters")


def test_a_pass_opens() -> None:
    """Prefix, base45, COSE_Sign1, claims."""
    assert open_pass(issue(), TRUST, NOW).issuer == "city"


def test_the_largest_text_is_opened() -> None:
    """1 024 characters after the prefix; no bytes have so many, so 1 023 is the largest pass."""
    assert open_pass(long_pass(MAX_TEXT - 1), TRUST, NOW).kind == 1
    assert refusal(b"MP1:" + b"0" * MAX_TEXT) is Reason.MALFORMED


def test_a_larger_text_is_too_large() -> None:
    """1 025 characters, though genuine, and as many as a file may have."""
    assert refusal(long_pass(MAX_TEXT + 1)) is Reason.TOO_LARGE
    assert refusal(b"MP1:" + b"0" * (MAX_TEXT + 1)) is Reason.TOO_LARGE
    assert refusal(b"MP1:" + b"0" * 1_000_000) is Reason.TOO_LARGE
    assert refusal(b"MP1:" + b"%41" * 1_000_000) is Reason.TOO_LARGE


@pytest.mark.parametrize("safe", ["", "$*:/+", "-.", "0123456789"])
def test_an_escaped_text_is_opened(safe: str) -> None:
    """Phones and messengers escape what base45 shares with addresses; it is unescaped once."""
    text = issue()
    escaped = quote_from_bytes(text[4:], safe=safe).encode()
    assert b"%" in escaped
    assert open_pass(b"MP1:" + escaped, TRUST, NOW) == open_pass(text, TRUST, NOW)


def test_a_text_that_is_too_large_only_by_its_escapes_is_opened() -> None:
    """Every character escaped makes three of one."""
    escaped = b"".join(b"%%%02X" % byte for byte in long_pass(900)[4:])
    assert MAX_TEXT < len(escaped) <= 3 * MAX_TEXT
    assert open_pass(b"MP1:" + escaped, TRUST, NOW).kind == 1
    assert open_pass(b"MP1:" + escaped.lower(), TRUST, NOW).kind == 1


def test_a_text_escaped_twice_is_malformed() -> None:
    """Once, and not until something opens."""
    once = quote_from_bytes(issue()[4:], safe="").encode()
    assert refusal(b"MP1:" + quote_from_bytes(once, safe="").encode()) is Reason.MALFORMED


def test_a_pass_whose_own_text_looks_escaped_is_opened_as_it_is() -> None:
    """%, 2 and 0 are letters of base45."""
    for size in range(2000):
        text = issue_payload(cbor2.dumps(claims() | {1000: size}))
        if any(b"%" + pair in text for pair in (b"20", b"25", b"2B", b"41", b"3A")):
            assert open_pass(text, TRUST, NOW).kind == 1
            return
    raise AssertionError("no text with an escape was found")


def test_the_first_failure_is_the_reason() -> None:
    """Too large before it is unescaped, malformed after: too large."""
    assert refusal(b"MP1:" + b"%41" * 500) is Reason.TOO_LARGE
    crit = cbor2.dumps({1: -8, 2: [99], 4: ED.kid, 99: 0})
    raw = cbor2.dumps([crit, {}, b"", b"%41" * 3])
    assert refusal(wrap(raw)) is Reason.UNSUPPORTED


def test_an_unescaped_text_is_not_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without %XX there is one attempt."""
    tried: list[bytes] = []

    def decode(text: bytes) -> bytes:
        tried.append(text)
        raise ValueError("no base45")

    monkeypatch.setattr(base45, "decode", decode)
    assert refusal(b"MP1:%4G100%") is Reason.MALFORMED
    assert tried == [b"%4G100%"]


@pytest.mark.parametrize("version", range(2, 10))
def test_a_newer_pass_asks_for_an_update(version: int) -> None:
    """MP2: to MP9: are not waved through and not refused either."""
    payload = b"MP%d:anything" % version
    assert refusal(payload) is Reason.UPDATE_SCANNER
    assert has_pass_prefix(payload)


@pytest.mark.parametrize("payload", [b"MPL1:X", b"HC1:X", b"NZCP:/1/X"])
def test_formats_that_are_not_switched_on_are_unsupported(payload: bytes) -> None:
    """They are passes of some kind, so the scanner is at a loss and not the resident."""
    assert refusal(payload) is Reason.UNSUPPORTED
    assert has_pass_prefix(payload)


@pytest.mark.parametrize(
    "payload",
    [
        URL,
        b" HTTP://PASS.EXAMPLE.COM ",
        b"http://x",
        MOSCOW,
        b"a1b2c3d4e5f60123",
        b"A1B2 C3D4 E5F6 0123\n",
        ATTESTATION,
        ATTESTATION.partition(b" Adresse")[0] + b" Motif: travail",
    ],
)
def test_unsigned_permits_are_checked_by_hand(payload: bytes) -> None:
    """A bare address, a code of 16 characters and the attestation of 2020."""
    assert is_unsigned_permit(payload)
    assert refusal(payload) is Reason.UNSIGNED
    assert not has_pass_prefix(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"MP1",
        b"mp1:",
        b" MP1:",
        b"MP0:",
        b"MP10:",
        b"WIFI:S:guest;;",
        b"ftp://example.com",
        b"https://two words",
        b"A1B2C3D4E5F6012",
        b"A1B2C3D4E5F601234",
        b"Nom: Martin; Cree le: 31/03/2020; Motifs: travail",
        b"Cree le: 31/03/2020; Nom: Martin",
        b"Cree le: Nom:" * 100_000,
        bytes(range(256)),
    ],
)
def test_other_codes_are_no_passes(payload: bytes) -> None:
    """Posters, tickets and noise get a pattern of their own."""
    assert refusal(payload) is Reason.NOT_A_PASS
    assert not has_pass_prefix(payload)


def test_a_pass_prefix_is_seen_on_passes_only() -> None:
    """Two codes in view count as two passes only when both have one."""
    assert has_pass_prefix(issue())
    assert has_pass_prefix(b"MP1:")
    assert opened().format == "MP1"
