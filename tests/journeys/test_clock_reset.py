"""A device whose time was pushed ahead, and the signed word that brings it back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scanner.assembly.clock import tell_time
from scanner.core.clock import ClockLevel
from scanner.core.clock_reset import ClockReset
from scanner.core.reasons import Outcome, Reason
from scanner.core.time_bounds import TimeSource
from scanner.store.writer import read_notes
from tests import city
from tests.board import Board
from tests.journeys.follower import Follower
from tests.sync.repository import Repository

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RESET = ClockReset(1, city.NOW - HOUR)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """With network time, which is right."""
    board = Board(city.NOW).put_in_place(monkeypatch)
    board.is_disciplined = True
    return board


@pytest.fixture
def repository(found_city: Callable[[datetime], Repository]) -> Repository:
    """The city's lists."""
    return found_city(city.NOW)


@pytest.fixture
def device(follower: Follower, board: Board, repository: Repository) -> Follower:
    """It has followed the city until now."""
    assert follower.sync(repository.folder)[0] == 0
    with follower.loop() as loop:
        assert loop.clock.now().level is ClockLevel.A
    return follower


def push(device: Follower, board: Board, by: timedelta) -> datetime:
    """A wrong time, signed offline by mistake, and a reboot since; returns the floor."""
    far = board.at + by
    tell_time(device.state, TimeSource.OFFLINE, far)
    board.reboot(board.at + MINUTE, is_disciplined=board.is_disciplined)
    with device.loop() as loop:
        assert loop.clock.now().level is ClockLevel.C
        assert loop.judge(city.issue()).outcome is not Outcome.ADMIT
    return far


def publish(repository: Repository, board: Board, files: Mapping[str, bytes]) -> None:
    """A minute later."""
    board.wait(MINUTE)
    repository.put(files).publish(board.at)


def signed(reset: ClockReset) -> dict[str, bytes]:
    return {reset.name: reset.encode()}


@pytest.mark.parametrize("by", [10 * HOUR, 3 * DAY, 400 * DAY])
def test_reset_brings_a_pushed_device_back(
    device: Follower, board: Board, repository: Repository, by: timedelta
) -> None:
    """In one sync, also where by the device's floor every signature has long expired."""
    push(device, board, by)
    publish(repository, board, signed(RESET))
    code, out, _ = device.sync(repository.folder)
    assert (code, "clock-reset: version 1" in out) == (0, True)
    with device.loop() as loop:
        assert loop.clock.now().level is ClockLevel.A
        assert loop.floor == board.at
        assert loop.judge(city.issue()).outcome is Outcome.ADMIT


def test_running_loop_follows_and_does_not_push_again(
    device: Follower, board: Board, repository: Repository
) -> None:
    """What it holds in its memory ends with the reset."""
    far = push(device, board, 3 * DAY)
    with device.loop() as loop:
        publish(repository, board, signed(RESET))
        assert device.sync(repository.folder)[0] == 0
        assert loop.clock.now().earliest == far
        assert loop.minute().level is ClockLevel.A
        assert loop.floor == board.at


def test_reset_counts_once(device: Follower, board: Board, repository: Repository) -> None:
    """The number was taken: the same, and an older one, move nothing, pushed again or not."""
    push(device, board, 3 * DAY)
    publish(repository, board, signed(ClockReset(2, RESET.floor)))
    assert device.sync(repository.folder)[0] == 0
    repository.drop("clock-reset-2")
    far = push(device, board, 10 * HOUR)
    for reset in (ClockReset(2, RESET.floor), RESET):
        publish(repository, board, signed(reset))
        code, out, _ = device.sync(repository.folder, "--clock-reset")
        assert (code, "clock-reset" in out) == (0, False)
        repository.drop(reset.name)
    with device.loop() as loop:
        assert loop.floor == far


def test_device_whose_floor_is_right_leaves_it_alone(
    device: Follower, board: Board, repository: Repository
) -> None:
    """Neither the floor falls nor the level: a city of devices does not forget the time."""
    publish(repository, board, signed(RESET))
    assert device.sync(repository.folder)[0] == 0
    with device.loop() as loop:
        assert (loop.clock.now().level, loop.floor) == (ClockLevel.A, board.at)
        assert loop.known.load().resets == 0


