"""`mon-fri/06:00-22:00`: when a pass holds, as people write it → a window of the pass."""

from __future__ import annotations

import re

import click

from scanner.core.claims import MINUTES_A_DAY

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"([a-z,-]+)/(\d\d?):(\d\d)-(\d\d?):(\d\d)")


class WindowParam(click.ParamType[list[int]]):
    """[weekday mask with Monday as 1, from minute, to minute]."""

    name = "DAYS/HH:MM-HH:MM"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        try:
            return parse_window(str(value))
        except ValueError as error:
            self.fail(f"{value}: {error}; write mon-fri/06:00-22:00 or daily/22:00-06:00.")


def parse_window(text: str) -> list[int]:
    """Raises ValueError that says what is wrong. `to` before `from` runs past midnight."""
    match = _FORM.fullmatch(text.lower())
    if match is None:
        raise ValueError("not a window")
    begin, end = (60 * int(match[n]) + int(match[n + 1]) for n in (2, 4))
    if max(begin, end) > MINUTES_A_DAY or int(match[3]) > 59 or int(match[5]) > 59:
        raise ValueError("a day has 24:00")
    return [_mask(match[1]), begin, end]


def _mask(text: str) -> int:
    if text == "daily":
        return (1 << len(DAYS)) - 1
    mask = 0
    for part in text.split(","):
        first, dash, last = part.partition("-")
        mask |= _span(_number(first), _number(last if dash else first))
    return mask


def _number(day: str) -> int:
    if day not in DAYS:
        raise ValueError(f"a day is one of {', '.join(DAYS)}")
    return DAYS.index(day)


def _span(first: int, last: int) -> int:
    """Also past Sunday: sat-mon."""
    length = (last - first) % len(DAYS) + 1
    return sum(1 << (first + step) % len(DAYS) for step in range(length))


WINDOW = WindowParam()
