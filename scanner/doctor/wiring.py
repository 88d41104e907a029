"""`--only wiring`: lamps, buzzer and button, with somebody who says what is seen and heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from scanner.config import Settings
from scanner.core.errors import DeviceError
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.subject import Technician

PRESS_S = 15.0

STOP_FIRST = "Run `sudo systemctl stop scanner scanner-fault`; see hardware/README.md, wiring."
LAMP_FIX = (
    "Turn the LED round if it is dark: its long leg goes to the resistor. Then follow the wire in "
    "hardware/wiring.svg, or name the pin that it is on in the settings."
)
BUZZER_FIX = (
    "Look at the transistor (its flat side, base at 1 kΩ), at + and - of the buzzer, and whether "
    'pins.sound says "active" or "piezo" as it is.'
)
BUTTON_FIX = "The button goes from its pin to ground, and is open until it is pressed."


class Parts(Protocol):
    """What is wired: `scanner.assembly.wiring.WiredParts`."""

    @property
    def lamps(self) -> dict[str, int]: ...

    @property
    def trigger(self) -> int | None: ...

    @property
    def buzzer(self) -> int: ...

    def light(self, name: str) -> None: ...

    def sound(self) -> None: ...

    def is_pressed(self) -> bool: ...

    def await_press(self, limit_s: float) -> float | None: ...


Opener = Callable[[Settings], AbstractContextManager[Parts]]


def open_parts(settings: Settings) -> AbstractContextManager[Parts]:
    """The pins of this device. Raises DeviceError when it is entered."""
    from scanner.assembly.wiring import wired_parts

    return wired_parts(settings)


def check_wiring(
    settings: Settings, technician: Technician | None, opener: Opener = open_parts
) -> Iterator[Finding]:
    """What is on which wire, by what a technician answers."""
    if technician is None:
        found = "nobody sits here who could say what is lit"
        yield Finding("E-WIRING", Grade.WARNING, found, "Run `scanner doctor --only wiring`.")
        return
    try:
        with opener(settings) as parts:
            yield from _lamps(parts, technician)
            yield _buzzer(parts, technician)
            yield _button(parts, technician)
    except DeviceError as error:
        yield Finding("E-WIRING", Grade.FAILURE, str(error), STOP_FIRST)


def _lamps(parts: Parts, technician: Technician) -> Iterator[Finding]:
    """All in a row; where that was not seen, one by one."""
    technician.tell("Look at the lamps: each is lit once.")
    for name in parts.lamps:
        parts.light(name)
    order = ", then ".join(parts.lamps)
    if technician.confirm(f"Did you see {order}?"):
        yield Finding("E-WIRING-LAMP", Grade.OK, f"seen: {order}")
        return
    for name, pin in parts.lamps.items():
        technician.tell(f"Look again: this should be {name} alone.")
        parts.light(name)
        if technician.confirm(f"Was {name} lit, and nothing else?"):
            yield Finding("E-WIRING-LAMP", Grade.OK, f"{name} is on GPIO{pin}")
        else:
            found = f"{name} is not on GPIO{pin}, or is dark"
            yield Finding("E-WIRING-LAMP", Grade.FAILURE, found, LAMP_FIX)


def _buzzer(parts: Parts, technician: Technician) -> Finding:
    technician.tell("Listen: one tone.")
    parts.sound()
    if technician.confirm("Did you hear it?"):
        return Finding("E-WIRING-BUZZER", Grade.OK, f"heard on GPIO{parts.buzzer}")
    found = f"no sound from GPIO{parts.buzzer}"
    return Finding("E-WIRING-BUZZER", Grade.WARNING, found, BUZZER_FIX)


def _button(parts: Parts, technician: Technician) -> Finding:
    pin = parts.trigger
    if pin is None:
        return Finding("E-WIRING-BUTTON", Grade.OK, "no button is configured")
    if parts.is_pressed():
        found = f"GPIO{pin} is pressed already, or wired to ground"
        return Finding("E-WIRING-BUTTON", Grade.WARNING, found, BUTTON_FIX)
    technician.tell(f"Press the button once, within {PRESS_S:.0f} s.")
    held_s = parts.await_press(PRESS_S)
    if held_s is None:
        found = f"no press came from GPIO{pin} within {PRESS_S:.0f} s"
        return Finding("E-WIRING-BUTTON", Grade.WARNING, found, BUTTON_FIX)
    return Finding("E-WIRING-BUTTON", Grade.OK, f"pressed for {1000 * held_s:.0f} ms on GPIO{pin}")
