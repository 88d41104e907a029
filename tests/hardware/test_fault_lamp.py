"""The fault pattern without the scanner: the same pins, labels and rhythm as the scanner's own."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest

from hardware import fault_lamp
from hardware.fault_lamp import BEEP_EVERY_S, BEEP_S, TONE_HZ, Pins, blink, find_header, pins_of
from hardware.gpiochip import HEADER_LABELS
from scanner.config import Settings
from scanner.core.pattern import buzzes_at, lamps_at, tone_at
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS

FAULT = SIGNALS[SignalName.FAULT]


def played(turns: int, *, is_piezo: bool = False) -> list[tuple[float, bool, bool]]:
    """(seconds since the start, red, buzzer) at each change that the program makes."""
    now_s, seen = 0.0, []

    def drive(red: bool, buzzer: bool) -> None:
        seen.append((now_s, red, buzzer))

    def sleep(for_s: float) -> None:
        nonlocal now_s
        now_s += for_s

    blink(drive, sleep, turns, is_piezo=is_piezo)
    return seen


def test_red_blinks_as_the_table_of_signals_says() -> None:
    """The officer sees the one fault pattern, whoever shows it."""
    for at_s, red, _ in played(turns=20):
        lamps = lamps_at(FAULT, at_s + 0.001)
        assert (lamps.red, lamps.green) == (red, False), at_s


def test_beep_is_that_of_the_table_and_never_beside_a_lamp() -> None:
    """A beep of the same length at first and every thirty seconds, while red is dark."""
    sounds = [(at_s, red) for at_s, red, buzzer in played(turns=31) if buzzer]
    assert len(sounds) == 3
    assert not any(red for _, red in sounds)
    assert FAULT.repeat_s == BEEP_EVERY_S
    assert [sounds[n + 1][0] - sounds[n][0] for n in range(2)] == pytest.approx([30.0, 30.0])
    assert FAULT.beeps[0].on_s == FAULT.tones[0].for_s == BEEP_S
    assert buzzes_at(FAULT, 0.0)
    assert tone_at(FAULT, 0.0) == TONE_HZ


def test_piezo_is_given_waves() -> None:
    """Five hundred changes up a second for a fifth of a second, and silence after them."""
    levels = [buzzer for _, _, buzzer in played(turns=1, is_piezo=True)]
    assert levels.count(True) == round(BEEP_S * TONE_HZ)
    assert levels[-1] is False


def test_pins_and_labels_are_those_of_the_scanner() -> None:
    """Defaults of the settings, and the chips that are a header."""
    pins, ours = Settings().pins, Pins()
    assert (ours.green, ours.red, ours.buzzer) == (pins.green, pins.red, pins.buzzer)
    assert fault_lamp.HEADER_LABELS == HEADER_LABELS


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[pins]\nred = 5\ngreen = 6\nbuzzer = 12\namber = 13\n", (5, 12, 6, 13)),
        ("[pins]\nred = 5\n", (5, 18, 17, 23)),
        ("[pins]\nred = true\n", (27, 18, 17, 23)),
        ("[pins]\nred = 540\n", (27, 18, 17, 23)),
        ("pins = 3\n", (27, 18, 17, 23)),
        ("[pins\n", (27, 18, 17, 23)),
        ("", (27, 18, 17, 23)),
    ],
)
def test_other_wiring_is_read_and_a_damaged_file_is_no_hindrance(
    text: str, lines: tuple[int, ...], tmp_path: Path
) -> None:
    """Settings count where they can be read; whatever is wrong with them, the defaults do."""
    file = tmp_path / "checkpoint.toml"
    file.write_text(text)
    assert pins_of(file).lines == lines
    assert pins_of(tmp_path / "none").lines == Pins().lines


def test_header_is_found_by_its_label(tmp_path: Path) -> None:
    """Chips that cannot be opened and other chips are passed over; without a header: why."""
    labels = {"gpiochip0": "brcmvirt-gpio", "gpiochip1": None, "gpiochip13": "pinctrl-rp1"}

    def label_of(chip: Path) -> str:
        if (label := labels[chip.name]) is None:
            raise PermissionError(13, "closed")
        return label

    for name in labels:
        (tmp_path / name).touch()
    assert find_header(tmp_path, label_of).name == "gpiochip13"
    labels["gpiochip13"] = "another"
    with pytest.raises(OSError, match="none of"):
        find_header(tmp_path, label_of)


def test_two_headers_are_none(tmp_path: Path) -> None:
    """Nothing is driven on a chip that may be the wrong one; a second name of one is no second."""
    for name in ("gpiochip0", "gpiochip3"):
        (tmp_path / name).touch()
    (tmp_path / "gpiochip4").symlink_to("gpiochip0")
    labels = {"gpiochip0": "pinctrl-rp1", "gpiochip3": "another"}
    assert find_header(tmp_path, lambda chip: labels[chip.name]).name == "gpiochip0"
    labels["gpiochip3"] = "pinctrl-bcm2835"
    with pytest.raises(OSError, match="gpiochip0 and gpiochip3 both say"):
        find_header(tmp_path, lambda chip: labels[chip.name])


def test_two_headers_are_told_instead_of_darkened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is taken of either, and the journal says why."""
    for name in ("gpiochip0", "gpiochip1"):
        (tmp_path / name).touch()
    both = monkeypatch.setattr
    both(fault_lamp, "find_header", lambda dev: find_header(dev, lambda _: "pinctrl-rp1"))
    both(fault_lamp, "take_lines", lambda *_: pytest.fail("a line was taken"))
    assert fault_lamp.main(["--dark", "--dev", str(tmp_path)]) == 1
    assert "remove one of two GPIO chips" in capsys.readouterr().err


def test_line_that_is_held_does_not_keep_the_others_lit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each by itself; the one that is not free is named."""
    taken = list[int]()

    def take(_: Path, pins: Pins) -> int:
        (line,) = pins.lines
        if line == pins_of(tmp_path).red:
            raise OSError(16, "busy")
        taken.append(line)
        return os.open(os.devnull, os.O_RDONLY)

    monkeypatch.setattr(fault_lamp, "find_header", lambda dev: dev)
    monkeypatch.setattr(fault_lamp, "take_lines", take)
    assert fault_lamp.main(["--dark", "--dev", str(tmp_path)]) == 1
    assert taken == [18, 17, 23]
    assert "GPIO27 is not free" in capsys.readouterr().err


def test_kernel_structures_have_their_sizes() -> None:
    """The size is part of each call's number [asm-generic/ioctl.h]; linux/gpio.h fixes both."""
    for number, layout in (
        (fault_lamp._GET_CHIPINFO, fault_lamp._CHIP_INFO),
        (fault_lamp._GET_LINES, fault_lamp._REQUEST),
        (fault_lamp._SET_VALUES, fault_lamp._VALUES),
    ):
        assert number >> 16 & 0x3FFF == layout.size


def test_without_a_chip_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dark cannot be promised then, and systemd's journal tells why."""
    assert fault_lamp.main(["--dark", "--dev", str(tmp_path)]) == 1
    assert "none of" in capsys.readouterr().err


def test_it_stands_on_the_standard_library_alone() -> None:
    """A damaged library of the scanner must not keep the fault from being shown."""
    tree = ast.parse(Path(fault_lamp.__file__).read_text("utf-8"))
    names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert all((name or "").split(".")[0] in sys.stdlib_module_names for name in names)
