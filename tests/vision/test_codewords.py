"""Logits of modules give the payload that was encoded, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from scanner.vision.codewords import payload_from
from scanner.vision.qr_content import ContentError, payload_of
from scanner.vision.qr_symbol import data_places, symbol_of

F32 = NDArray[np.float32]


def logits_of(
    content: str | bytes, level: str = "M", version: int | None = None
) -> tuple[F32, int]:
    """Two for dark, minus two for light."""
    code = segno.make(content, error=level, version=version, micro=False, boost_error=False)
    dark = np.array([list(row) for row in code.matrix], np.float32)
    return 4 * dark - 2, int(code.version)


@pytest.mark.parametrize("level", "LMQH")
@pytest.mark.parametrize("version", [7, 11, 17, 25])
def test_a_pass_of_any_size_is_read(pass_text: str, version: int, level: str) -> None:
    """Whatever version and level an issuer chooses."""
    logits, _ = logits_of(pass_text[:90], level, version)
    assert payload_from(logits, version) == pass_text[:90].encode()


@pytest.mark.parametrize(
    "content",
    ["1234567", "12345678", "123456789", "A1 $%*+-./:", b"\xff\x00abc", "通行証", b"abc,xyz"],
)
def test_every_mode_is_read(content: str | bytes) -> None:
    """Digits, letters, bytes and Kanji, of odd and even numbers."""
    logits, version = logits_of(content, "H")
    wanted = content if isinstance(content, bytes) else content.encode("shift_jis")
    assert payload_from(logits, version) == wanted


def damaged(logits: F32, version: int, symbols: int, trust: float) -> F32:
    """The last `symbols` code words turned over, trusted as little as `trust`."""
    whole = len(data_places(version)) // 8 * 8
    places = data_places(version)[whole - 8 * symbols : whole]
    changed = logits.copy()
    changed[places[:, 0], places[:, 1]] *= -trust
    return changed


def test_doubtful_symbols_are_erased(pass_text: str) -> None:
    """More wrong symbols than can be corrected are read all the same when they are the doubted."""
    logits, version = logits_of(pass_text, "M")
    limit = 5 * 30 // 2  # version 11-M: five blocks of 30 check symbols
    assert payload_from(damaged(logits, version, limit + 25, 0.1), version) == pass_text.encode()
    assert payload_from(damaged(logits, version, limit + 25, 1.0), version) is None


def test_noise_gives_nothing() -> None:
    """No modules drawn at random are a code, whatever the version."""
    random = np.random.default_rng(6)
    for version in range(1, 15):
        side = symbol_of(version).side
        for _ in range(10):
            logits = random.normal(0, 2, (side, side)).astype(np.float32)
            assert payload_from(logits, version) is None


def test_a_small_code_is_not_guessed() -> None:
    """A code with few check symbols is not read once its errors use up what they could prove."""
    logits, version = logits_of("12345", "L", 1)
    assert payload_from(damaged(logits, version, 1, 1.0), version) == b"12345"
    assert payload_from(damaged(logits, version, 3, 1.0), version) is None


def test_halves_of_two_codes_give_nothing(pass_text: str) -> None:
    """The upper half of one pass and the lower half of another are no pass."""
    upper, version = logits_of(pass_text, "M", 13)
    lower, _ = logits_of(pass_text[::-1], "M", 13)
    middle = len(upper) // 2
    mixed = np.vstack([upper[:middle], lower[middle:]])
    assert payload_from(mixed, version) is None


@pytest.mark.parametrize(
    "bits",
    [
        "0000" + "0000" + "11101100",  # empty
        "0100" + "00000010" + "01000001",  # a byte too few
        "0010" + "000000001" + "111111" + "00000",  # no letter
        "0001" + "0000000011" + "1111101000",  # a group of digits beyond 999
        "0100" + "00000001" + "01000001" + "0000" + "11101101" * 2,  # wrong padding
        "0100" + "00000001" + "01000001" + "0000" + "11101100" * 2,  # the same padding twice
        "0011" + "0000" + "00000000" * 2,  # structured append
        "1111" + "0000",  # no mode
    ],
)
def test_content_that_no_encoder_writes_is_refused(bits: str) -> None:
    """Corrected symbols that do not spell a message to the end are nothing."""
    padded = bits + "0" * (-len(bits) % 8)
    symbols = np.frombuffer(int(padded, 2).to_bytes(len(padded) // 8, "big"), np.uint8)
    with pytest.raises(ContentError):
        payload_of(symbols, 1)
