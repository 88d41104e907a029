"""How a device fared, from its segments alone: heartbeats, starts, amber minutes, reading times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from scanner.core.events import Event
from scanner.core.segment import BUCKETS, Segment, SegmentFlag
from scanner.logs.volume import Wish

_HOUR = 60


class Silence(Enum):
    """How a stretch without heartbeats ended."""

    OFF = "was switched off in order"
    CUT = "lost power or crashed"
    STUCK = "ran, but sealed nothing"
    NEVER = "has not been heard of since"


@dataclass(frozen=True, slots=True)
class Quiet:
    """No heartbeat from `since` to `until`, minutes since 1970; to the quarter of an hour."""

    since: int
    until: int
    why: Silence


@dataclass(slots=True)
class Health:
    """By the hour (minute at which it begins, UTC): amber minutes, starts, times of reading.

    histogram: see `Segment`. counters: what took no record, by name. events: of the log itself,
    with their minute.
    """

    first: int = 0
    last: int = 0
    amber: Counter[int] = field(default_factory=Counter)
    starts: Counter[int] = field(default_factory=Counter)
    unclean: Counter[int] = field(default_factory=Counter)
    readings: dict[int, list[int]] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    quiet: list[Quiet] = field(default_factory=list)
    events: list[tuple[int, Event]] = field(default_factory=list)
    is_simulated: bool = False

    @property
    def histogram(self) -> list[int]:
        return [sum(column) for column in zip(*self.readings.values(), strict=True)] or [
            0
        ] * BUCKETS


def health_of(segments: Sequence[Segment], wish: Wish, silent_min: int) -> Health:
    """Of the range that is asked for; silent_min: how long without a heartbeat is silence."""
    health = Health(first=segments[0].minute, last=segments[-1].minute)
    before: Segment | None = None
    for segment in segments:
        if wish.since <= segment.minute < wish.until:
            _add(health, segment)
            if before is not None:
                _compare(health, before, segment, silent_min)
        before = segment
    return health


def _add(health: Health, segment: Segment) -> None:
    hour = segment.minute - segment.minute % _HOUR
    health.amber[hour] += bool(segment.flags & SegmentFlag.AMBER)
    health.is_simulated |= bool(segment.flags & SegmentFlag.SIMULATED)
    health.counters.update(segment.counters)
    health.events += [(segment.minute, event) for event in segment.events]
    if any(segment.histogram):
        row = health.readings.setdefault(hour, [0] * BUCKETS)
        for bucket, n in enumerate(segment.histogram):
            row[bucket] += n


def _compare(health: Health, before: Segment, segment: Segment, silent_min: int) -> None:
    is_start = segment.boot != before.boot
    if is_start:
        hour = segment.minute - segment.minute % _HOUR
        health.starts[hour] += 1
        health.unclean[hour] += not segment.is_clean
    if segment.minute - before.minute > silent_min:
        why = Silence.STUCK
        if is_start:
            why = Silence.OFF if segment.is_clean else Silence.CUT
        health.quiet.append(Quiet(before.minute, segment.minute, why))


def note_silence(healths: Sequence[Health], silent_min: int) -> None:
    """Of the devices of one server: whoever fell silent while others went on."""
    newest = max((health.last for health in healths), default=0)
    for health in healths:
        if newest - health.last > silent_min:
            health.quiet.append(Quiet(health.last, newest, Silence.NEVER))


def within_ms(histogram: Sequence[int], share: float) -> int | None:
    """Milliseconds within which `share` of the readings came; a power of two, None for none."""
    total, seen = sum(histogram), 0
    for bucket, n in enumerate(histogram):
        seen += n
        if total and seen >= share * total:
            return 2 << bucket
    return None


def coarse(histogram: Sequence[int], least: int) -> list[int]:
    """The same, but no step holds fewer than `least`: what is too few goes into a step beside it.

    Of fewer than `least` in all nothing is left.
    """
    told = list(histogram)
    for place in range(len(told) - 1, 0, -1):
        if told[place] < least:
            told[place - 1] += told[place]
            told[place] = 0
    if 0 < told[0] < least:
        beside = next((place for place, n in enumerate(told) if place and n), None)
        if beside is not None:
            told[beside] += told[0]
        told[0] = 0
    return told
