"""The trigger on a line of the kernel: told of by the kernel, and by nobody else."""

from __future__ import annotations

import errno
import fcntl
import os
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware import line_button
from hardware.line_button import EVENT, REQUEST, VALUES, LineButton, open_button, request_line
from hardware.pins import BOUNCE_S, Button

PATIENCE_S = 20.0


@dataclass
class Finger:
    """Tells of edges as the kernel does, through a pipe; what the button heard comes out."""

    button: LineButton
    edges: int
    heard: queue.Queue[str]

    def tell(self, *edges: int) -> None:
        os.write(self.edges, b"".join(EVENT.pack(1, edge, 22, 1, 1, b"") for edge in edges))

    def hear(self, count: int) -> list[str]:
        return [self.heard.get(timeout=PATIENCE_S) for _ in range(count)]


@pytest.fixture
def finger() -> Iterator[Finger]:
    line, edges = os.pipe()
    heard: queue.Queue[str] = queue.Queue()
    button = LineButton(line, lambda fd: fd == line)
    button.when_activated = lambda: heard.put("down")
    button.when_deactivated = lambda: heard.put("up")
    yield Finger(button, edges, heard)
    button.close()
    os.close(edges)


def test_each_edge_is_told_in_its_order(finger: Finger) -> None:
    """One that comes alone, and several that come at once."""
    button: Button = finger.button
    assert button.is_active
    finger.tell(1)
    assert finger.hear(1) == ["down"]
    finger.tell(2, 1, 2)
    assert finger.hear(3) == ["up", "down", "up"]


def test_edge_that_nobody_waits_for_is_let_go(finger: Finger) -> None:
    """Whoever only asks for the level need not listen."""
    finger.button.when_activated = None
    finger.tell(1, 2)
    assert finger.hear(1) == ["up"]


def test_closed_button_has_let_go_of_its_line(finger: Finger) -> None:
    """The line is free, its thread has ended, and a second close does nothing."""
    line = finger.button._line
    finger.button.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(line)
    finger.button.close()
    assert not finger.button._thread.is_alive()


def test_chip_that_goes_ends_the_watching(finger: Finger) -> None:
    """Nothing is told any more, and nothing turns in circles."""
    os.close(finger.edges)
    finger.edges = os.open(os.devnull, os.O_WRONLY)
    finger.button._thread.join(PATIENCE_S)
    assert not finger.button._thread.is_alive()


def test_line_that_cannot_be_read_is_not_pressed() -> None:
    """A stuck button must not be made up."""

    def gone(_line: int) -> bool:
        raise OSError(errno.ENODEV, "gone")

    line, edges = os.pipe()
    button = LineButton(line, gone)
    assert not button.is_active
    button.close()
    os.close(edges)


def test_line_is_asked_for_as_the_kernel_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An input that is pulled up, pressed when low, both edges, bounces left out [linux/gpio.h]."""
    chip = tmp_path / "gpiochip0"
    chip.touch()
    asked = []

    def answer(_file: object, number: int, request: bytearray) -> None:
        fields = REQUEST.unpack(request)
        asked.append((number, fields[0], *fields[64:67], *fields[68:72], fields[73]))
        request[-4:] = (7).to_bytes(4, "little")

    monkeypatch.setattr(fcntl, "ioctl", answer)
    assert request_line(chip, 22, BOUNCE_S) == 7
    name = b"scanner-trigger".ljust(32, b"\0")
    assert asked == [(0xC250B407, 22, name, 0x136, 1, 3, 0, 20_000, 1, 1)]


def test_line_that_is_held_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the kernel's own; who holds the line is told where pins are opened."""
    chip = tmp_path / "gpiochip0"
    chip.touch()

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(fcntl, "ioctl", busy)
    with pytest.raises(OSError, match="busy"):
        open_button(chip, 22, BOUNCE_S)


def test_level_is_asked_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first bit is the only line."""
    for bits in (0, 1):
        monkeypatch.setattr(fcntl, "ioctl", lambda *_, bits=bits: VALUES.pack(bits, 1))
        assert line_button.read_level(0) is bool(bits)


def test_structures_have_the_kernels_size() -> None:
    """The size is part of each call's number; an event is 48 bytes."""
    assert (REQUEST.size, VALUES.size, EVENT.size) == (0x250, 0x10, 48)
