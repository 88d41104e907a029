"""The test card: a code as wide as a pass on a phone, but of large modules, read where no pass is.

    hardware/test-card.svg, printed at full size: 50 mm from the first module to the last

Its text is no pass and nobody's. Whatever size the card has in a picture, a pass on a phone held in
the same place has too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.vision.probe import TEST_PAYLOAD, card_picture

PAYLOAD = TEST_PAYLOAD
WIDTH_MM = 50
MODULES = 21
QUIET = 4
# The densest code that is counted with, version 17; 5 cm is what a phone shows it at.
PASS_MODULES = 85


def card_modules() -> NDArray[np.uint8]:
    """uint8 [29, 29] with the quiet zone: 255 light, 0 dark."""
    step = card_picture().shape[0] // (MODULES + 2 * QUIET)
    return card_picture()[step // 2 :: step, step // 2 :: step]


def card_svg() -> str:
    """The page to print: A6 upright, in millimetres."""
    module_mm = WIDTH_MM / MODULES
    left = (105 - WIDTH_MM) / 2 - QUIET * module_mm
    squares = "".join(
        f"M{column} {row}h1v1h-1z" for row, column in np.argwhere(card_modules() == 0).tolist()
    )
    lines = (
        ("Checkpoint scanner: test card", 102),
        (f"Print at 100 %. The code must be {WIDTH_MM} mm wide.", 109),
        ("Hold it where a phone is held, then run", 120),
        ("scanner doctor --only camera", 127),
    )
    words = "".join(f'<text x="52.5" y="{y}">{text}</text>' for text, y in lines)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="105mm" height="148mm" '
        'viewBox="0 0 105 148">\n'
        '<rect width="105" height="148" fill="#fff"/>\n'
        f'<path transform="translate({left:.4f} 12) scale({module_mm:.6f})" fill="#000" '
        f'shape-rendering="crispEdges" d="{squares}"/>\n'
        f'<g font-family="sans-serif" font-size="4" text-anchor="middle">{words}</g>\n'
        "</svg>\n"
    )
