"""The scanner that types, on a pipe of input events: a build machine has no input device."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware import hand_scanner
from hardware.hand_scanner import EVIOCGRAB, MOST_WAITING, TypingScanner, open_grabbed
from hardware.typed_keys import IDLE_S
from scanner.core.errors import DeviceError
from scanner.ports import Typed
from tests.hardware.keyboard import ENTER, Keyboard, stroke, typed
from tests.hardware.played import Hand, poll_until


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    made = Keyboard(tmp_path / "usb-Scanner-event-kbd")
    yield made
    made.close()


@pytest.fixture
def scanner(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> Iterator[TypingScanner]:
    """Looks for its device a hundred times a second."""
    monkeypatch.setattr(hand_scanner, "RETRY_S", 0.01)
    made = TypingScanner(keyboard.path, Hand(), keyboard.open)
    yield made
    made.close()


def next_of(scanner: TypingScanner) -> Typed:
    found: list[Typed] = []

    def has_come() -> bool:
        if (code := scanner.take()) is not None:
            found.append(code)
        return bool(found)

    poll_until(has_come)
    return found[0]


def test_a_code_is_handed_out_once_with_its_time(
    scanner: TypingScanner, keyboard: Keyboard
) -> None:
    """The moment is that of Enter."""
    keyboard.write(typed("MP1:6BF +70*") + stroke(ENTER))
    assert next_of(scanner) == Typed(b"MP1:6BF +70*", 1000.0)
    assert scanner.take() is None


def test_events_may_come_in_pieces(scanner: TypingScanner, keyboard: Keyboard) -> None:
    """A read may end within an event."""
    raw = typed("MP1:AB") + stroke(ENTER)
    keyboard.write(raw[:35])
    keyboard.write(raw[35:])
    assert next_of(scanner).payload == b"MP1:AB"


def test_a_long_code_is_read_whole(scanner: TypingScanner, keyboard: Keyboard) -> None:
    """Far more events than the kernel's buffer holds."""
    text = "MP1:" + "0123456789ABCDEF:%" * 50
    keyboard.write(typed(text) + stroke(ENTER))
    assert next_of(scanner).payload == text.encode()


def test_a_scanner_is_unplugged_and_plugged_in_again(
    scanner: TypingScanner, keyboard: Keyboard, caplog: pytest.LogCaptureFixture
) -> None:
    """Told once in the journal; half a code from before is not joined to what comes after."""
    poll_until(lambda: keyboard.opened == 1)
    keyboard.write(typed("MP1:HALF"))
    with caplog.at_level(logging.WARNING):
        keyboard.unplug()
        poll_until(lambda: scanner.fault is not None)
        assert "Plug it in" in (scanner.fault or "")
        again = Keyboard(keyboard.path)
        scanner._open = again.open
        poll_until(lambda: scanner.fault is None and again.opened == 1)
    again.write(typed("MP1:NEW") + stroke(ENTER))
    assert next_of(scanner).payload == b"MP1:NEW"
    assert [record.message for record in caplog.records].count("the hand scanner is there") == 1
    again.close()


def test_a_code_that_breaks_off_is_told(keyboard: Keyboard) -> None:
    """As one without bytes, so that the officer scans it again."""
    clock = Hand()
    scanner = TypingScanner(keyboard.path, clock, keyboard.open)
    keyboard.write(typed("MP1:HALF"))
    taken: list[Typed] = []

    def has_been_given_up() -> bool:
        clock.now_s += IDLE_S / 100
        if (code := scanner.take()) is not None:
            taken.append(code)
        return bool(taken)

    poll_until(has_been_given_up)
    assert taken[0].payload == b""
    scanner.close()


def test_a_loop_that_hangs_gets_the_first_few(scanner: TypingScanner, keyboard: Keyboard) -> None:
    """Whatever is typed meanwhile, no memory is filled."""
    for number in range(3 * MOST_WAITING):
        keyboard.write(typed(f"{number}") + stroke(ENTER))
    poll_until(scanner._codes.full)
    payloads = [next_of(scanner).payload for _ in range(MOST_WAITING)]
    assert payloads == [b"%d" % number for number in range(MOST_WAITING)]


def test_closing_frees_the_device(keyboard: Keyboard) -> None:
    """Twice is once."""
    before = set(os.listdir("/proc/self/fd"))
    scanner = TypingScanner(keyboard.path, Hand(), keyboard.open)
    poll_until(lambda: keyboard.opened == 1)
    scanner.close()
    scanner.close()
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_file_in_the_place_of_a_device_is_refused(tmp_path: Path) -> None:
    """Only a character device is asked for its events, and nothing stays open."""
    path = tmp_path / "usb-x-event-kbd"
    path.write_bytes(b"x")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(DeviceError, match="no input device"):
        open_grabbed(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_device_that_another_program_has_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers would each see the pass: then neither does, and the fault says why."""

    def busy(device: int, request: int, argument: int) -> int:
        assert (request, argument) == (EVIOCGRAB, 1)
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(fcntl, "ioctl", busy)
    with pytest.raises(DeviceError, match="End the program that uses /dev/null"):
        open_grabbed(Path("/dev/null"))


def test_a_device_is_grabbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first event is read: nothing of it reaches a console."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda _, *rest: asked.append(rest))
    os.close(open_grabbed(Path("/dev/null")))
    assert asked == [(0x40044590, 1)]
