"""Lamps and buzzer on simulated pins: what the table says is what the lines do."""

from __future__ import annotations

import itertools

import pytest

from hardware.indicator import GpioIndicator
from hardware.pins import Sounder, Wiring, open_mock
from scanner.core.errors import DeviceError
from scanner.core.pattern import lamps_at
from scanner.core.reasons import SignalName
from scanner.core.signal import NO_LAMPS, SIGNALS, Lamps
from scanner.ports import Indicator
from tests.hardware.bench import Bench, MakeBench

GREEN, RED = Lamps(green=True), Lamps(red=True)
ADMIT, REFUSE = SIGNALS[SignalName.ADMIT], SIGNALS[SignalName.REFUSE]
BREAKABLE = [("red", 27), ("green", 17)]


def lit(bench: Bench) -> list[Lamps]:
    """What was lit, one after the other."""
    return [
        lamps for lamps, _ in itertools.groupby(shown.lamps for shown in bench.recorder.history)
    ]


def heard(bench: Bench) -> list[float]:
    """What sounded, one after the other; an active buzzer is 0 Hz."""
    sounds = itertools.groupby(shown.hz for shown in bench.recorder.history)
    return [hz for hz, _ in sounds if hz is not None]


def test_is_the_port_of_the_loop(bench: Bench) -> None:
    """The loop can be joined to it."""
    port: Indicator = bench.indicator()
    assert port.fault is None
    port.close()


@pytest.mark.parametrize("name", SignalName)
@pytest.mark.parametrize("amber", [None, 23])
def test_lines_follow_the_table(make_bench: MakeBench, name: SignalName, amber: int | None) -> None:
    """At every hundredth of a second the lamps are those of the table for that moment."""
    bench = make_bench(amber=amber)
    indicator = bench.indicator()
    start_s = bench.clock.monotonic_s()
    indicator.show(SIGNALS[name])
    indicator.confirm()
    for _ in range(400):
        bench.run(0.01, indicator)
        wanted = lamps_at(
            SIGNALS[name],
            bench.clock.monotonic_s() - start_s,
            confirmed_s=0.0,
            has_amber=amber is not None,
        )
        assert bench.recorder.lamps == wanted
    indicator.close()
    assert bench.chip.high_lines == []


def test_lamp_comes_at_once_and_the_sound_after_the_commit(bench: Bench) -> None:
    """Order: lamp, record committed, beep."""
    indicator = bench.indicator()
    indicator.show(ADMIT)
    assert bench.recorder.lamps == GREEN
    bench.run(0.3, indicator)
    assert heard(bench) == []
    indicator.confirm()
    bench.run(0.3, indicator)
    assert heard(bench) == [0.0]
    indicator.close()


def test_record_that_does_not_come_turns_green_into_scanner(bench: Bench) -> None:
    """Green for a second, then dark, slow red, and the sound of SCANNER; no late green."""
    indicator = bench.indicator()
    indicator.show(ADMIT)
    bench.run(1.2, indicator)
    indicator.confirm()
    bench.run(1.5, indicator)
    assert lit(bench) == [GREEN, NO_LAMPS, RED, NO_LAMPS]
    assert heard(bench) == [0.0]
    indicator.close()


def test_code_that_leaves_makes_green_dark_early(bench: Bench) -> None:
    """Half a second after the code has left, but not before 0.8 s."""
    indicator = bench.indicator()
    indicator.show(ADMIT)
    indicator.confirm()
    bench.run(0.1, indicator)
    indicator.end_view()
    bench.run(0.65, indicator)
    indicator.end_view()  # only the first counts
    assert bench.recorder.lamps == GREEN
    bench.run(0.1, indicator)
    assert bench.recorder.lamps == NO_LAMPS
    indicator.close()


def test_another_signal_pre_empts_at_once(bench: Bench) -> None:
    """A new verdict replaces the old one without a moment of both."""
    indicator = bench.indicator()
    for signal in (ADMIT, REFUSE, ADMIT, REFUSE):
        indicator.show(signal)
        indicator.confirm()
        bench.run(0.2, indicator)
    assert lit(bench) == [GREEN, RED, GREEN, RED]
    indicator.close()


