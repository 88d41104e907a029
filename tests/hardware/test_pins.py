"""Pins and their factory: chosen by name, never another one in silence."""

from __future__ import annotations

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from hardware import gpiochip
from hardware.pins import Gpio, Wiring, open_gpio, open_mock
from scanner.core.errors import DeviceError, PinHeldError


def test_default_wiring_is_the_drawn_one() -> None:
    """Green 17, red 27, buzzer 18, trigger 22; amber only where it is wired."""
    wiring = Wiring()
    assert (wiring.green, wiring.red, wiring.buzzer, wiring.trigger) == (17, 27, 18, 22)
    assert wiring.outputs == (17, 27, 18)
    assert Wiring(amber=23).outputs == (17, 27, 18, 23)


@pytest.mark.parametrize(
    ("green", "amber", "trigger"), [(27, None, 22), (17, None, 17), (17, 18, 22), (22, None, 22)]
)
def test_two_wires_on_one_pin_are_refused(green: int, amber: int | None, trigger: int) -> None:
    """A pin number that is named twice is an error that names it."""
    with pytest.raises(DeviceError, match=r"^Give every wire a pin of its own: GPIO\d+ is"):
        Wiring(green=green, amber=amber, trigger=trigger)


def test_no_trigger_is_no_conflict() -> None:
    """A checkpoint without a button is wired without one."""
    assert Wiring(trigger=None, amber=22).outputs == (17, 27, 18, 22)


def test_unknown_factory_name_is_an_error() -> None:
    """A factory that we do not know is never replaced by one that we do."""
    with pytest.raises(DeviceError, match=r"^Set the pin factory to .* there is no 'native'"):
        open_gpio("native")


def test_lgpio_is_built_as_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "lgpio" gives the header's chip through lgpio, or its error; never anything else."""

    def no_chip() -> Gpio:
        raise DeviceError("Run this on a Raspberry Pi.")

    monkeypatch.setattr(gpiochip, "open_lgpio", no_chip)
    with pytest.raises(DeviceError, match="Raspberry Pi"):
        open_gpio("lgpio")


def test_mock_factory_is_built_as_named() -> None:
    """ "mock" gives mock pins, and gpiozero's own choice of a factory is never asked."""
    gpio = open_gpio("mock")
    assert isinstance(gpio.factory, MockFactory)
    gpio.lamp(17)
    assert Device.pin_factory is None


def test_busy_pin_names_its_holder() -> None:
    """A pin that is taken: free it, or name another; and who has it, if that is known."""
    mock = open_mock()
    gpio = Gpio(mock.factory, mock.errors, holder_of=lambda pin: f"spi0 on {pin}")
    first = gpio.lamp(17)
    with pytest.raises(PinHeldError, match=r"^Free GPIO17 .* it is held by 'spi0 on 17'\.$"):
        gpio.lamp(17)
    first.close()


def test_busy_pin_without_a_known_holder_says_what_the_library_says() -> None:
    """Where the kernel cannot be asked, the library's own words are passed on."""
    gpio = open_mock()
    first = gpio.lamp(17)
    with pytest.raises(DeviceError, match=r"^Free GPIO17 .*already in use"):
        gpio.piezo(17)
    first.close()


def test_pin_that_does_not_exist_is_a_device_error() -> None:
    """A number that no header has is reported like any pin that cannot be had."""
    with pytest.raises(DeviceError, match=r"^Free GPIO99 or name another pin"):
        open_mock().lamp(99)


def test_lamp_is_low_from_the_first_moment() -> None:
    """Opening a lamp does not light it, whatever the line was before."""
    gpio = open_mock()
    lamp = gpio.lamp(17)
    pin = gpio.factory.pin(17)  # type: ignore[attr-defined]  # the mock's own reading
    assert not pin.state
    lamp.on()
    assert pin.state
    gpio.close()
    assert pin.function == "input"


@pytest.mark.parametrize("hz", [500.0, 600.0, 1200.0, 1500.0])
def test_piezo_plays_the_pitch_and_is_low_when_silent(hz: float) -> None:
    """A tone is a square wave of its frequency; silence is a low line, not a stopped wave."""
    gpio = open_mock()
    piezo = gpio.piezo(18)
    pin = gpio.factory.pin(18)  # type: ignore[attr-defined]
    piezo.play(hz)
    assert (pin.frequency, pin.state) == (pytest.approx(hz), 0.5)
    piezo.off()
    assert (pin.frequency, pin.state) == (None, 0)
