"""Plate and card that the officer types, against those that the pass carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.reasons import Reason
from tests.core.example import FACTS, a_pass, reason

ASKS_PLATE = CheckpointPolicy(checkpoint=Checkpoint(asks_plate=True))
ASKS_CARD = CheckpointPolicy(checkpoint=Checkpoint(asks_card=True))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (None, Reason.PLATE_NEEDED),
        ("", Reason.PLATE_NEEDED),
        (" - ", Reason.PLATE_NEEDED),
        ("A123BC77", Reason.OK),
        ("а123вс 77", Reason.OK),  # Cyrillic
        ("a123bc-77", Reason.OK),
        ("A123BC7", Reason.WRONG_PLATE),
        ("A123BC777", Reason.WRONG_PLATE),
        ("A124BC77", Reason.WRONG_PLATE),
    ],
)
@pytest.mark.parametrize("carried", ["A123BC77", "А123ВС77"])
def test_a_plate_is_compared_folded(carried: str, typed: str | None, expected: Reason) -> None:
    """Whole, whatever the alphabet it was typed in."""
    facts = replace(FACTS, typed_plate=typed)
    assert reason(a_pass(plate=carried), facts, ASKS_PLATE) is expected
    assert reason(a_pass(plate=carried), facts) is Reason.OK  # not asked for
    assert reason(a_pass(), facts, ASKS_PLATE) is Reason.OK  # not bound


@pytest.mark.parametrize(
    ("carried", "typed", "expected"),
    [
        ("1234", None, Reason.PLATE_NEEDED),
        ("1234", "", Reason.PLATE_NEEDED),
        ("1234", "1234", Reason.OK),
        ("1234", "9900 1234", Reason.OK),
        ("1234", "12345", Reason.WRONG_CARD),
        ("1234", "234", Reason.WRONG_CARD),
        ("-", "1234", Reason.WRONG_CARD),
    ],
)
def test_a_card_is_compared_by_its_last_digits(
    carried: str, typed: str | None, expected: Reason
) -> None:
    """A pass that carries no digit fits no card."""
    facts = replace(FACTS, typed_card=typed)
    assert reason(a_pass(transport_card=carried), facts, ASKS_CARD) is expected
    assert reason(a_pass(transport_card=carried), facts) is Reason.OK  # not asked for
    assert reason(a_pass(), facts, ASKS_CARD) is Reason.OK  # not bound
