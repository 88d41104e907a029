"""The GPIO pins: which wire is where, and the one place that talks to gpiozero.

The pin factory is built here from its configured name and handed to every device; gpiozero's own
choice, which falls back to another library in silence, is never asked. Whatever goes wrong while
opening is a DeviceError whose first sentence says what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

from hardware.lean import without_metadata
from scanner.core.errors import DeviceError, PinHeldError

with without_metadata():
    from gpiozero import DigitalInputDevice, DigitalOutputDevice, TonalBuzzer
    from gpiozero.exc import GPIOZeroError
    from gpiozero.pins.mock import MockFactory, MockPWMPin

# Shorter than any press of a finger, longer than a contact bounces.
BOUNCE_S = 0.02


class Sounder(Enum):
    """What is wired to the buzzer pin."""

    PIEZO = "piezo"  # plays tones
    ACTIVE = "active"  # has one tone of its own, on or off


@dataclass(frozen=True, slots=True)
class Wiring:
    """GPIO numbers (not places on the header); None: not wired."""

    green: int = 17
    red: int = 27
    buzzer: int = 18
    trigger: int | None = 22
    amber: int | None = None
    sounder: Sounder = Sounder.ACTIVE

    def __post_init__(self) -> None:
        """Two wires on one pin would show one thing and mean two."""
        numbers = [*self.outputs, *([] if self.trigger is None else [self.trigger])]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            names = " and ".join(f"GPIO{number}" for number in twice)
            raise DeviceError(f"Give every wire a pin of its own: {names} is named twice.")

    @property
    def outputs(self) -> tuple[int, ...]:
        """The pins that are driven: everything that must be low when nobody is in charge."""
        amber = () if self.amber is None else (self.amber,)
        return (self.green, self.red, self.buzzer, *amber)


class Lamp(Protocol):
    """A pin that is high or low."""

    def on(self) -> None: ...

    def off(self) -> None: ...

    def close(self) -> None: ...


class Piezo(Protocol):
    """A pin that plays tones."""

    def play(self, hz: float) -> None: ...

    def off(self) -> None: ...

    def close(self) -> None: ...


class Button(Protocol):
    """A pin that a finger pulls low; `when_…` are called from a thread of whoever watches it."""

    when_activated: Callable[[], None] | None
    when_deactivated: Callable[[], None] | None

    @property
    def is_active(self) -> bool: ...

    def close(self) -> None: ...


class PinFactory(Protocol):
    """What gpiozero makes pins with."""

    def close(self) -> None: ...


Device = TypeVar("Device")


def _unknown_holder(_pin: int) -> str | None:
    return None


def _no_lines() -> tuple[int, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Gpio:
    """An opened GPIO chip.

    errors: what its pins raise when they cannot be driven, to be caught by whoever drives them.
    holder_of: who has the pin at present, if that can be known.
    lines: the kernel's descriptors of its open pins, which another process may drive, too.
    watched: what opens a button, by its pin and the seconds that it bounces; None: the factory.
    """

    factory: PinFactory
    errors: tuple[type[Exception], ...] = (GPIOZeroError, OSError)
    holder_of: Callable[[int], str | None] = field(default=_unknown_holder)
    lines: Callable[[], tuple[int, ...]] = field(default=_no_lines)
    watched: Callable[[int, float], Button] | None = None

    def lamp(self, pin: int) -> Lamp:
        """A plain digital output, low from the first moment."""
        lamp: Lamp = self._opened(
            pin, lambda: DigitalOutputDevice(pin, initial_value=False, pin_factory=self.factory)
        )
        return lamp

    def piezo(self, pin: int) -> Piezo:
        """Square waves from 110 Hz to 1 760 Hz."""
        return self._opened(pin, lambda: _TonalPiezo(pin, self.factory))

    def button(self, pin: int) -> Button:
        """Pulled up by the board, pressed when low."""
        if (watched := self.watched) is not None:
            return self._opened(pin, lambda: watched(pin, BOUNCE_S))
        button: Button = self._opened(
            pin,
            lambda: DigitalInputDevice(
                pin, pull_up=True, bounce_time=BOUNCE_S, pin_factory=self.factory
            ),
        )
        return button

    def close(self) -> None:
        """Every pin back to an input."""
        self.factory.close()

    def _opened(self, pin: int, opener: Callable[[], Device]) -> Device:
        try:
            return opener()
        except self.errors as error:
            holder = self.holder_of(pin)
            whose = f"it is held by {holder!r}" if holder else f"{error}"
            kind = PinHeldError if holder else DeviceError
            raise kind(f"Free GPIO{pin} or name another pin in the settings: {whose}.") from error


class _TonalPiezo:
    """gpiozero's TonalBuzzer, one octave wider, and low when it is silent."""

    def __init__(self, pin: int, factory: PinFactory) -> None:
        self._buzzer = TonalBuzzer(pin, octaves=2, pin_factory=factory)
        self.off()

    def play(self, hz: float) -> None:
        self._buzzer.play(hz)

    def off(self) -> None:
        # Stopping the wave says nothing of the level it stops at; the transistor must not stay on.
        self._buzzer.stop()
        self._buzzer.pwm_device.off()

    def close(self) -> None:
        self._buzzer.close()


def open_gpio(name: str) -> Gpio:
    """The chip behind a configured factory name: "lgpio" on a Raspberry Pi, "mock" without one."""
    match name:
        case "lgpio":
            from hardware.gpiochip import open_lgpio

            return open_lgpio()
        case "mock":
            return open_mock()
    raise DeviceError(f'Set the pin factory to "lgpio" or "mock": there is no {name!r}.')


def open_mock() -> Gpio:
    """Pins that exist in this process only; they can play tones like real ones."""
    return Gpio(MockFactory(revision=MOCK_REVISION, pin_class=MockPWMPin))


MOCK_REVISION = "902120"  # a Raspberry Pi Zero 2 W
