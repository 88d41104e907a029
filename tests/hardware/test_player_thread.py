"""The thread that drives the pins: whatever hangs or breaks, no lamp stays lit."""

from __future__ import annotations

import itertools
import threading

import pytest

from hardware.indicator import SHORTEST_SLEEP_S, GpioIndicator
from hardware.kept_lamps import BEAT_EVERY_S
from hardware.simulated import SimulatedClock
from scanner.core.reasons import SignalName
from scanner.core.signal import NO_LAMPS, SIGNALS
from tests.hardware.bench import Bench

ADMIT = SIGNALS[SignalName.ADMIT]


def test_green_goes_dark_when_the_loop_hangs(bench: Bench) -> None:
    """A loop that hangs for ever after showing green does not keep it on beyond 1.5 s."""
    indicator = bench.indicator(in_thread=True)
    never = threading.Event()

    def loop() -> None:
        indicator.show(ADMIT)
        indicator.confirm()
        never.wait()

    hanging = threading.Thread(target=loop, daemon=True)
    hanging.start()
    assert bench.wait_until(lambda: bench.is_high(17))
    bench.clock.advance(1.49)
    assert bench.is_high(17)
    bench.clock.advance(0.02)
    assert bench.wait_until(lambda: not bench.is_high(17))
    assert hanging.is_alive()
    never.set()
    hanging.join()
    indicator.close()


def test_green_goes_dark_when_the_disk_hangs(bench: Bench) -> None:
    """A commit that never returns: green for one second, then SCANNER."""
    indicator = bench.indicator(in_thread=True)
    indicator.show(ADMIT)
    assert bench.wait_until(lambda: bench.is_high(17))
    bench.clock.advance(1.01)
    assert bench.wait_until(lambda: not bench.is_high(17))
    bench.clock.advance(0.9)
    assert bench.wait_until(lambda: bench.is_high(27))
    assert not bench.is_high(17)
    indicator.close()


class Sleep(threading.Event):
    """Lets simulated time go by as long as the player sleeps; sets `stop` after ten seconds."""

    def __init__(self, clock: SimulatedClock, stop: threading.Event) -> None:
        super().__init__()
        self.clock, self.stop, self.times = clock, stop, 0
        self.end_s = clock.monotonic_s() + 10.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert 0 < timeout <= BEAT_EVERY_S
        self.clock.advance(timeout)
        self.times += 1
        if self.clock.monotonic_s() >= self.end_s:
            self.stop.set()
        return False


@pytest.mark.parametrize("name", SignalName)
def test_player_sleeps_through_no_change(bench: Bench, name: SignalName) -> None:
    """It looks when something changes and at each beat, and lamps and sound are as in the table."""
    indicator, begins_s = bench.indicator(), bench.clock.monotonic_s()
    indicator._wake = sleep = Sleep(bench.clock, indicator._stop)
    indicator.show(SIGNALS[name])
    indicator.confirm()
    showing = indicator._player.showing
    indicator._play()
    assert sleep.times < 10.0 / BEAT_EVERY_S + 60
    history = [shown for shown in bench.recorder.history if shown.at_s < sleep.end_s]
    for shown, following in itertools.pairwise(history):
        if following.at_s - shown.at_s > 2 * SHORTEST_SLEEP_S:
            for moment_s in (shown.at_s, following.at_s - 2 * SHORTEST_SLEEP_S):
                assert shown.lamps == showing.lamps(moment_s)
                assert (shown.hz is not None) == showing.buzzes(moment_s)
    changes = {showing.lamps(begins_s + step * 0.005) for step in range(2000)}
    assert {shown.lamps for shown in history} | {NO_LAMPS} >= changes
    indicator.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_player_that_stops_leaves_nothing_lit(bench: Bench) -> None:
    """An error inside the player: all dark, and the fault tells that it has stopped."""
    fails = threading.Event()

    def monotonic() -> float:
        if fails.is_set():
            raise RuntimeError("the clock broke")
        return bench.clock.monotonic_s()

    indicator = GpioIndicator(bench.chip.open(), bench.wiring, monotonic)
    indicator.show(ADMIT)
    assert bench.wait_until(lambda: bench.is_high(17))
    fails.set()
    assert bench.wait_until(lambda: not bench.is_high(17))
    for player in threading.enumerate():
        if player.name == "lamps":
            player.join()
    assert indicator.fault == "E-LAMP: restart the scanner (its player stopped)"
    indicator.close()
