"""One stick for a box of devices, and what is in its way: foreign boards, pulls, full sticks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scanner.__main__ import STORE, USAGE
from scanner.store.device_key import provide_device_key
from scanner.store.enrolment import read_enrolment
from tests.journeys.box import Box


class PulledOutError(BaseException):
    """The stick is gone in the middle of a write."""


def test_request_of_a_foreign_board_is_not_signed(box: Box) -> None:
    """Who puts a file on the stick does not get a device into the city."""
    box.lay_out()
    box.plug(1)
    request = (box.stick / "requests/10000000abcdef01.json").read_bytes()
    (box.stick / "requests/10000000abcdef77.json").write_bytes(request)
    (box.stick / "requests/evil.json").write_bytes(request)
    (box.stick / "requests/10000000abcdef02.json").write_bytes(b"{}")
    assert box.sign() == "0 done, 1 to be plugged in again, 2 with reason"
    assert sorted(os.listdir(box.stick / "answers")) == ["10000000abcdef01.json"]


def test_answer_of_another_board_is_not_taken(box: Box) -> None:
    """Two files that were exchanged enrol nobody; the boards ask again, and get their own."""
    box.lay_out()
    for number in (1, 2):
        box.plug(number)
    box.sign()
    answers = [box.stick / f"answers/10000000abcdef0{number}.json" for number in (1, 2)]
    first, second = (path.read_bytes() for path in answers)
    answers[0].write_bytes(second)
    answers[1].write_bytes(first)
    for number in (1, 2):
        assert "request written" in box.plug(number)[1]
        assert read_enrolment(box.state(number)) is None
    box.sign()
    assert [box.plug(number)[1].endswith("done.\n") for number in (1, 2)] == [True, True]


def test_reinstalled_board_asks_and_is_signed_anew(box: Box) -> None:
    """Its keys are others now, and the old answer is of no use to it."""
    box.lay_out()
    box.plug(1)
    box.sign()
    for path in box.state(1).iterdir():
        path.unlink()
    assert "request written" in box.plug(1)[1]
    assert "1 to be plugged in again" in box.sign()
    assert "done" in box.plug(1)[1]


@pytest.mark.parametrize("mark", [None, b"{}", b'{"scanner_stick": 2}'])
def test_other_sticks_are_left_alone(mark: bytes | None, box: Box) -> None:
    """Nothing is written to what is not the stick of a box."""
    box.stick.mkdir()
    if mark is not None:
        (box.stick / "stick.json").write_bytes(mark)
    assert box.plug(1)[0] == USAGE
    assert len(os.listdir(box.stick)) == (mark is not None)
    assert not box.state(1).exists()


@contextmanager
def pulled_after(steps: int, stick: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stick goes at its write number `steps`; what was not renamed is half there."""
    left = [steps]
    real_rename, real_open = Path.rename, os.open

    def step(path: Path) -> None:
        if stick in path.parents:
            if not left[0]:
                raise PulledOutError
            left[0] -= 1

    def rename(path: Path, target: Path) -> Path:
        step(path)
        return real_rename(path, target)

    def opened(path: Any, flags: int, *mode: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            try:
                step(Path(path))
            except PulledOutError:
                Path(path).write_bytes(b"hal")
                raise
        return real_open(path, flags, *mode, **named)

    with patch.context() as context:
        context.setattr(Path, "rename", rename)
        context.setattr(os, "open", opened)
        yield


def interrupted(
    visit: Callable[[], object], box: Box, patch: pytest.MonkeyPatch, most: int = 12
) -> int:
    """The visit, cut off at each of its writes, then whole; returns how many cuts there were."""
    for steps in range(most):
        try:
            with pulled_after(steps, box.stick, patch):
                visit()
            return steps
        except PulledOutError:
            continue
    raise AssertionError("the visit never ends")


def test_stick_may_be_pulled_at_any_write(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put in once more it goes on: keys stay the same, no file is half there."""
    box.lay_out()
    assert interrupted(lambda: box.plug(1), box, monkeypatch) >= 2
    key = provide_device_key(box.state(1)).private_bytes_raw()
    assert "1 to be plugged in again" in box.sign()
    assert interrupted(lambda: box.plug(1), box, monkeypatch) >= 2
    assert provide_device_key(box.state(1)).private_bytes_raw() == key
    assert box.sheet()[-1] == "1 done, 1 not plugged in yet, 0 with reason"
    parts = [path for path in box.stick.rglob("*.part") if path.stat().st_size]
    assert not parts


def test_full_stick_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the journal, since nothing can be written on it."""
    box.lay_out()
    monkeypatch.setattr("scanner.assembly.stick.os.fsync", _no_space)
    code, said = box.plug(1)
    assert (code, "full or locked" in said) == (STORE, True)


def _no_space(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself up")
def test_root_gives_itself_up_before_it_makes_keys(box: Box) -> None:
    """What reads an answer from a stick runs as the owner of the state folder."""
    box.lay_out()
    for folder in (*box.folder.parents, box.folder):
        if folder.stat().st_uid == 0 and "pytest" in str(folder):
            folder.chmod(0o755)
    for path in (box.stick, *box.stick.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    box.state(1).mkdir(parents=True)
    os.chown(box.state(1), 12345, 12346)
    child = os.fork()
    if not child:
        os._exit(box.plug(1)[0])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    owners = {path.name: path.stat().st_uid for path in box.state(1).iterdir()}
    assert set(owners.values()) == {12345}
    assert {"device.key", "tls.key"} <= owners.keys()
    assert (box.board(1) / "etc/checkpoint.toml").stat().st_uid == 0
