"""A log that begins later than with its first segment, as a server gives the days of a range."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.chain import Finding, State, check_log, is_sound
from scanner.core.logbook import DeviceLog
from scanner.core.merkle import merkle_root
from scanner.core.receipt import Receipt
from scanner.core.segment import Segment, link_of
from scanner.core.signed_log import device_of, public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC, EPOCH = public_bytes(KEY), b"an epoch"
DEVICE = device_of(PUBLIC)
BEFORE = link_of(b"segment 7, which is not here")
SEGMENT = Segment(DEVICE, EPOCH, 8, 1, True, "gate", 1, 1440, 91, 0, merkle_root([]), BEFORE)
LOG = DeviceLog(PUBLIC, EPOCH, (SEGMENT.sign(KEY),))
START = Receipt(DEVICE, EPOCH, 7, 90, BEFORE, 1)


def test_start_that_is_receipted_is_sound() -> None:
    """The server's word covers what lies before; the newest receipt still covers the end."""
    newest = Receipt(DEVICE, EPOCH, 8, 90, link_of(LOG.segments[0]), 2)
    findings = check_log(LOG, newest, START)
    assert findings == [Finding(State.RETIRED, 1, 90, "the server has receipted them")]


@pytest.mark.parametrize(
    "start",
    [None, replace(START, segment=6), replace(START, seq=89), replace(START, link=bytes(32))],
)
def test_start_that_is_not_the_one_is_missing(start: Receipt | None) -> None:
    """Another number, another seq or another segment is not what lies before this one."""
    assert not is_sound(check_log(LOG, None, start))
