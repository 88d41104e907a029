"""How a camera looks: size of the picture, exposure, gain, focus. One value for every kind.

The defaults are for a bright screen at night: a short exposure freezes the hand, and a picture a
little too dark keeps the modules apart where a brighter one would drown them in white.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """`width`, `height` in pixels; None leaves a value to the camera's own automatic.

    `exposure_ms`: at most 10 for a phone in a hand. `gain`: times, `ev`: stops, `focus`: dioptres
    (1 / metres); these three reach ribbon cameras only. USB cameras count gain and focus in steps
    of their own: `usb_gain`, `usb_focus`, as `v4l2-ctl --list-ctrls` shows them. `usb_format`: MJPG
    gives more pictures a second over the same cable than YUYV.
    """

    width: int = 1280
    height: int = 720
    exposure_ms: float | None = 8.0
    gain: float | None = None
    ev: float = -0.7
    focus: float | None = 5.0
    usb_format: str | None = None
    usb_gain: int | None = None
    usb_focus: int | None = None
