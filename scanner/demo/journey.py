"""Shows one line of the manifest after the other to a simulated device, and writes down what came.

Between two lines eleven minutes pass, so that nobody is remembered from the line before; a line
that says `seen_min_ago` is shown twice instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from scanner.checkpoint import Scan
from scanner.core.clock import ClockLevel
from scanner.core.errors import ConfigError
from scanner.core.reasons import Notice, Outcome, Reason, SignalName
from scanner.core.repeat import MEMORY_S
from scanner.core.signal import NO_LAMPS, SIGNALS, Lamps
from scanner.demo.manifest import Line
from scanner.demo.spans import beep_spans
from scanner.demo.stopwatch import Stopwatch
from scanner.store.install import confirm_age

if TYPE_CHECKING:
    from scanner.assembly.simulated import SimulatedDevice
    from scanner.ports import Grey

BETWEEN_LINES_S = MEMORY_S + 60
# A resident holds the phone for so long, and the lamps are watched for so long in all.
HELD_S, WATCHED_S = 0.6, 3.2
# A frame without an answer was shown for so many turns.
TURNS_WITHOUT_ANSWER = 6


@dataclass(frozen=True, slots=True)
class Moment:
    """What the pins did at `at_s` seconds after the frame was shown; hz None is silence."""

    at_s: float
    lamps: Lamps
    hz: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the manifest and what the device made of it. `scan` None: it gave no answer."""

    line: Line
    scan: Scan | None
    shown: SignalName | None
    moments: tuple[Moment, ...]
    lamp_ms: float | None  # frame → lamp, measured on this machine

    @property
    def outcome(self) -> Outcome:
        return self.scan.verdict.outcome if self.scan else Outcome.NONE

    @property
    def reason(self) -> Reason:
        return self.scan.verdict.reason if self.scan else Reason.UNREADABLE

    @property
    def notices(self) -> tuple[Notice, ...]:
        return self.scan.verdict.notices if self.scan else ()

    @property
    def word(self) -> str:
        """The word on the screen; none while the scanner is only ready."""
        if self.shown is None or self.shown is SignalName.READY:
            return ""
        return SIGNALS[self.shown].word

    @property
    def is_as_expected(self) -> bool:
        return self.line.expects(self.outcome, self.reason, self.notices)

    def lamps_at(self, at_s: float) -> Lamps:
        """What was lit so long after the frame was shown."""
        lit = NO_LAMPS
        for moment in self.moments:
            if moment.at_s <= at_s:
                lit = moment.lamps
        return lit

    @property
    def beeps_ms(self) -> list[int]:
        """Length of each beep in milliseconds, those that end after the watch as well."""
        last_s = max((moment.at_s for moment in self.moments), default=0.0)
        return [span.length_ms for span in beep_spans(self.moments, last_s)]


class Journey:
    """Walks through the manifest with one device; `state` is the device's folder."""

    def __init__(
        self, device: SimulatedDevice, watch: Stopwatch, samples: Path, state: Path
    ) -> None:
        self._device, self._watch = device, watch
        self._samples, self._state = samples, state

    def show(self, line: Line) -> Shown:
        """Raises ConfigError when the picture is missing."""
        grey = read_picture(self._samples / line.file)
        self._device.clock.advance(BETWEEN_LINES_S)
        self._device.loop.display.show(SIGNALS[SignalName.READY])  # what was amber is seen to
        self._prepare(line)
        if line.facts.seen_min_ago is not None:
            ago = timedelta(minutes=line.facts.seen_min_ago)
            self._set_clock(line, line.moment - ago)
            self._present(line, grey)
            self._device.clock.advance(ago.total_seconds() - WATCHED_S)
        self._set_clock(line, line.moment)
        return self._present(line, grey)

    def _prepare(self, line: Line) -> None:
        """The checkpoint, the age of the lists and the typed plate are as the line says."""
        issued_at = line.moment - timedelta(hours=line.facts.list_age_h)
        confirm_age(self._state, int(issued_at.timestamp()))
        self._device.lists.move_to(line.checkpoint)
        self._device.loop.typed_plate = line.facts.asked_plate or None

    def _set_clock(self, line: Line, at: datetime) -> None:
        unsure = None if line.level is ClockLevel.C else timedelta(0)
        self._device.clock.set_time(at, level=line.level, unsure=unsure)

    def _present(self, line: Line, grey: Grey) -> Shown:
        """The picture is held before the camera, then taken away while the lamps go on."""
        begun_s = self._device.clock.monotonic_s()
        first = len(self._device.recorder.history)
        scan, lamp_s, shown = None, None, self._device.loop.display.shown
        self._device.show(grey)
        while (now_s := self._device.clock.monotonic_s() - begun_s) < WATCHED_S:
            if now_s >= HELD_S:
                self._device.show(None)
            self._device.wait()
            self._watch.start()
            if (came := self._device.loop.step()) is not None and scan is None:
                scan, lamp_s = came, self._watch.lamp_s
            if now_s < HELD_S:
                shown = self._device.loop.display.shown
        history = self._device.recorder.history[first - 1 :]
        moments = tuple(
            Moment(max(0.0, entry.at_s - begun_s), entry.lamps, entry.hz) for entry in history
        )
        return Shown(line, scan, shown, moments, None if lamp_s is None else 1000 * lamp_s)


def read_picture(path: Path) -> Grey:
    """uint8 [H, W] luma. Raises ConfigError."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ConfigError(f"There is no picture {path}. Run `python -m sample_codes.make_samples`.")
    return np.asarray(picture, np.uint8)
