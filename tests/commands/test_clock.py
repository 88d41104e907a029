"""`scanner clock`: what is known of the time, and setting it by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hardware import clock as hardware_clock
from scanner.assembly.clock import open_known_time, probe_clock, tell_time
from scanner.commands.clock import command
from scanner.core.clock import ClockLevel
from scanner.core.errors import TimeError
from scanner.core.time_bounds import TimeSource
from scanner.store.migrations import migrate
from tests import city
from tests.board import Board
from tests.commands.conftest import Run
from tests.journeys.booth import install

NOON = city.NOW.replace(hour=12, minute=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board in place of this machine."""
    return Board(NOON).put_in_place(monkeypatch)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A device with the city's lists, signed at half past nine."""
    migrate(tmp_path)
    install(tmp_path, city.targets())
    return tmp_path


@pytest.fixture
def clock(scanner: Run, state: Path, board: Board) -> Callable[..., tuple[int, str, str]]:
    """`scanner clock --state STATE` with these arguments."""
    return lambda *arguments: scanner("clock", "--state", state, *arguments)


Clock = Callable[..., tuple[int, str, str]]


def test_unsure_clock_says_what_would_help(clock: Clock) -> None:
    """Level C, the floor, and how to raise the level."""
    code, out, _ = clock()
    assert code == 0
    assert "level     C" in out
    assert "not bounded" in out
    assert "2020-04-29 09:00:00Z" in out
    assert "raised by a time code" in out


def test_confirmed_clock_is_shown(clock: Clock, board: Board) -> None:
    """Level A, by network time; nothing has to be raised."""
    board.is_disciplined = True
    _, out, _ = clock()
    assert "level     A" in out
    assert "network time" in out
    assert "raised by" not in out


def test_setting_by_hand_takes_two_steps(clock: Clock, state: Path, board: Board) -> None:
    """The first only shows; the second sets it, counted from the first."""
    code, out, _ = clock("set", "2020-04-29T15:00:00+03:00")
    assert code == 0
    assert "Wednesday 2020-04-29 11:55Z" in out
    assert "--confirm" in out
    assert probe_clock(state).now.level is ClockLevel.C
    board.wait(MINUTE)
    code, out, _ = clock("set", "2020-04-29T15:00:00+03:00", "--confirm")
    assert (code, "by hand" in out) == (0, True)
    probe = probe_clock(state)
    assert (probe.now.level, probe.source) == (ClockLevel.B, TimeSource.HAND)
    assert probe.now.latest is not None
    assert abs(probe.now.latest - (NOON + 6 * MINUTE)) < timedelta(seconds=1)
    assert probe.memory.bounds.floor == city.NOW - HOUR / 2


@pytest.mark.parametrize("first", [None, "2020-04-29T15:01:00+03:00"])
def test_confirming_something_else_is_refused(clock: Clock, first: str | None) -> None:
    """Nothing proposed, or another time: exit 64, and the first step is named."""
    if first is not None:
        clock("set", first)
    code, _, err = clock("set", "2020-04-29T15:00:00+03:00", "--confirm")
    assert code == 64
    assert "first step" in err


def test_confirming_too_late_is_refused(clock: Clock, board: Board) -> None:
    """Five minutes, no more."""
    clock("set", "2020-04-29T15:00:00+03:00")
    board.wait(5 * MINUTE + timedelta(seconds=1))
    assert clock("set", "2020-04-29T15:00:00+03:00", "--confirm")[0] == 64


def test_time_below_the_floor_is_refused(clock: Clock) -> None:
    """A hand cannot set a time that is surely past."""
    code, _, err = clock("set", "2020-04-28T15:00:00+03:00")
    assert code == 64
    assert "surely past" in err


def test_clock_that_knows_the_time_is_not_set(clock: Clock, board: Board) -> None:
    """At level A there is nothing to do."""
    board.is_disciplined = True
    code, _, err = clock("set", "2020-04-29T15:00:00+03:00")
    assert code == 64
    assert "known already" in err


def test_far_claim_is_shown_until_it_is_gone(clock: Clock, state: Path, board: Board) -> None:
    """E-CLOCK-FUTURE with the time that was claimed; the floor has not moved."""
    floor = probe_clock(state).memory.bounds.floor
    tell_time(state, TimeSource.OFFLINE, NOON)
    with pytest.raises(TimeError):
        tell_time(state, TimeSource.ONLINE, NOON + 30 * DAY)
    _, out, _ = clock()
    assert "E-CLOCK-FUTURE: 2020-05-29" in out
    assert probe_clock(state).memory.bounds.floor == max(floor, NOON)
    tell_time(state, TimeSource.ONLINE, NOON + HOUR)
    assert "E-CLOCK-FUTURE" not in clock()[1]


def test_battery_is_told(
    clock: Clock, state: Path, monkeypatch: pytest.MonkeyPatch, board: Board
) -> None:
    """None fitted, not known to be right, or right at a time."""
    assert "none fitted" in clock()[1]
    monkeypatch.setattr(hardware_clock, "has_rtc", lambda: True)
    assert "not known to be right" in clock()[1]
    known = open_known_time(state)
    known.save(replace(known.load(), rtc_set_at=NOON))
    known.close()
    assert "right on 2020-04-29 12:00:00Z" in clock()[1]


def test_help_names_the_two_steps() -> None:
    """Who reads only the help can set the clock."""
    text = command.commands["set"].get_short_help_str(200)
    assert "two steps" in text
