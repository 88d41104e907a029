"""Looks for a city's card before the camera: only for `scanner enrol`, never in the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from scanner.assembly.camera import camera_of
from scanner.assembly.device import reader_of, wiring_of
from scanner.assembly.enrolling import is_enrolled
from scanner.config import Settings
from scanner.core.errors import DeviceError, EnrolmentError
from scanner.core.offer import Offer, looks_like_card, read_card
from scanner.ports import Camera, CameraState, Decoder

PAUSE_S = 0.005


def card_before_camera(settings: Settings, state: Path, seconds: float) -> tuple[Offer, bool]:
    """The offer on the first card, and whether the trigger is held.

    A device that belongs to a city looks for a card only while its trigger is held: a code that
    somebody holds up must not move it elsewhere. Raises EnrolmentError, DeviceError, StoreError.
    """
    is_held = _is_trigger_held(settings)
    if is_enrolled(state) and not is_held:
        raise EnrolmentError(
            "Hold the trigger while you run this, if this device is to go to another city: it "
            "belongs to one already. To renew its certificate, use `scanner enrol request`."
        )
    with (
        closing(camera_of(settings.camera, time.monotonic)) as camera,
        closing(reader_of(settings)) as reader,
    ):
        reader.wait_until_ready()
        return find_card(camera, reader, seconds, time.monotonic, time.sleep), is_held


def find_card(
    camera: Camera,
    reader: Decoder,
    seconds: float,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
) -> Offer:
    """Whatever is no card is passed over. Raises EnrolmentError for a card that is not good."""
    until_s = monotonic() + seconds
    while monotonic() < until_s:
        if camera.state in (CameraState.LOST, CameraState.ENDED):
            raise DeviceError(
                "The camera gives no picture. Stop the scanner with `sudo systemctl stop scanner` "
                "while a card is read, or check the cable."
            )
        frame = camera.newest()
        if frame is None:
            sleep(PAUSE_S)
            continue
        for reading in reader.read(frame) or ():
            if looks_like_card(reading.payload):
                return read_card(reading.payload)
    raise EnrolmentError(
        f"Hold the card closer and still: no card was seen in {seconds:.0f} seconds."
    )


def _is_trigger_held(settings: Settings) -> bool:
    """Raises DeviceError. A device without a trigger has none that is held."""
    from hardware.pins import open_gpio

    pin = wiring_of(settings).trigger
    if pin is None:
        return False
    with closing(open_gpio(settings.pins.factory).button(pin)) as button:
        return button.is_active
