"""The receipt: what a server says it has, and the answer of one size that carries it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import LogError
from scanner.core.receipt import (
    ANSWER_BYTES,
    Receipt,
    pad_answer,
    read_receipt,
    unpad_answer,
)
from scanner.core.segment import NO_LINK
from scanner.core.signed_log import Statement, sign_map
from tests.core.chains import device_key

SERVER = device_key("server")
RECEIPT = Receipt(b"a device", b"an epoch", 9, 120, bytes(range(32)), 1_588_150_000)


def test_receipt_survives_the_round_trip() -> None:
    """Also one for nothing yet."""
    for receipt in (RECEIPT, replace(RECEIPT, segment=0, seq=0, link=NO_LINK)):
        assert read_receipt(receipt.sign(SERVER), SERVER.public_key()) == receipt


def test_receipt_of_another_server_is_refused() -> None:
    """Only the server that the device was enrolled with can say that it has the log."""
    with pytest.raises(LogError, match="not signed by the server"):
        read_receipt(RECEIPT.sign(device_key("thief")), SERVER.public_key())


@pytest.mark.parametrize(
    "receipt",
    [
        replace(RECEIPT, device=b"short"),
        replace(RECEIPT, epoch=b"short"),
        replace(RECEIPT, link=bytes(31)),
        replace(RECEIPT, segment=-1),
        replace(RECEIPT, seq=-1),
        replace(RECEIPT, at=-1),
        replace(RECEIPT, segment=0),
    ],
)
def test_impossible_receipt_is_refused(receipt: Receipt) -> None:
    """Even signed by the server."""
    with pytest.raises(LogError, match="not of its form"):
        read_receipt(receipt.sign(SERVER), SERVER.public_key())


def test_segment_is_no_receipt() -> None:
    """Fields of another kind, signed by the right key."""
    with pytest.raises(LogError):
        read_receipt(sign_map(SERVER, Statement.SEGMENT, {0: 1}), SERVER.public_key())


def test_every_answer_has_one_size() -> None:
    """Whether it says much or little; what was padded comes back."""
    for receipt in (RECEIPT, replace(RECEIPT, segment=2**62, seq=2**62, at=2**62)):
        answer = pad_answer(receipt.sign(SERVER))
        assert len(answer) == ANSWER_BYTES
        assert unpad_answer(answer) == receipt.sign(SERVER)


@pytest.mark.parametrize(
    "answer",
    [b"", bytes(ANSWER_BYTES), bytes(ANSWER_BYTES + 1), b"\xff\xff" + bytes(510), b"\1\xff" * 256],
)
def test_answer_of_another_form_is_refused(answer: bytes) -> None:
    """Another size, no length, a length beyond the end."""
    with pytest.raises(LogError):
        unpad_answer(answer)


@given(st.binary(max_size=200))
def test_garbage_is_an_error_of_ours(garbage: bytes) -> None:
    """No other exception leaves the reader."""
    with pytest.raises(LogError):
        read_receipt(garbage, SERVER.public_key())
