"""Photos of codes by other people's cameras, from the test resources of zxing (Apache-2.0).

They are not part of this project: CHECKPOINT_IMAGES names their folder, else ../shared/images
beside the checkout is tried.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.vision.decode import decode

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGES = Path(os.environ.get("CHECKPOINT_IMAGES", CHECKOUT.parent / "shared" / "images"))
PHOTOS = sorted(
    photo
    for photo in (IMAGES / "zxing").glob("qrcode-*/*")
    if photo.suffix in {".png", ".jpg"} and photo.with_suffix(".txt").exists()
)
LONGEST_SIDE = 1280
# Measured 2026 with zxing-cpp 3.1.1, zbar 0.23.92, OpenCV 5.0: 94 of 97. The floor leaves room for
# other versions of these, not for a change of ours.
LEAST_READ = 93

pytestmark = pytest.mark.skipif(not PHOTOS, reason=f"no photos in {IMAGES}")


def readable(payload: bytes) -> str:
    """Printable ASCII of a payload: the photos' texts are UTF-8, Shift-JIS or Latin-1."""
    for charset in ("utf-8", "shift_jis"):
        with suppress(UnicodeDecodeError):
            return "".join(char for char in payload.decode(charset) if " " < char < "\x7f")
    return "".join(chr(byte) for byte in payload if 32 < byte < 127)


def reads_of(photo: Path) -> tuple[str, list[str]]:
    """What the photo should give and what it gives."""
    grey = cv2.imread(str(photo), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    scale = LONGEST_SIDE / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    expected = readable(photo.with_suffix(".txt").read_bytes())
    return expected, [readable(payload) for payload in decode(np.asarray(grey, np.uint8))]


def test_photos_are_read_and_none_wrongly() -> None:
    """Nearly all photos give their text, and no photo gives another one."""
    results = {photo: reads_of(photo) for photo in PHOTOS}
    read = [photo for photo, (expected, texts) in results.items() if expected in texts]
    wrong = {p: texts for p, (expected, texts) in results.items() if set(texts) - {expected}}
    assert wrong == {}
    assert len(read) >= LEAST_READ * len(PHOTOS) // 97
