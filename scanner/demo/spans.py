"""When lamps and buzzer were on, as the recorded pins had it: what terminal, sheet and report draw.

Seconds are counted from the moment at which the frame was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.demo.journey import Moment


@dataclass(frozen=True, slots=True)
class Span:
    """On from `from_s` until `to_s`."""

    from_s: float
    to_s: float

    @property
    def length_ms(self) -> int:
        """To the nearest ten: as exact as time is stepped."""
        return 10 * round(100 * (self.to_s - self.from_s))


def red_spans(moments: Sequence[Moment], until_s: float) -> list[Span]:
    """When the red lamp was lit."""
    return _spans(moments, until_s, lambda moment: moment.lamps.red)


def green_spans(moments: Sequence[Moment], until_s: float) -> list[Span]:
    """When the green lamp was lit."""
    return _spans(moments, until_s, lambda moment: moment.lamps.green)


def beep_spans(moments: Sequence[Moment], until_s: float) -> list[Span]:
    """When the buzzer sounded, at whatever pitch."""
    return _spans(moments, until_s, lambda moment: moment.hz is not None)


def _spans(
    moments: Sequence[Moment], until_s: float, is_on: Callable[[Moment], bool]
) -> list[Span]:
    """Moments that adjoin are one span; what is on at `until_s` ends there."""
    found: list[Span] = []
    begun_s: float | None = None
    for moment in moments:
        at_s = min(moment.at_s, until_s)
        if is_on(moment) and begun_s is None:
            begun_s = at_s
        elif not is_on(moment) and begun_s is not None:
            found.append(Span(begun_s, at_s))
            begun_s = None
    if begun_s is not None:
        found.append(Span(begun_s, until_s))
    return [span for span in found if span.from_s < span.to_s]
