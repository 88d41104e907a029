"""A code that never leaves the view is told to whoever looks after the checkpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hardware.simulated import SimulatedClock
from scanner.assembly.device import open_device
from scanner.assembly.stickers import EVERY_S, StickerReport
from scanner.config import parse_settings
from scanner.core.reading import STICKER, STICKER_S, Reading
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from tests import city
from tests.assembly.test_device import SIMULATED

POSTER = Reading(b"WIFI:S:cafe;;", ((0, 0), (90, 0), (90, 90), (0, 90)))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    migrate(tmp_path)
    with closing(SqliteOutbox(tmp_path)) as opened:
        yield opened


@pytest.fixture
def report(outbox: SqliteOutbox) -> StickerReport:
    return StickerReport(SimulatedClock(city.NOW), outbox)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_nothing_is_told_where_nothing_hangs(
    report: StickerReport, outbox: SqliteOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A queue of phones is no sticker."""
    report(0, 0.0)
    assert (lines(caplog), outbox.counters()) == ([], {})


def test_sticker_is_told_once(
    report: StickerReport, outbox: SqliteOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    """However often the loop turns, and however often people walk past the poster."""
    for turn in range(100):
        report(turn % 2, turn * EVERY_S / 100)
    (line,) = lines(caplog)
    assert line.startswith("E-STICKER: a code that never moves hangs before the camera")
    assert outbox.counters() == {STICKER: 1}


def test_second_sticker_is_told_too(
    report: StickerReport, outbox: SqliteOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody pastes another one beside it."""
    for now_s, masked in ((0.0, 1), (10.0, 2), (20.0, 2)):
        report(masked, now_s)
    assert len(lines(caplog)) == 2
    assert outbox.counters() == {STICKER: 2}


def test_sticker_that_stays_is_told_each_hour(
    report: StickerReport, outbox: SqliteOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    """So the report of the day shows that nobody has taken it down."""
    for turn in range(21):
        report(1, turn * EVERY_S / 10)
    assert len(lines(caplog)) == 3
    assert outbox.counters() == {STICKER: 3}


def test_device_tells_of_what_its_gate_masks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of the code is told: it may be anybody's."""
    migrate(tmp_path)
    settings = parse_settings(SIMULATED, "x.toml")
    with open_device(settings, tmp_path, simulate=True, at=city.NOW) as device:
        begun_s = time.monotonic()
        for half in range(2 * int(STICKER_S) + 1):
            device.loop.gate.look([POSTER], begun_s + half / 2)
        device.turn()
    with closing(SqliteOutbox(tmp_path)) as outbox:
        assert outbox.counters()[STICKER] == 1
    assert any("E-STICKER" in line for line in lines(caplog))
    assert "cafe" not in caplog.text
