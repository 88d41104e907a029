"""Drives the pins to what a signal shows at a given moment. No thread, no clock: `step(now_s)`.

A pin that cannot be driven makes everything dark and keeps it dark, but for the fault pattern: one
lamp alone could say what the two of them do not. A sounder that fails leaves the lamps at work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from hardware.pins import Gpio, Lamp, Piezo, Sounder, Wiring
from scanner.core.errors import DeviceError
from scanner.core.pattern import Showing
from scanner.core.reasons import SignalName
from scanner.core.signal import NO_LAMPS, SIGNALS, Lamps, Signal

_DARK = Showing(SIGNALS[SignalName.DARK], shown_s=0.0)


class SoundOutput(Protocol):
    """What is wired to the buzzer pin, driven by what is to be heard."""

    def sound(self, showing: Showing, now_s: float) -> None: ...

    def silence(self) -> None: ...

    def close(self) -> None: ...


class ActiveBuzzer:
    """One tone of its own, on or off."""

    def __init__(self, pin: Lamp) -> None:
        self._pin = pin
        self._is_on = False

    def sound(self, showing: Showing, now_s: float) -> None:
        if (wanted := showing.buzzes(now_s)) is self._is_on:
            return
        (self._pin.on if wanted else self._pin.off)()
        self._is_on = wanted

    def silence(self) -> None:
        self._pin.off()
        self._is_on = False

    def close(self) -> None:
        self._pin.close()


class PiezoBuzzer:
    """Plays the tones of the table."""

    def __init__(self, pin: Piezo) -> None:
        self._pin = pin
        self._hz: float | None = None

    def sound(self, showing: Showing, now_s: float) -> None:
        if (wanted := showing.tone(now_s)) == self._hz:
            return
        if wanted is None:
            self._pin.off()
        else:
            self._pin.play(wanted)
        self._hz = wanted

    def silence(self) -> None:
        self._pin.off()
        self._hz = None

    def close(self) -> None:
        self._pin.close()


def open_sounder(gpio: Gpio, wiring: Wiring) -> SoundOutput:
    """The sounder that the wiring names."""
    if wiring.sounder is Sounder.PIEZO:
        return PiezoBuzzer(gpio.piezo(wiring.buzzer))
    return ActiveBuzzer(gpio.lamp(wiring.buzzer))


class Player:
    """What is shown, and the pins that show it. Only one thread may call `step` and `dark`.

    `showing` is one frozen value that is replaced as a whole, so that another thread may set it.
    """

    def __init__(self, gpio: Gpio, wiring: Wiring) -> None:
        self.showing = _DARK
        self._errors = gpio.errors
        self._pins: dict[str, Lamp] = {}
        self._lamp_fault: str | None = None
        self._sound_fault: str | None = None
        try:
            self._pins["red"] = gpio.lamp(wiring.red)
            self._pins["green"] = gpio.lamp(wiring.green)
            if wiring.amber is not None:
                self._pins["amber"] = gpio.lamp(wiring.amber)
            self._sounder = open_sounder(gpio, wiring)
        except DeviceError:
            self._each(lambda pin: pin.close())
            raise
        self._driven = NO_LAMPS

    @property
    def fault(self) -> str | None:
        """What cannot be driven, for the screen and the log; it stays until the next start."""
        return self._lamp_fault or self._sound_fault

    def show(self, signal: Signal, now_s: float) -> None:
        self.showing = Showing(signal, now_s)

    def confirm(self, now_s: float) -> None:
        """Only the first confirmation counts: it is what the sound starts from."""
        if self.showing.confirmed_s is None:
            self.showing = replace(self.showing, confirmed_s=now_s)

    def end_view(self, now_s: float) -> None:
        """Only the first leaving counts."""
        if self.showing.left_s is None:
            self.showing = replace(self.showing, left_s=now_s)

    def step(self, now_s: float) -> None:
        """Lamps and sounder to what they are at `now_s`. Never raises for a pin that fails."""
        showing = self.showing
        lamps = showing.lamps(now_s, has_amber="amber" in self._pins)
        if self._lamp_fault is not None and showing.signal.name is not SignalName.FAULT:
            lamps = NO_LAMPS
        self._light(lamps)
        self._sound(showing, now_s)

    def redrive(self) -> None:
        """Somebody else has driven the lamps low; the next step lights what is to be lit."""
        self._driven = NO_LAMPS

    def dark(self) -> None:
        """Everything off, each pin for itself, whatever fails."""
        self._each(lambda pin: pin.off())
        with contextlib.suppress(*self._errors):
            self._sounder.silence()
        self._driven = NO_LAMPS

    def close(self) -> None:
        """Dark, and the pins given back."""
        self.dark()
        self._each(lambda pin: pin.close())
        with contextlib.suppress(*self._errors):
            self._sounder.close()

    def _light(self, lamps: Lamps) -> None:
        was, wanted = _by_name(self._driven), _by_name(lamps)
        changes = [name for name in self._pins if was[name] != wanted[name]]
        # Off before on: at no moment does the old signal mix with the new one.
        for name in sorted(changes, key=lambda name: wanted[name]):
            pin = self._pins[name]
            try:
                (pin.on if wanted[name] else pin.off)()
            except self._errors as error:
                self._lamp_fault = f"E-LAMP: check the wire of the {name} lamp ({error})"
                self._each(lambda each: each.off())
                self._driven = NO_LAMPS
                return
        self._driven = lamps

    def _sound(self, showing: Showing, now_s: float) -> None:
        if self._sound_fault is not None:
            return
        try:
            self._sounder.sound(showing, now_s)
        except self._errors as error:
            self._sound_fault = f"E-BUZZER: check the wire of the buzzer ({error})"
            with contextlib.suppress(*self._errors):
                self._sounder.silence()

    def _each(self, act: Callable[[Lamp], None]) -> None:
        for pin in self._pins.values():
            with contextlib.suppress(*self._errors):
                act(pin)


def _by_name(lamps: Lamps) -> dict[str, bool]:
    return {"red": lamps.red, "green": lamps.green, "amber": lamps.amber}
