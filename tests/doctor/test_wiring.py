"""`--only wiring`: what lights on which wire, by what somebody answers; and a press, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from hardware.pins import Sounder, Wiring
from hardware.simulated_gpio import SimulatedChip
from scanner.assembly.wiring import HZ, LIT_S, SOUND_S, WiredParts, wired_parts
from scanner.config import Settings, parse_settings
from scanner.core.errors import DeviceError
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.wiring import PRESS_S, check_wiring

SETTINGS = parse_settings("", "x.toml")


class Board:
    """Lines of a simulated chip, and a clock that runs only while somebody waits."""

    def __init__(self, path: Path, wiring: Wiring) -> None:
        self.now_s = 100.0
        self.seen: list[tuple[float, int, bool, float | None]] = []
        self.chip = SimulatedChip(path, self._note)
        self.gpio = self.chip.open()
        self.parts = WiredParts(self.gpio, wiring, self.sleep, lambda: self.now_s)
        self.events: dict[float, Callable[[], None]] = {}

    def _note(self, line: int, high: bool, hz: float | None) -> None:
        self.seen.append((round(self.now_s, 3), line, high, hz))

    def sleep(self, seconds: float) -> None:
        """Time goes by, and a finger comes in its time."""
        self.now_s += seconds
        for at_s in [at_s for at_s in self.events if at_s <= self.now_s]:
            self.events.pop(at_s)()

    def lit(self) -> list[tuple[float, int]]:
        """When each line became high."""
        return [(at_s, line) for at_s, line, high, _ in self.seen if high]

    @contextmanager
    def open(self, _: Settings) -> Iterator[WiredParts]:
        yield self.parts

    def finger(self, at_s: float, *, down: bool) -> None:
        pin = self.gpio.factory.pin(22)  # type: ignore[attr-defined]  # gpiozero's mock
        self.events[at_s] = pin.drive_low if down else pin.drive_high


class AlwaysPressed(WiredParts):
    """The contact never opens."""

    def is_pressed(self) -> bool:
        return True


class Technician:
    """Answers no to what a word of `no` stands in."""

    def __init__(self, *no: str) -> None:
        self.no, self.heard = no, []  # type: tuple[str, ...], list[str]

    def tell(self, words: str) -> None:
        self.heard.append(words)

    def confirm(self, question: str) -> bool:
        self.heard.append(question)
        return not any(word in question for word in self.no)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path / "chip", Wiring(amber=23))
    yield made
    made.chip.close()


def found(board: Board, technician: Technician) -> list[Finding]:
    return list(check_wiring(SETTINGS, technician, board.open))


def test_lamps_are_lit_one_after_the_other(board: Board) -> None:
    """Green, red, amber, then the buzzer, each alone, and all dark in the end."""
    technician = Technician()
    findings = found(board, technician)
    assert board.lit()[:4] == [
        (100.0, 17),
        (100.0 + LIT_S, 27),
        (100.0 + 2 * LIT_S, 23),
        (100.0 + 3 * LIT_S, 18),
    ]
    assert board.chip.high_lines == []
    assert "Did you see green, then red, then amber?" in technician.heard
    assert [finding.id for finding in findings] == [
        "E-WIRING-LAMP",
        "E-WIRING-BUZZER",
        "E-WIRING-BUTTON",
    ]


def test_lamp_that_was_not_seen_is_found_by_its_wire(board: Board) -> None:
    """After a no each is lit alone again, and the one that stays dark is named with its pin."""
    findings = found(board, Technician("then red", "Was red"))
    grades = {finding.found: finding.grade for finding in findings[:3]}
    assert grades == {
        "green is on GPIO17": Grade.OK,
        "red is not on GPIO27, or is dark": Grade.FAILURE,
        "amber is on GPIO23": Grade.OK,
    }


def test_silent_buzzer_is_a_warning(board: Board) -> None:
    """The lamps still speak."""
    told = found(board, Technician("hear"))[1]
    assert (told.id, told.grade) == ("E-WIRING-BUZZER", Grade.WARNING)
    assert "pins.sound" in told.fix


def test_press_is_measured(board: Board) -> None:
    """From the finger's coming to its going."""
    begun_s = 100.0 + 3 * LIT_S + SOUND_S
    board.finger(begun_s + 1.0, down=True)
    board.finger(begun_s + 1.25, down=False)
    told = found(board, Technician())[-1]
    assert told.grade is Grade.OK
    assert told.found == "pressed for 250 ms on GPIO22"


def test_button_that_nobody_presses_is_a_warning(board: Board) -> None:
    """After a quarter of a minute."""
    told = found(board, Technician())[-1]
    assert (told.id, told.grade) == ("E-WIRING-BUTTON", Grade.WARNING)
    assert board.now_s >= 100.0 + PRESS_S


def test_button_that_is_pressed_before_is_wired_wrong(board: Board) -> None:
    """Or stuck: no press could be told from it."""
    board.parts = AlwaysPressed(board.gpio, Wiring(), board.sleep, lambda: board.now_s)
    told = found(board, Technician())[-1]
    assert (told.grade, told.found) == (
        Grade.WARNING,
        "GPIO22 is pressed already, or wired to ground",
    )


def test_press_without_an_end_is_none(board: Board) -> None:
    """A finger that stays is no press."""
    board.finger(101.0, down=True)
    assert board.parts.await_press(5.0) is None


def test_device_without_button_is_well(tmp_path: Path) -> None:
    """It is said that none is configured."""
    board = Board(tmp_path / "chip", Wiring(trigger=None))
    assert found(board, Technician())[-1].found == "no button is configured"
    assert not board.parts.is_pressed()
    assert board.parts.await_press(1.0) is None
    board.chip.close()


def test_piezo_plays_a_tone(tmp_path: Path) -> None:
    """What is wired says the settings; a level alone would be silent."""
    board = Board(tmp_path / "chip", Wiring(sounder=Sounder.PIEZO))
    board.parts.sound()
    (tone,) = {hz for _, line, high, hz in board.seen if line == 18 and high}
    assert tone == pytest.approx(HZ)
    assert board.chip.high_lines == []
    board.chip.close()


def test_busy_pins_say_to_stop_the_scanner() -> None:
    """The usual reason."""

    def busy(_: Settings) -> AbstractContextManager[WiredParts]:
        raise DeviceError("Free GPIO17: it is held by 'lg'.")

    (told,) = check_wiring(SETTINGS, Technician(), busy)
    assert (told.id, told.grade) == ("E-WIRING", Grade.FAILURE)
    assert "systemctl stop scanner" in told.fix


def test_nobody_is_asked_where_nobody_is() -> None:
    """And nothing is lit."""
    (told,) = check_wiring(SETTINGS, None)
    assert (told.id, told.grade) == ("E-WIRING", Grade.WARNING)


def test_pins_of_the_settings_are_opened_and_closed() -> None:
    """Mock pins here; the same way on a device."""
    settings = parse_settings('[pins]\nfactory = "mock"\namber = 23\n', "x.toml")
    with wired_parts(settings) as parts:
        assert parts.lamps == {"green": 17, "red": 27, "amber": 23}
        assert (parts.buzzer, parts.trigger, parts.is_pressed()) == (18, 22, False)
