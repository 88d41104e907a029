"""What the device might have made of a line, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scanner.checkpoint import Scan
from scanner.core.reasons import Notice, Reason, SignalName
from scanner.core.signal import BOTH, GREEN, NO_LAMPS, RED, SIGNALS, Lamps, signal_for
from scanner.core.verdict import Verdict
from scanner.demo.journey import Moment, Shown
from scanner.demo.manifest import Line
from scanner.demo.pen import Picture
from scanner.demo.show import Show

ON_HZ = 0.0  # of an active buzzer


def moments(*changes: tuple[float, Lamps, float | None]) -> tuple[Moment, ...]:
    """(seconds, lamps, Hz or None)…"""
    return tuple(Moment(*change) for change in changes)


GREEN_ONCE = moments(
    (0.0, NO_LAMPS, None), (0.1, GREEN, ON_HZ), (0.3, GREEN, None), (1.4, NO_LAMPS, None)
)
RED_LONG = moments((0.0, NO_LAMPS, None), (0.1, RED, ON_HZ), (0.22, RED, None))
BOTH_THEN_RED = moments(
    (0.0, NO_LAMPS, None), (0.1, BOTH, ON_HZ), (0.4, NO_LAMPS, None), (1.2, RED, None)
)


def line(
    reason: Reason = Reason.OK, notices: Sequence[str] = (), file: str = "a.png", note: str = ""
) -> Line:
    """A line of the manifest that expects this."""
    at = "2020-04-29T04:10:00+03:00"
    return Line(file, at, reason.outcome.name, reason.name, list(notices), note=note)


def shown(
    reason: Reason = Reason.OK,
    notices: tuple[Notice, ...] = (),
    *,
    expected: Line | None = None,
    at_pins: tuple[Moment, ...] = GREEN_ONCE,
    lamp_ms: float | None = 2.5,
) -> Shown:
    """A line with a verdict; it is as expected unless another line is given."""
    signal = signal_for(reason, seen=Notice.SEEN in notices)
    scan = Scan(Verdict(reason, notices), signal, 1, 0.0025)
    wanted = expected or line(reason, [notice.name for notice in notices])
    return Shown(wanted, scan, signal.name, at_pins, lamp_ms)


def unanswered(signal: SignalName) -> Shown:
    """A line to which the device gave no verdict, only a signal."""
    assert signal in SIGNALS
    dark = moments((0.0, NO_LAMPS, None))
    return Shown(line(Reason.UNREADABLE), None, signal, dark, None)


def one_of_each() -> list[Shown]:
    """Every outcome that the loop gives by itself, and both ways of giving none."""
    return [
        shown(Reason.OK),
        shown(Reason.EXPIRED, at_pins=RED_LONG),
        shown(Reason.LIST_TOO_OLD, at_pins=BOTH_THEN_RED),
        shown(Reason.PLATE_NEEDED),
        shown(Reason.NOT_A_PASS),
        unanswered(SignalName.ONE_AT_A_TIME),
        unanswered(SignalName.READY),
    ]


def show(lines: Sequence[Shown], counters: dict[str, int] | None = None) -> Show:
    """The whole demo, had it shown these lines."""
    return Show(tuple(lines), len(lines), counters or {}, {"database": Path("outbox.db")})


def thumbnails(lines: Sequence[Shown]) -> list[Picture]:
    """A grey picture for each line."""
    return [np.full((126, 224, 3), 120, np.uint8) for _ in lines]
