"""The trigger: short, long, stuck; told when the finger has left it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hardware.pins import open_mock
from hardware.simulated import SimulatedClock
from hardware.trigger import TriggerButton
from scanner.ports import Press, Trigger
from tests.hardware.bench import NOON


@dataclass
class Finger:
    """Presses the button on mock pins."""

    clock: SimulatedClock
    trigger: TriggerButton
    pin: object

    def hold(self, seconds: float) -> None:
        self.down()
        self.clock.advance(seconds)
        self.up()

    def down(self) -> None:
        self.pin.drive_low()  # type: ignore[attr-defined]  # gpiozero's mock pin

    def up(self) -> None:
        self.pin.drive_high()  # type: ignore[attr-defined]


@pytest.fixture
def finger() -> Iterator[Finger]:
    gpio, clock = open_mock(), SimulatedClock(NOON)
    trigger = TriggerButton(gpio, 22, clock.monotonic_s)
    yield Finger(clock, trigger, gpio.factory.pin(22))  # type: ignore[attr-defined]
    trigger.close()
    gpio.close()


def test_is_the_port_of_the_loop(finger: Finger) -> None:
    """The loop can be joined to it."""
    port: Trigger = finger.trigger
    assert list(port.presses()) == []
    assert port.fault is None


@pytest.mark.parametrize(
    ("held_s", "press"),
    [(0.05, Press.SHORT), (0.99, Press.SHORT), (1.0, Press.LONG), (9.9, Press.LONG)],
)
def test_length_of_a_press_is_what_counts(finger: Finger, held_s: float, press: Press) -> None:
    """Less than a second is short, from a second on long."""
    finger.hold(held_s)
    assert finger.trigger.presses() == [press]
    assert finger.trigger.presses() == []


def test_presses_wait_in_their_order(finger: Finger) -> None:
    """A loop that is slow loses none of them."""
    for held_s in (0.2, 2.0, 0.1):
        finger.hold(held_s)
        finger.clock.advance(0.3)
    assert finger.trigger.presses() == [Press.SHORT, Press.LONG, Press.SHORT]


def test_nothing_is_told_before_the_end_of_a_press(finger: Finger) -> None:
    """While the finger is on it nobody knows what it will be."""
    finger.down()
    finger.clock.advance(5.0)
    assert finger.trigger.presses() == []
    finger.up()
    assert finger.trigger.presses() == [Press.LONG]


def test_stuck_button_decides_nothing(finger: Finger) -> None:
    """Held for 10 s: a fault with its id, no press, and well again when it is free."""
    finger.down()
    faults = [finger.trigger.fault]
    for step_s in (9.9, 0.1):
        finger.clock.advance(step_s)
        faults.append(finger.trigger.fault)
    finger.up()
    faults.append(finger.trigger.fault)
    assert faults == [None, None, "E-TRIGGER: free the button, it is stuck", None]
    assert finger.trigger.presses() == []
    finger.hold(0.2)
    assert finger.trigger.presses() == [Press.SHORT]


def test_button_that_is_stuck_at_the_start_is_found() -> None:
    """A button that was down before the scanner started is a fault after 10 s, too."""
    gpio, clock = open_mock(), SimulatedClock(NOON)
    pin = gpio.factory.pin(22)  # type: ignore[attr-defined]
    pin.pull = "up"
    pin.drive_low()
    # A real line stays low under its pull-up; the mock's would rise.
    pin._set_pull = lambda value: None
    trigger = TriggerButton(gpio, 22, clock.monotonic_s)
    clock.advance(10.0)
    stuck = trigger.fault
    pin.drive_high()
    freed = trigger.fault
    assert (stuck is not None, freed) == (True, None)
    assert trigger.presses() == []
    trigger.close()
    gpio.close()


def test_release_without_a_press_is_nothing(finger: Finger) -> None:
    """An edge that was lost makes no press of unknown length."""
    finger.trigger._release()
    assert finger.trigger.presses() == []


def test_closed_trigger_hears_nothing(finger: Finger) -> None:
    """After close the pin's edges go nowhere."""
    finger.trigger.close()
    finger.hold(0.2)
    assert finger.trigger.presses() == []
