"""A cut of the power at a checkpoint without network and battery, and a queue that waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.claims import Movement
from scanner.core.clock import ClockLevel
from scanner.core.held_time import Held
from scanner.core.reasons import Notice, Outcome, Reason
from scanner.store.migrations import migrate
from tests import city
from tests.board import Board
from tests.journeys.booth import install
from tests.journeys.follower import Loop, loop_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Install = Callable[[bool], Path]


def until(end: datetime) -> bytes:
    """A pass from yesterday on."""
    return city.issue(exp=int(end.timestamp()))


GOOD, SHORT = until(city.NOW + 2 * DAY), until(city.NOW + 12 * HOUR)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """With network time."""
    board = Board(city.NOW).put_in_place(monkeypatch)
    board.is_disciplined = True
    return board


@pytest.fixture
def device(tmp_path: Path) -> Install:
    """A state folder; its policy allows the grace or says nothing of it."""

    def make(has_grace: bool) -> Path:
        policy = json.loads(city.targets()["policy-3"]) | {"reboot_grace": has_grace}
        migrate(tmp_path)
        install(tmp_path, city.targets(policy=json.dumps(policy).encode()))
        return tmp_path

    return make


def cut(board: Board) -> None:
    """The board wakes up and knows nothing of the time."""
    board.reboot(EPOCH)


def judge(loop: Loop, payload: bytes) -> tuple[Reason, tuple[Notice, ...]]:
    verdict = loop.judge(payload)
    return verdict.reason, verdict.notices


def test_queue_goes_on_for_half_an_hour(device: Install, board: Board) -> None:
    """Where the policy says so: with a day to spare, with a notice; what was taken back is red."""
    state = device(True)
    with loop_of(state) as loop:
        assert loop.clock.now().level is ClockLevel.A
    cut(board)
    with loop_of(state) as loop:
        assert judge(loop, GOOD) == (Reason.OK, (Notice.CLOCK_HELD,))
        assert judge(loop, SHORT)[0] is Reason.CLOCK
        revoked = city.issue(
            {Movement.INDEX: city.REVOKED}, exp=int((city.NOW + 2 * DAY).timestamp())
        )
        assert judge(loop, revoked)[0] is Reason.REVOKED
    with loop_of(state) as loop:
        board.wait(29 * MINUTE)
        loop.minute()
        assert judge(loop, GOOD)[0] is Reason.OK
        board.wait(MINUTE)
        assert judge(loop, GOOD)[0] is Reason.CLOCK


def test_queue_waits_where_the_policy_says_nothing(device: Install, board: Board) -> None:
    """The default: a time code, or the network."""
    state = device(False)
    with loop_of(state):
        pass
    cut(board)
    with loop_of(state) as loop:
        assert judge(loop, GOOD)[0] is Reason.CLOCK


def test_second_cut_in_the_dark_gives_no_second_grace(device: Install, board: Board) -> None:
    """The last minute before it knew no time."""
    state = device(True)
    with loop_of(state):
        pass
    for expected in (Reason.OK, Reason.CLOCK):
        cut(board)
        with loop_of(state) as loop:
            assert judge(loop, GOOD)[0] is expected


def test_time_set_by_hand_before_the_cut_gives_no_grace(device: Install, board: Board) -> None:
    """The floor did not follow the hand, so it is of nobody knows when."""
    state = device(True)
    with loop_of(state):
        pass
    board.reboot(EPOCH)
    with loop_of(state) as loop:
        loop.known.set_by_hand(Held.from_hand(city.NOW + HOUR, board.boot_s))
        assert loop.minute().level is ClockLevel.B
    cut(board)
    with loop_of(state) as loop:
        assert loop.judge(GOOD).outcome is Outcome.UNDECIDED


def test_time_code_before_the_cut_gives_grace_after_it(device: Install, board: Board) -> None:
    """Level B that raises the floor each minute is as good as A."""
    state = device(True)
    cut(board)
    with loop_of(state) as loop:
        loop.clock.take_time_code(city.NOW)
        loop.minute()
    cut(board)
    with loop_of(state) as loop:
        assert judge(loop, GOOD)[0] is Reason.OK
