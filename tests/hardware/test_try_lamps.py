"""`python -m hardware.try_lamps`: every signal that is asked for, and what went wrong."""

from __future__ import annotations

import pytest

from hardware.pins import Gpio
from hardware.try_lamps import ANSWERS, main, show_each
from scanner.core.errors import DeviceError
from scanner.core.reasons import SignalName
from scanner.core.signal import Lamps
from tests.hardware.bench import Bench


def test_shows_each_signal_in_its_turn(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Announced by its name, then shown and sounded."""
    indicator = bench.indicator()
    names = [SignalName.ADMIT, SignalName.REFUSE]
    assert show_each(indicator, names, lambda: bench.run(4.0, indicator)) is None
    lit = [shown.lamps for shown in bench.recorder.history if shown.hz is not None]
    assert lit == [Lamps(green=True)] + [Lamps(red=True)] * 3
    assert capsys.readouterr().out.splitlines() == [
        "try_lamps: admit          PASS",
        "try_lamps: refuse         STOP",
    ]
    indicator.close()


def test_answers_are_all_that_follow_a_presentation() -> None:
    """Without names, whoever watches sees each answer that an officer may get."""
    assert {name.value for name in ANSWERS} == {
        "self-test", "admit", "admit-seen", "refuse", "compare", "scanner", "not-a-pass",
        "specimen",
    }  # fmt: skip


def test_chip_that_cannot_be_opened_is_an_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 1 and what to do."""

    def refuse(name: str) -> Gpio:
        raise DeviceError(f"Run this on a Raspberry Pi, not with {name}.")

    assert main([], open_chip=refuse) == 1
    assert capsys.readouterr().err == "try_lamps: Run this on a Raspberry Pi, not with lgpio.\n"


def test_lamps_are_off_at_the_end(bench: Bench) -> None:
    """Exit 0, every line low and free for the scanner."""
    assert main(["fault", "--seconds", "0"], open_chip=lambda _name: bench.chip.open()) == 0
    assert bench.chip.high_lines == []


def test_fault_is_told(bench: Bench) -> None:
    """A lamp that cannot be driven comes back as what to check."""
    indicator = bench.indicator()
    bench.chip.break_line(17)
    fault = show_each(indicator, [SignalName.ADMIT], lambda: bench.run(0.1, indicator))
    assert fault is not None
    assert fault.startswith("E-LAMP: check the wire of the green lamp")
    indicator.close()


@pytest.mark.parametrize("name", ["admitted", ""])
def test_unknown_signal_is_refused(name: str, bench: Bench) -> None:
    """A typing mistake shows nothing and exits as wrong usage."""
    with pytest.raises(SystemExit, match="2"):
        main([name], open_chip=lambda _name: bench.chip.open())