def test_piezo_plays_the_tones_of_the_table(make_bench: MakeBench) -> None:
    """REFUSE: three bursts that fall from 1.2 to 0.6 kHz."""
    bench = make_bench(sounder=Sounder.PIEZO)
    indicator = bench.indicator()
    indicator.show(REFUSE)
    indicator.confirm()
    bench.run(1.0, indicator)
    assert heard(bench) == pytest.approx([1200, 600] * 3)
    assert not bench.is_high(18)
    indicator.close()


@pytest.mark.parametrize(("name", "line"), BREAKABLE)
def test_broken_lamp_makes_everything_dark_and_is_told(bench: Bench, name: str, line: int) -> None:
    """One lamp alone must not say what the two do not: all dark, and the wire is named."""
    indicator = bench.indicator()
    bench.chip.break_line(line)
    indicator.show(SIGNALS[SignalName.COMPARE])
    indicator.confirm()
    bench.run(3.0, indicator)
    assert indicator.fault is not None
    assert indicator.fault.startswith(f"E-LAMP: check the wire of the {name} lamp")
    assert bench.recorder.lamps == NO_LAMPS
    other = ADMIT if name == "red" else REFUSE
    indicator.show(other)
    indicator.confirm()
    bench.run(0.5, indicator)
    assert not bench.is_high(17)
    assert not bench.is_high(27)
    indicator.close()


def test_red_still_blinks_the_fault_of_the_green_lamp(bench: Bench) -> None:
    """With a broken green lamp the fault pattern is shown by the red one."""
    indicator = bench.indicator()
    bench.chip.break_line(17)
    indicator.show(ADMIT)
    indicator.show(SIGNALS[SignalName.FAULT])
    bench.run(2.5, indicator)
    assert lit(bench).count(RED) == 4
    assert not bench.is_high(17)
    indicator.close()


def test_broken_buzzer_leaves_the_lamps_at_work(make_bench: MakeBench) -> None:
    """A mute scanner still shows its verdicts, and says that it is mute."""
    for sounder in Sounder:
        bench = make_bench(sounder=sounder)
        indicator = bench.indicator()
        bench.chip.break_line(18)
        indicator.show(REFUSE)
        indicator.confirm()
        bench.run(0.5, indicator)
        assert bench.recorder.lamps == RED
        assert indicator.fault is not None
        assert indicator.fault.startswith("E-BUZZER")
        indicator.close()
        assert not bench.is_high(27)


def test_lamp_that_breaks_while_lit_leaves_no_other_lamp_on(bench: Bench) -> None:
    """A green lamp that cannot be put out: nothing else is lit, and the fault says so."""
    indicator = bench.indicator()
    indicator.show(ADMIT)
    bench.chip.break_line(17)
    indicator.show(REFUSE)
    assert bench.is_high(17)  # only another process or the switch can help now
    assert not bench.is_high(27)
    assert indicator.fault is not None
    indicator.close()


def test_pins_taken_before_an_error_are_given_back() -> None:
    """When the buzzer's pin is taken, the lamps' pins are free again afterwards."""
    gpio = open_mock()
    holder = gpio.lamp(18)
    with pytest.raises(DeviceError, match="GPIO18"):
        GpioIndicator(gpio, Wiring(), lambda: 0.0, in_thread=False)
    gpio.lamp(17).close()
    gpio.lamp(27).close()
    holder.close()


def test_close_is_dark_and_may_be_repeated(bench: Bench) -> None:
    """After close nothing is lit, and a second close changes nothing."""
    for in_thread in (False, True):
        indicator = bench.indicator(in_thread=in_thread)
        indicator.show(ADMIT)
        indicator.close()
        indicator.close()
        assert bench.chip.high_lines == []
        assert indicator.fault is None
