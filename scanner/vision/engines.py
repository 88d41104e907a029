"""The two readers of QR codes behind one signature: zxing-cpp and zbar (through pyzbar).

Only QR is enabled in both, and both give the raw bytes: neither may guess a charset. One
difference is left: of a code with an ECI header zbar gives the text as UTF-8, whatever it is told.
A pass has none, and its letters are the same in every charset that ECI knows but UTF-16 and -32.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zxingcpp

from scanner.core.errors import DeviceError
from scanner.vision.prepare import Grey

try:
    from pyzbar import wrapper as zbar
except ImportError as missing:
    raise DeviceError(
        "The library zbar is missing. Install it: sudo apt-get install libzbar0"
    ) from missing

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """One code in one view: raw bytes and 4 corners (x, y), clockwise from its top left.

    `payload` None: a code is there, but it cannot be read.
    """

    payload: bytes | None
    corners: tuple[Corner, Corner, Corner, Corner]


Engine = Callable[[Grey], list[Found]]


def zxing(grey: Grey) -> list[Found]:
    """zxing-cpp: first, since it is the fastest by far and reads inverted codes."""
    return _read_zxing(grey, try_downscale=False)


def zxing_shrinking(grey: Grey) -> list[Found]:
    """zxing-cpp, also on smaller copies: codes so large or so grainy that detail misleads."""
    return _read_zxing(grey, try_downscale=True)


def _read_zxing(grey: Grey, *, try_downscale: bool) -> list[Found]:
    # Model 2, since plain `QRCode` would read Micro QR and rMQR too: their checks are weaker, and
    # no pass uses them. Made anew for each call: one kept in a global makes the binding report
    # leaks at exit.
    only_qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    codes = zxingcpp.read_barcodes(grey, formats=only_qr, try_downscale=try_downscale)
    return [_from_zxing(code) for code in codes]


def _from_zxing(code: zxingcpp.Barcode) -> Found:
    at = code.position
    points = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
    first, second, third, fourth = ((float(point.x), float(point.y)) for point in points)
    # `bytes`, not `text`: the uninterpreted content, without ECI or structured-append headers.
    return Found(bytes(code.bytes), (first, second, third, fourth))


# zbar.h; pyzbar's own enumeration does not name these three.
_CFG_BINARY = 4
_CFG_TEST_INVERTED = 0x81
_Y800 = int.from_bytes(b"Y800", "little")


class Zbar:
    """One zbar image scanner: QR only, binary, inverted codes too, every line scanned.

    It finds some codes that zxing-cpp misses, at five to ten times the price.
    """

    def __init__(self) -> None:
        self._scanner = zbar.zbar_image_scanner_create()
        every, qr = zbar.ZBarSymbol.NONE, zbar.ZBarSymbol.QRCODE
        self._set(every, zbar.ZBarConfig.CFG_ENABLE, 0)
        self._set(qr, zbar.ZBarConfig.CFG_ENABLE, 1)
        self._set(qr, _CFG_BINARY, 1)
        self._set(every, _CFG_TEST_INVERTED, 1)
        self._set(every, zbar.ZBarConfig.CFG_X_DENSITY, 1)
        self._set(every, zbar.ZBarConfig.CFG_Y_DENSITY, 1)

    def _set(self, symbology: int, config: int, setting: int) -> None:
        if zbar.zbar_image_scanner_set_config(self._scanner, symbology, config, setting):
            raise DeviceError(
                "The library zbar is too old. Install libzbar0 0.23.92 or newer:"
                f" it does not know setting {config} of symbology {symbology}."
            )

    def __call__(self, grey: Grey) -> list[Found]:
        pixels = np.ascontiguousarray(grey)
        height, width = pixels.shape
        image = zbar.zbar_image_create()
        try:
            zbar.zbar_image_set_format(image, _Y800)
            zbar.zbar_image_set_size(image, width, height)
            zbar.zbar_image_set_data(image, pixels.ctypes.data, pixels.size, None)
            zbar.zbar_scan_image(self._scanner, image)
            return _symbols(image)
        finally:
            zbar.zbar_image_destroy(image)


def _symbols(image: object) -> list[Found]:
    found = []
    symbol = zbar.zbar_image_first_symbol(image)
    while symbol:
        # A structured-append group with parts missing comes as PARTIAL: not a code of its own.
        if symbol.contents.type == zbar.ZBarSymbol.QRCODE:
            found.append(_from_zbar(symbol))
        symbol = zbar.zbar_symbol_next(symbol)
    return found


def _from_zbar(symbol: object) -> Found:
    length = zbar.zbar_symbol_get_data_length(symbol)
    payload = ctypes.string_at(zbar.zbar_symbol_get_data(symbol), length)
    points = [
        (float(zbar.zbar_symbol_get_loc_x(symbol, i)), float(zbar.zbar_symbol_get_loc_y(symbol, i)))
        for i in range(zbar.zbar_symbol_get_loc_size(symbol))
    ]
    if len(points) != 4:  # never seen with a QR code; a code without a place is still a code
        points = [points[0] if points else (0.0, 0.0)] * 4
    top_left, bottom_left, bottom_right, top_right = points  # zbar goes round the other way
    return Found(payload, (top_left, top_right, bottom_right, bottom_left))
