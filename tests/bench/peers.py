"""Other open readers of QR codes as a user would call them, and ours, behind one signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from pyzbar import pyzbar

from scanner.vision.decode import decode
from scanner.vision.stream import StreamReader
from tests.bench.shots import Grey

Read = Callable[[Grey], list[bytes]]
OURS, OURS_STREAM = "ours", "ours, as a stream"

cv2.setNumThreads(1)  # the others have one thread, too


@dataclass(frozen=True, slots=True)
class Reader:
    """name: as in the tables. make: a reader that has seen nothing yet."""

    name: str
    make: Callable[[], Read]

    @property
    def is_ours(self) -> bool:
        return self.name.startswith(OURS)


def zbar(grey: Grey) -> list[bytes]:
    """QR only, since a user who wants passes would not search for other codes."""
    return [code.data for code in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])]


def zxing(grey: Grey) -> list[bytes]:
    """With its defaults: turned, inverted and smaller copies are tried."""
    only_qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    codes = zxingcpp.read_barcodes(grey, formats=only_qr)
    return [bytes(code.bytes) for code in codes]


def zxing_sharpened(grey: Grey) -> list[bytes]:
    """The best of the usual advice: twice as large, and a strong unsharp mask."""
    large = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(large, (0, 0), 2.5)
    return zxing(np.asarray(cv2.addWeighted(large, 4.0, soft, -3.0, 0), np.uint8))


def opencv() -> Read:
    return _detecting(cv2.QRCodeDetector())


def opencv_aruco() -> Read:
    return _detecting(cv2.QRCodeDetectorAruco())


def _detecting(detector: cv2.GraphicalCodeDetector) -> Read:
    def read(grey: Grey) -> list[bytes]:
        try:
            _, texts, _, _ = detector.detectAndDecodeMulti(grey)
        except (cv2.error, UnicodeDecodeError):  # of some frames and texts it makes neither
            return []
        return [text.encode("utf-8", "surrogateescape") for text in texts if text]

    return read


PEERS = (
    Reader("zbar", lambda: zbar),
    Reader("zxing-cpp", lambda: zxing),
    Reader("zxing-cpp × 2, sharp", lambda: zxing_sharpened),
    Reader("OpenCV", opencv),
    Reader("OpenCV Aruco", opencv_aruco),
)
STILLS = (*PEERS, Reader(OURS, lambda: decode))
STREAMS = (*STILLS, Reader(OURS_STREAM, StreamReader))
