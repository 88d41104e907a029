"""A signed text as a picture to print, to send, or to show in a terminal.

The printed id stands under the code: what an officer types when no camera can read it.
"""

from __future__ import annotations

import html
import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.central.errors import CentralError
from scanner.central.files import write_atomically

try:
    import segno
except ImportError:
    raise CentralError(
        "Codes cannot be drawn without segno. Install it: pip install 'checkpoint-scanner[central]'"
    ) from None

Modules = NDArray[np.uint8]

# Light modules around the code [ISO/IEC 18004 §6.3.8].
QUIET = 4
CAPTION_MODULES = 6
PIXELS_A_MODULE = 8
_WHITE = 255


def save(text: str, caption: str, path: Path) -> None:
    """PNG or SVG, by the file's ending. Raises CentralError."""
    check_ending(path)
    drawer = to_png if path.suffix.lower() == ".png" else to_svg
    write_atomically(path, drawer(text, caption), mode=0o600)


def check_ending(path: Path) -> None:
    """Before anything is signed that could then not be drawn. Raises CentralError."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise CentralError(f"{path} ends neither in .png nor in .svg. Name it so.")


def to_png(text: str, caption: str) -> bytes:
    """Grey, 8 pixels a module, the caption below."""
    code = np.where(modules(text) > 0, 0, _WHITE).astype(np.uint8)
    bottom = QUIET + (CAPTION_MODULES if caption else 0)
    framed = cv2.copyMakeBorder(
        code, QUIET, bottom, QUIET, QUIET, cv2.BORDER_CONSTANT, value=(_WHITE,)
    )
    module = np.ones((PIXELS_A_MODULE, PIXELS_A_MODULE), np.uint8)
    picture = np.asarray(np.kron(framed, module), np.uint8)
    if caption:
        _write(picture, caption)
    return bytes(cv2.imencode(".png", picture)[1])


def _write(picture: NDArray[np.uint8], caption: str) -> None:
    """As large as fits between the edges of the code."""
    width = picture.shape[1] - 2 * QUIET * PIXELS_A_MODULE
    (natural, _), _ = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    at = (QUIET * PIXELS_A_MODULE, picture.shape[0] - 3 * PIXELS_A_MODULE)
    scale = min(width / natural, 1.2)
    cv2.putText(picture, caption, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (0,), 2, cv2.LINE_AA)


def to_svg(text: str, caption: str) -> bytes:
    """One path of black modules, one unit a module."""
    code = modules(text)
    size = len(code) + 2 * QUIET
    height = size + (CAPTION_MODULES if caption else 0)
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, x in zip(*np.nonzero(code), strict=True)
    )
    words = ""
    if caption:
        length = size - 2 * QUIET
        words = (
            f'<text x="{QUIET}" y="{size + 1}" font-family="monospace" font-size="3.5" '
            f'textLength="{length}" lengthAdjust="spacingAndGlyphs">{html.escape(caption)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {height}">'
        f'<rect width="{size}" height="{height}" fill="#fff"/><path d="{path}"/>{words}</svg>\n'
    ).encode()


def to_terminal(text: str) -> str:
    """Blocks of half a line a module."""
    out = io.StringIO()
    _make(text).terminal(out, compact=True)
    return out.getvalue()


def modules(text: str) -> Modules:
    """uint8 [N, N], 1 dark; level M, no quiet zone."""
    return np.array([list(row) for row in _make(text).matrix], np.uint8)


def _make(text: str) -> segno.QRCode:
    """Not boosted to a higher level: fewer modules are read from farther away."""
    return segno.make_qr(text, error="m", boost_error=False)
