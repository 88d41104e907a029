"""The kernel's record of every level of every line → what was lit and heard, and when.

    python3-412 [000] ...1. 58.123456: gpio_value: 529 set 1
    python3-412 [000] ...1. 58.123400: gpio_direction: 529 out (0)

A lamp is lit while its line is an output and high.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

GREEN, RED, BUZZER = 17, 27, 18
# The first number that the kernel gives to lines of a chip that asks for none.
FIRST_LINE = 512
# Two lines are never driven in the same instant: off before on. What is shorter is no state.
TOGETHER_S = 0.004

_LINE = re.compile(r"\s(\d+\.\d+): gpio_(value|direction): (\d+)\s+(set|get|in|out)\s+\(?(-?\d+)")


class Edge(NamedTuple):
    """From now on this line drives its lamp, or does not."""

    at_s: float
    pin: int
    is_on: bool


class Shown(NamedTuple):
    """Both lamps and the sounder."""

    green: bool
    red: bool
    sound: bool


DARK = Shown(green=False, red=False, sound=False)


def edges_of(lines: Iterable[str]) -> list[Edge]:
    """The changes among the lines of the kernel's record; repeated levels are none."""
    level: dict[int, bool] = {}
    is_output: dict[int, bool] = {}
    was: dict[int, bool] = {}
    edges = []
    for line in lines:
        if (match := _LINE.search(line)) is None:
            continue
        at_s, event, pin, word = float(match[1]), match[2], int(match[3]) - FIRST_LINE, match[4]
        if event == "value" and word == "set":
            level[pin] = match[5] == "1"
        elif event == "direction":
            is_output[pin] = word == "out"
        is_on = level.get(pin, False) and is_output.get(pin, False)
        if is_on != was.get(pin, False):
            edges.append(Edge(at_s, pin, is_on))
            was[pin] = is_on
    return edges


@dataclass(frozen=True, slots=True)
class Timeline:
    """States and since when each holds, in order; dark before the first."""

    times: Sequence[float]
    states: Sequence[Shown]

    def at(self, at_s: float) -> Shown:
        place = bisect_right(self.times, at_s) - 1
        return DARK if place < 0 else self.states[place]

    def within(self, first_s: float, last_s: float) -> set[Shown]:
        """Every state that holds at some moment from first to last."""
        begin, end = bisect_right(self.times, first_s), bisect_right(self.times, last_s)
        return {self.at(first_s), *self.states[begin:end]}

    def lamps(self) -> Timeline:
        """Without the sounder."""
        return Timeline(self.times, [state._replace(sound=False) for state in self.states])

    def sound(self) -> Timeline:
        """Without the lamps."""
        return Timeline(self.times, [DARK._replace(sound=state.sound) for state in self.states])

    def spans(self, first_s: float, last_s: float) -> Iterator[tuple[float, float, Shown]]:
        """(since, until, state) from first to last, cut at both."""
        marks = self.times[bisect_right(self.times, first_s) : bisect_left(self.times, last_s)]
        moments = [first_s, *marks, last_s]
        begins, state = first_s, self.at(first_s)
        for since in moments[1:]:
            if (later := self.at(since)) != state or since == last_s:
                yield begins, since, state
                begins, state = since, later


def timeline_of(edges: Iterable[Edge]) -> Timeline:
    """What both lamps and the sounder showed; changes that belong together are one."""
    on: dict[int, bool] = {}
    times: list[float] = []
    states: list[Shown] = []
    for edge in edges:
        on[edge.pin] = edge.is_on
        state = Shown(on.get(GREEN, False), on.get(RED, False), on.get(BUZZER, False))
        if times and edge.at_s - times[-1] < TOGETHER_S:
            states[-1] = state
        else:
            times.append(edge.at_s)
            states.append(state)
    return Timeline(times, states)


def first_rise(edges: Sequence[Edge], pin: int, first_s: float, last_s: float) -> float | None:
    """When this line went on for the first time between two moments."""
    place = bisect_left(edges, first_s, key=lambda edge: edge.at_s)
    for edge in edges[place:]:
        if edge.at_s > last_s:
            return None
        if edge.pin == pin and edge.is_on:
            return edge.at_s
    return None


def flickers(edges: Sequence[Edge], shortest_s: float) -> list[Edge]:
    """Where a line was on for less than anything that is ever shown or heard.

    Both lamps at once are a tick of READY: it may be cut short by what comes next.
    """
    since: dict[int, float] = {}
    short = []
    for edge in edges:
        lasted_s = edge.at_s - since.get(edge.pin, float("-inf"))
        if not edge.is_on and lasted_s < shortest_s and not _is_tick(since, edge.pin):
            short.append(edge)
        since[edge.pin] = edge.at_s
    return short


def _is_tick(since: dict[int, float], pin: int) -> bool:
    other = {GREEN: RED, RED: GREEN}.get(pin)
    if other is None or other not in since:
        return False
    return abs(since[pin] - since[other]) < TOGETHER_S
