"""`scanner central` at a desk: its commands, and what a device makes of what they publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from scanner.core.trust import TrustList, parse_trust_list
from scanner.vision.decode import decode
from tests.central.device import Device
from tests.city import NOW

Said = tuple[int, str, str]
Central = Callable[..., Said]

LATER = NOW + timedelta(minutes=10)
ANNA = ("--document", "45 08 123456", "--initials", "А.Б.", "--born", "0912")


def done(said: Said) -> str:
    """The output of a command that must succeed."""
    code, out, err = said
    assert code == 0, err
    return out


def issue(scanner: Central, *arguments: object, kind: str = "work") -> dict[str, object]:
    answer: dict[str, object] = json.loads(
        done(scanner("issue", kind, *ANNA, "--json", *arguments))
    )
    return answer


def trust(device: Device, now: datetime = LATER) -> TrustList:
    targets = device.look(now)
    (name,) = (name for name in targets if name.startswith("keys-"))
    return TrustList.of(parse_trust_list(targets[name], allow_test_keys=False))


def read_picture(path: Path) -> list[bytes]:
    """What the checkpoint's reader sees."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return decode(np.asarray(image, np.uint8))