def test_without_network_time_a_technician_has_to_ask(
    device: Follower, board: Board, repository: Repository, tmp_path: Path
) -> None:
    """Nothing shows that the floor is wrong; what to do is said, and then a time code sets it."""
    board.is_disciplined = False
    far = push(device, board, 40 * DAY)
    publish(repository, board, signed(RESET))
    stick = repository.bundle(tmp_path / "stick", board.at)
    code, _, err = device.sync(stick)
    assert (code, "scanner sync --clock-reset" in err) == (64, True)
    with device.loop() as loop:
        assert loop.floor == far
    assert device.sync(stick, "--clock-reset")[0] == 0
    with device.loop() as loop:
        assert loop.floor == board.at
        loop.clock.take_time_code(board.at + MINUTE)
        assert loop.judge(city.issue()).outcome is Outcome.ADMIT


def test_old_stick_takes_nobody_back(
    device: Follower, board: Board, repository: Repository, tmp_path: Path
) -> None:
    """Where network time is not before the floor, expired lists are just that, and say so."""
    publish(repository, board, signed(RESET))
    stick = repository.bundle(tmp_path / "stick", board.at)
    board.wait(40 * DAY)
    tell_time(device.state, TimeSource.OFFLINE, board.at)
    code, _, err = device.sync(stick)
    assert (code, "expired" in err, "--clock-reset" in err) == (64, True, False)
    code, _, err = device.sync(stick, "--clock-reset")
    assert (code, "holds for 30 days" in err) == (64, True)
    with device.loop() as loop:
        assert loop.floor == board.at


def test_reset_past_its_life_is_refused(
    device: Follower, board: Board, repository: Repository
) -> None:
    """It was held back for a month: another one has to be signed, and that is said."""
    publish(repository, board, signed(RESET))
    board.wait(31 * DAY)
    far = push(device, board, 10 * HOUR)
    repository.publish(board.at)
    code, out, _ = device.sync(repository.folder)
    assert code == 1
    assert "Have another clock-reset signed" in out
    with device.loop() as loop:
        assert loop.floor == far


@pytest.mark.parametrize("by", [10 * HOUR, 3 * DAY])
def test_reset_with_an_unknown_field_is_refused(
    device: Follower, board: Board, repository: Repository, by: timedelta
) -> None:
    """It wishes for something that this release would not do; status keeps why."""
    far = push(device, board, by)
    text = b'{"version": 1, "floor": 1588149000, "until": 1588150000}'
    publish(repository, board, {"clock-reset-1": text})
    assert device.sync(repository.folder)[0] in (1, 64)
    told = [words for _, words in read_notes(device.state).faults]
    assert any("unknown field `until`" in words for words in told)
    with device.loop() as loop:
        assert loop.floor == far


def test_online_key_signs_no_reset(device: Follower, board: Board, repository: Repository) -> None:
    """The role of the revocations may not name one, and one that it names is not there."""
    far = push(device, board, 10 * HOUR)
    publish(repository, board, signed(RESET))
    repository.rev.targets[RESET.name] = repository.targets.targets.pop(RESET.name)
    repository.publish(board.at + MINUTE)
    assert device.sync(repository.folder)[0] == 0
    with device.loop() as loop:
        assert loop.floor == far


def test_older_repository_is_refused_whatever_reset_it_holds(
    device: Follower, board: Board, repository: Repository, tmp_path: Path
) -> None:
    """The floors of versions do not fall with the floor of time."""
    publish(repository, board, signed(RESET))
    old = Path(shutil.copytree(repository.folder, tmp_path / "old"))
    repository.drop(RESET.name)
    publish(repository, board, {})
    assert device.sync(repository.folder)[0] == 0
    far = push(device, board, 3 * DAY)
    code, _, err = device.sync(old)
    assert (code, "older" in err) == (64, True)
    with device.loop() as loop:
        assert loop.floor == far
        assert loop.judge(city.issue()).reason in (Reason.CLOCK, Reason.EXPIRED)


def test_pushed_device_without_a_reset_says_what_is_wrong(
    device: Follower, board: Board, repository: Repository
) -> None:
    """By its floor the lists have expired; nothing is fetched in their place."""
    push(device, board, 3 * DAY)
    publish(repository, board, {})
    code, _, err = device.sync(repository.folder)
    assert (code, "expired" in err) == (64, True)
    assert not (device.state / "tuf/clock-reset").exists()
