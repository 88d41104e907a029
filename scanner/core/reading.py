"""What the reader found in a frame, and the gate: a code held in view is one scan.

Times are monotonic seconds. Payloads live here in memory only, and only those in view.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from scanner.core.envelope import has_pass_prefix

Point = tuple[int, int]
Corners = tuple[Point, Point, Point, Point]

# A code that flickers for less is still the same presentation.
GONE_S = 0.7
# Two frames without the code at 15 frames a second, and not one: a missed read is no farewell.
LEFT_S = 0.12
TRIGGER_EVERY_S = 0.5
# A code that is there so long without being read: the officer is told what helps, for a while. What
# stays longer is a code in the background.
UNREAD_S, UNREAD_FOR_S = 1.5, 10.0
BUSY_CHANGES, BUSY_WITHIN_S, BUSY_FOR_S = 20, 10.0, 5.0
STICKER_S, STICKER_PX = 60.0, 10
# Counted when a code has stayed for so long that it is masked.
STICKER = "STICKER"


@dataclass(frozen=True, slots=True)
class Reading:
    """One QR code: its raw bytes, untouched by charset guessing, and where it was.

    No bytes at all: a code is there, but it could not be read.

    `corners`: 4 points (x, y) in pixels of the frame, clockwise from the code's top left.
    """

    payload: bytes
    corners: Corners


class View(Enum):
    """What the frame means for the loop."""

    EMPTY = "empty"  # nothing to do
    HELD = "held"  # the code that was judged is still there
    LEFT = "left"  # it has just gone
    NEW = "new"  # a code to judge
    BACK = "back"  # the code that was judged has come again: show it again
    SEVERAL = "several"  # one phone at a time
    UNREAD = "unread"  # a code that cannot be read has been there for long


@dataclass(frozen=True, slots=True)
class Sight:
    """`payload` is set for NEW and BACK."""

    view: View
    payload: bytes = b""


@dataclass(slots=True)
class _Fixture:
    """A code that stays where it is: a sticker, a poster."""

    corners: Corners
    since_s: float
    seen_s: float


class HoldGate:
    """Turns the readings of frame after frame into presentations.

    >>> gate = HoldGate()
    >>> reading = Reading(b"MP1:X", ((0, 0), (9, 0), (9, 9), (0, 9)))
    >>> [gate.look([reading], t / 10).view.value for t in range(3)]
    ['new', 'held', 'held']
    """

    def __init__(self) -> None:
        self._current = b""
        self._judged_s = self._seen_s = self._busy_until_s = float("-inf")
        self._triggered_s = self._several_until_s = float("-inf")
        self._has_left = True
        self._unread_since_s, self._unread_seen_s = float("inf"), float("-inf")
        self._changes: deque[float] = deque(maxlen=BUSY_CHANGES + 1)
        self._fixtures: dict[bytes, _Fixture] = {}

    @property
    def stickers(self) -> int:
        """How many codes in view are masked because they never move (E-STICKER)."""
        return sum(map(_is_sticker, self._fixtures.values()))

    def trigger(self, now_s: float) -> None:
        """The officer asks for a new look: the code in view is judged again."""
        if now_s - self._triggered_s >= TRIGGER_EVERY_S:
            self._triggered_s = now_s
            self.forget()

    def forget(self) -> None:
        """The next look judges anew whatever code it sees."""
        self._current, self._has_left = b"", True

    def resume(self, now_s: float) -> None:
        """Nobody looked until now: the code in view has not gone because the disk was slow."""
        if not self._has_left:
            self._seen_s = now_s

    def look(self, readings: Sequence[Reading], now_s: float, repeat_s: float = 60.0) -> Sight:
        """What this frame means; `repeat_s`: how long a code that comes back is not judged anew."""
        codes = self._unmasked([reading for reading in readings if reading.payload], now_s)
        is_any_unread = any(not reading.payload for reading in readings)
        self._note_unread(bool(codes), is_any_unread, now_s)
        passes = {payload for payload in codes if has_pass_prefix(payload)}
        if now_s < self._busy_until_s:
            return Sight(View.SEVERAL if codes else View.EMPTY)
        if len(passes) > 1:
            # A second phone that is not read in the next frame has not gone.
            self._several_until_s = now_s + GONE_S
        if passes and now_s < self._several_until_s:
            return self._several()
        if not codes or not (passes or self._may_preempt(now_s)):
            return self._nothing(now_s)
        return self._one(min(passes or codes), now_s, repeat_s)

    def _several(self) -> Sight:
        """Neither is decided, and the one that stays is judged anew."""
        self.forget()
        return Sight(View.SEVERAL)

    def _may_preempt(self, now_s: float) -> bool:
        """A poster behind a phone is no news while the pass may only have flickered."""
        return not has_pass_prefix(self._current) or now_s - self._seen_s >= GONE_S

    def _nothing(self, now_s: float) -> Sight:
        if self._has_left:
            is_unread = UNREAD_S <= now_s - self._unread_since_s < UNREAD_S + UNREAD_FOR_S
            return Sight(View.UNREAD if is_unread else View.EMPTY)
        if now_s - self._seen_s < LEFT_S:
            return Sight(View.HELD)
        self._has_left = True
        return Sight(View.LEFT)

    def _note_unread(self, is_any_read: bool, is_any_unread: bool, now_s: float) -> None:
        """Since when a code has been there of which nothing is read; a flicker does not count."""
        if is_any_read or now_s - self._unread_seen_s >= GONE_S:
            self._unread_since_s = float("inf")
        if is_any_unread and not is_any_read:
            self._unread_since_s = min(self._unread_since_s, now_s)
            self._unread_seen_s = now_s

    def _one(self, payload: bytes, now_s: float, repeat_s: float) -> Sight:
        away_s = now_s - self._seen_s
        self._seen_s, self._has_left = now_s, False
        if payload != self._current:
            return self._new(payload, now_s)
        if away_s < GONE_S:
            return Sight(View.HELD)
        if now_s - self._judged_s > repeat_s:
            return self._new(payload, now_s)
        return Sight(View.BACK, payload)

    def _new(self, payload: bytes, now_s: float) -> Sight:
        self._changes.append(now_s)
        crowded = len(self._changes) > BUSY_CHANGES
        if crowded and now_s - self._changes[0] <= BUSY_WITHIN_S:
            self._busy_until_s = now_s + BUSY_FOR_S
            self._changes.clear()
            return self._several()
        self._current, self._judged_s = payload, now_s
        return Sight(View.NEW, payload)

    def _unmasked(self, readings: Sequence[Reading], now_s: float) -> set[bytes]:
        """Payloads in view, without those that have stayed fixed for STICKER_S."""
        for reading in readings:
            known = self._fixtures.get(reading.payload)
            if known is None or not _stayed(known, reading.corners, now_s):
                self._fixtures[reading.payload] = _Fixture(reading.corners, now_s, now_s)
            else:
                known.seen_s = now_s
        self._fixtures = {
            payload: fixture
            for payload, fixture in self._fixtures.items()
            if now_s - fixture.seen_s < STICKER_S
        }
        return {
            reading.payload
            for reading in readings
            if not _is_sticker(self._fixtures[reading.payload])
        }


def _is_sticker(fixture: _Fixture) -> bool:
    return fixture.seen_s - fixture.since_s >= STICKER_S


def _stayed(fixture: _Fixture, corners: Corners, now_s: float) -> bool:
    """Still where it was. A sticker may be covered for a while; a phone that goes is no sticker."""
    covered_s = STICKER_S if _is_sticker(fixture) else GONE_S
    return now_s - fixture.seen_s <= covered_s and _is_near(fixture.corners, corners)


def _is_near(old: Corners, new: Corners) -> bool:
    return all(
        abs(a - b) <= STICKER_PX
        for was, is_ in zip(old, new, strict=True)
        for a, b in zip(was, is_, strict=True)
    )
