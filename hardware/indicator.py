"""Lamps and buzzer on real or simulated pins: the Indicator of `scanner/ports.py`.

    loop thread:    show ─▶ confirm ─▶ end_view      replaces one frozen value, never waits
    player thread:  at each change, that value and the clock ─▶ pins
                    at each tenth of a second, a beat ─▶ the lamps' keeper

All pins are driven by the player thread, so a loop that hangs, even for ever, cannot keep a lamp
on beyond what its signal allows. A process that is stopped or killed can, but for its keeper.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

from hardware.kept_lamps import BEAT_EVERY_S, LampKeeper
from hardware.pins import Gpio, Wiring
from hardware.player import Player
from scanner.core.errors import DeviceError
from scanner.core.signal import Signal

Keep = Callable[[Callable[[], tuple[int, ...]]], LampKeeper]

# The player sleeps until what it shows changes; rounded moments must not keep it awake.
SHORTEST_SLEEP_S = 0.001
# A pin that blocks its thread for so long is left to the process that comes after.
JOIN_S = 1.0


class GpioIndicator:
    """Opens the pins and plays on them; with `in_thread` off, whoever moves the clock calls step().

    with an open chip:  indicator = GpioIndicator(gpio, Wiring(), time.monotonic)
    in simulated time:  indicator = GpioIndicator(gpio, Wiring(), clock.monotonic_s,
                                                  in_thread=False)

    Raises DeviceError when the pins cannot be opened or the lamps' keeper cannot be started.
    """

    def __init__(
        self,
        gpio: Gpio,
        wiring: Wiring,
        monotonic: Callable[[], float],
        *,
        in_thread: bool = True,
        keep: Keep = LampKeeper,
    ) -> None:
        self._monotonic = monotonic
        self._player = Player(gpio, wiring)
        try:
            self._keeper = keep(gpio.lines)
        except OSError as error:
            self._player.close()
            raise DeviceError(
                f"Let the scanner start a process: its lamps' keeper ({error})."
            ) from error
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        # An uncaught error ends the loop's thread first, then runs this.
        atexit.register(self.close)
        if in_thread:
            self._thread = threading.Thread(target=self._play, name="lamps", daemon=True)
            self._thread.start()

    @property
    def fault(self) -> str | None:
        """What is wrong with lamps or buzzer; None when nothing is known to be."""
        if self._player.fault is not None:
            return self._player.fault
        if self._thread is None or self._thread.is_alive() or self._is_closed:
            return None
        return "E-LAMP: restart the scanner (its player stopped)"

    def show(self, signal: Signal) -> None:
        """Start the lamps of a signal, at once and without its sound; replaces what was shown."""
        self._player.show(signal, self._monotonic())
        self._turn()

    def confirm(self) -> None:
        """The record of what is shown is on the disk: sound it, and let its lamps stay."""
        self._player.confirm(self._monotonic())
        self._turn()

    def end_view(self) -> None:
        """The code has left the view: a green lamp may go dark early."""
        self._player.end_view(self._monotonic())
        self._turn()

    def step(self) -> None:
        """Drive the pins to what they are now. Not to be called while a thread does so."""
        self._step_at(self._monotonic())

    def close(self) -> None:
        """All lamps and the buzzer off, their pins released; the chip stays open. Twice is once."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
        self._player.close()
        self._keeper.close()

    def _step_at(self, now_s: float) -> None:
        if not self._keeper.beat(now_s):
            self._player.redrive()
        self._player.step(now_s)

    def _turn(self) -> None:
        if self._thread is None:
            self.step()
        else:
            self._wake.set()

    def _play(self) -> None:
        try:
            while not self._stop.is_set():
                now_s = self._monotonic()
                self._step_at(now_s)
                # From the very moment that was shown: a change since then must not be slept over.
                steady_s = max(SHORTEST_SLEEP_S, self._player.showing.steady_s(now_s))
                self._wake.wait(min(BEAT_EVERY_S, steady_s))
                self._wake.clear()
        finally:
            self._player.dark()
