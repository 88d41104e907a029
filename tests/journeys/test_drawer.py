"""A device that lay in a drawer, and one that wakes up in 1970: from `scanner sync` to green."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.core.clock import ClockLevel
from scanner.core.reasons import Outcome, Reason
from scanner.core.time_bounds import AHEAD
from tests import city
from tests.board import Board
from tests.journeys.follower import Follower
from tests.sync.repository import Repository

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = city.NOW - 10 * DAY
EPOCH = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """Ten days ago, with network time."""
    board = Board(BEFORE).put_in_place(monkeypatch)
    board.is_disciplined = True
    return board


@pytest.fixture
def repository(found_city: Callable[[datetime], Repository]) -> Repository:
    """The city's lists as they were ten days ago."""
    return found_city(BEFORE)


@pytest.fixture
def drawer(follower: Follower, board: Board, repository: Repository) -> Follower:
    """It worked ten days ago, was switched off, and is switched on with network time."""
    assert follower.sync(repository.folder)[0] == 0
    with follower.loop() as loop:
        assert loop.clock.now().level is ClockLevel.A
        assert loop.floor == BEFORE
    board.reboot(city.NOW, is_disciplined=True)
    return follower


def test_drawer_device_works_after_its_first_sync(
    drawer: Follower, board: Board, repository: Repository
) -> None:
    """Level A and green by two witnesses; told by doctor; the floor within the reach."""
    with drawer.loop() as loop:
        assert loop.clock.now().level is ClockLevel.C
        assert loop.judge(city.issue()).reason is Reason.CLOCK
    repository.publish(city.NOW)
    assert drawer.sync(repository.folder)[0] == 0
    with drawer.loop() as loop:
        assert loop.clock.now().level is ClockLevel.A
        assert loop.judge(city.issue()).outcome is Outcome.ADMIT
        assert loop.floor == BEFORE + AHEAD + timedelta(seconds=board.boot_s)
        expired = city.issue(exp=int((city.NOW - HOUR).timestamp()))
        assert loop.judge(expired).reason is Reason.EXPIRED
        assert loop.known.future_claim == city.NOW


def test_running_loop_gets_there_within_a_minute(
    drawer: Follower, board: Board, repository: Repository
) -> None:
    """It need not be restarted, and goes on from sync to sync."""
    with drawer.loop() as loop:
        repository.publish(city.NOW)
        drawer.sync(repository.folder)
        assert loop.minute().level is ClockLevel.A
        for _ in range(3):
            board.wait(HOUR)
            repository.publish(board.at)
            assert drawer.sync(repository.folder)[0] == 0
            assert loop.minute().level is ClockLevel.A
        board.is_disciplined = False
        board.wait(HOUR)
        assert loop.minute().level is ClockLevel.B
        assert loop.judge(city.issue()).outcome is Outcome.ADMIT


def test_drawer_device_without_network_time_stays_unsure(
    drawer: Follower, board: Board, repository: Repository
) -> None:
    """Fresh lists alone are one witness: the online keys could say anything."""
    board.is_disciplined = False
    repository.publish(city.NOW)
    drawer.sync(repository.folder)
    with drawer.loop() as loop:
        assert loop.clock.now().level is ClockLevel.C
        assert loop.judge(city.issue()).reason is Reason.CLOCK
        assert loop.floor == BEFORE


def test_stick_signed_offline_makes_it_an_ordinary_device(
    drawer: Follower, board: Board, repository: Repository, tmp_path: Path
) -> None:
    """The floor is raised to the stick, the claim is told no more, and a reboot keeps it."""
    repository.publish(city.NOW)
    drawer.sync(repository.folder)
    repository.publish(city.NOW + HOUR)
    board.wait(2 * HOUR)
    assert drawer.sync(repository.bundle(tmp_path / "stick", board.at))[0] == 0
    with drawer.loop() as loop:
        assert loop.clock.now().level is ClockLevel.A
        assert loop.clock.future is None
        assert loop.known.future_claim is None
        assert loop.floor == board.at
    board.reboot(board.at + HOUR)
    with drawer.loop() as loop:
        assert loop.clock.now().earliest >= city.NOW + 2 * HOUR


def test_board_of_1970_with_last_weeks_stick_and_then_network(
    follower: Follower, board: Board, repository: Repository, tmp_path: Path
) -> None:
    """No clock at all, a stick of last week: C; network time and fresh lists: A, and green."""
    board.reboot(EPOCH)
    week_ago = city.NOW - 7 * DAY
    repository.publish(week_ago)
    assert follower.sync(repository.bundle(tmp_path / "stick", week_ago))[0] == 0
    with follower.loop() as loop:
        assert (loop.clock.now().level, loop.floor) == (ClockLevel.C, week_ago)
        board.wait(HOUR)
        repository.publish(city.NOW)
        assert follower.sync(repository.folder)[0] == 0
        assert loop.minute().level is ClockLevel.C
        board.at, board.is_disciplined = city.NOW, True
        assert loop.minute().level is ClockLevel.A
        assert loop.judge(city.issue()).outcome is Outcome.ADMIT


def test_drawer_of_half_a_year_needs_new_offline_targets_first(
    follower: Follower, board: Board, repository: Repository
) -> None:
    """Past the expiry of its last offline targets it stops; what the sync brings vouches anew."""
    assert follower.sync(repository.folder)[0] == 0
    now = BEFORE + 180 * DAY
    board.reboot(now, is_disciplined=True)
    with follower.loop() as loop:
        assert loop.clock.now().level is ClockLevel.C
    repository.publish(now)
    assert follower.sync(repository.folder)[0] == 0
    fresh = city.issue(
        nbf=int((now - DAY).timestamp()),
        exp=int((now + DAY).timestamp()),
        iat=int((now - DAY).timestamp()),
    )
    with follower.loop() as loop:
        assert loop.clock.now().level is ClockLevel.A
        assert loop.judge(fresh).outcome is Outcome.ADMIT


def test_doctor_says_what_a_drawer_device_needs(
    drawer: Follower, repository: Repository, capfd: Capture
) -> None:
    """A warning, no failure: load lists signed offline before it is switched off."""
    repository.publish(city.NOW)
    drawer.sync(repository.folder)
    with drawer.loop():
        pass
    assert run(["doctor", "--only", "clock", "--state", str(drawer.state)]) in (0, 3)
    out, _ = capfd.readouterr()
    said = out[out.index("E-CLOCK-FUTURE") :]
    assert "agree, so it counts" in said
    assert "sync --from STICK" in said
    assert "FAILURE" not in out
