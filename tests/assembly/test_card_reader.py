"""A city's card before the camera: what counts as one, and for how long it is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest

from scanner.assembly.card_reader import find_card
from scanner.core.city_pin import fingerprint
from scanner.core.errors import DeviceError, EnrolmentError
from scanner.core.offer import card_text
from scanner.core.reading import Reading
from scanner.ports import CameraState, Frame
from tests import pki

CARD = card_text(
    "https://city.example:8444", "0123456789ABCDEFGHJKMNPQRS",
    fingerprint(pki.Authority().certificate), 1_588_150_000,
).encode()  # fmt: skip
CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))


@dataclass
class Scene:
    """Camera and reader in one: what is seen in each frame, None for a frame that was skipped."""

    seen: list[Sequence[bytes] | None]
    state: CameraState = CameraState.LIVE
    numbers: count[int] = field(default_factory=count)

    def newest(self) -> Frame | None:
        number = next(self.numbers)
        return None if number % 2 else Frame(number, np.zeros((4, 4), np.uint8), 0.0)

    def read(self, frame: Frame) -> Sequence[Reading] | None:
        codes = self.seen.pop(0) if self.seen else ()
        return None if codes is None else [Reading(code, CORNERS) for code in codes]

    def close(self) -> None:
        pass


def look(scene: Scene, seconds: float = 1.0) -> bytes:
    """The token that was found, on a clock that goes a tenth of a second a look."""
    moments = count()
    offer = find_card(scene, scene, seconds, lambda: next(moments) / 10, lambda pause: None)
    return offer.token.encode()


def test_card_is_found_among_other_codes() -> None:
    """A poster and a pass are no cards; a frame that was skipped is nothing."""
    scene = Scene([(), None, [b"https://example.com", b"MP1:ABC"], [b"poster", CARD]])
    assert look(scene, 5.0) == b"0123456789ABCDEFGHJKMNPQRS"


def test_looking_ends() -> None:
    """With what to do better."""
    with pytest.raises(EnrolmentError, match="Hold the card closer"):
        look(Scene([]))


@pytest.mark.parametrize(
    ("code", "says"),
    [(b'{"v":2}', "Update the scanner"), (b'{"v":1,"url":"x"}', "Have a new card")],
)
def test_card_that_is_not_good_is_told_at_once(code: bytes, says: str) -> None:
    """Nobody waits for two minutes to learn it."""
    with pytest.raises(EnrolmentError, match=says):
        look(Scene([[code], [CARD]]))


@pytest.mark.parametrize("state", [CameraState.LOST, CameraState.ENDED])
def test_camera_that_gives_nothing_is_told(state: CameraState) -> None:
    """It may be in use by the scanner itself."""
    with pytest.raises(DeviceError, match="systemctl stop scanner"):
        look(Scene([], state))
