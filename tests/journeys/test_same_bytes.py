"""P2: two sets of people with the same times and outcomes leave the same bytes behind.

Whoever holds the card and every key on it cannot check a guess about who passed: in nothing does
one person's scan differ from another's. Epoch, device key and clock are those of the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scanner.assembly.scan_log import LogParts, scan_log
from scanner.core.reasons import Reason
from scanner.ports import Press
from tests import city
from tests.journeys.booth import Booth, MakeBooth, pass_number
from tests.store.log_case import KEY

PERSONS = 6
_DAY_S = 86_400
_WAL_HEAD, _FRAME_HEAD, _PAGE = 32, 24, 1024


def people(first: int) -> list[tuple[bytes, Reason]]:
    """Their codes and what comes of each; nobody of `people(0)` is among `people(1)`."""
    codes: list[tuple[bytes, Reason]] = []
    for number in range(first, 2 * PERSONS, 2):
        at, cti = int(city.NOW.timestamp()), f"somebody-{number:07d}".encode()
        plate, holder = f"A{number:03d}BC77", [f"{chr(65 + number)}.", "0101", f"{number:04d}"]
        own = {2: holder, 4: plate, 10: 200 + number}
        forged = pass_number(number)
        codes += [
            (city.issue(own, cti=cti), Reason.OK),
            (city.issue({10: city.REVOKED}, cti=cti), Reason.REVOKED),
            (
                city.issue(own, cti=cti, exp=at - 60 - number, nbf=at - _DAY_S - 60),
                Reason.EXPIRED,
            ),
            (city.issue({1: 9, **own}, cti=cti), Reason.KEY_NOT_FOR),
            (forged[:-3] + b"000", Reason.FORGED),
            (f"WIFI:S:cafe {number};;".encode(), Reason.NOT_A_PASS),
            (b"MP1:" + f"{number:04d}".encode() * 9, Reason.MALFORMED),
        ]
    return codes


def leave(booth: Booth, codes: Sequence[tuple[bytes, Reason]]) -> tuple[list[bytes], bytes]:
    """What this device has written while they came by: pages of the WAL, and files in the end."""
    _give_key(booth.state)
    parts = LogParts(booth.state, booth.outbox.real, booth.loop, 64 << 20)
    with scan_log(parts) as log:
        for place, (code, reason) in enumerate(codes):
            assert booth.scan(code).verdict.reason is reason
            booth.clear()
            if place % 3 == 1:
                booth.press(Press.LONG if place % 2 else Press.SHORT)
            log(booth.clock.monotonic_s())
            booth.wait(150.0)
            booth.scan(code)
            booth.wait(150.0)
        pages = _pages((booth.state / "outbox.db-wal").read_bytes())
    booth.close()
    left = sorted(path for path in booth.state.rglob("*") if path.is_file())
    return pages, b"".join(path.name.encode() + path.read_bytes() for path in left)


def _give_key(state: Path) -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (state / "device.key").write_bytes(pem)


def _pages(wal: bytes) -> list[bytes]:
    """Number and content of each; the rest of a frame is salt and checksums over it."""
    frames = range(_WAL_HEAD, len(wal), _FRAME_HEAD + _PAGE)
    return [wal[at : at + 4] + wal[at + _FRAME_HEAD : at + _FRAME_HEAD + _PAGE] for at in frames]


def test_two_sets_of_people_leave_the_same_bytes(make_booth: MakeBooth) -> None:
    """Every file of the device, and every page that was ever written on the way."""
    assert not {code for code, _ in people(0)} & {code for code, _ in people(1)}
    one, other = (leave(make_booth(), people(first)) for first in (0, 1))
    assert len(one[0]) > 100
    assert one == other


@pytest.mark.parametrize("place", [0, 5])
def test_another_outcome_leaves_other_bytes(make_booth: MakeBooth, place: int) -> None:
    """The comparison could have failed: one scan that ends otherwise is seen in both."""
    codes = people(0)
    changed = list(codes)
    changed[place] = (city.issue({10: city.SUSPENDED}), Reason.SUSPENDED)
    one, other = leave(make_booth(), codes), leave(make_booth(), changed)
    assert one[0] != other[0]
    assert one[1] != other[1]
