"""Where `scanner check` gets its codes: image files, text files, text, standard input."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from scanner.core.reading import HoldGate, View

MOST_BYTES = 32 * 1024 * 1024
_IMAGE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"II*\0", b"MM\0*", b"P5", b"P6")


@dataclass(frozen=True, slots=True)
class Code:
    """`payload` None: no code, or several passes at once, and then none is decided."""

    source: str
    payload: bytes | None
    read_ms: float


def codes_of(source: str) -> Iterator[Code]:
    """Every code of one SOURCE. Raises click.UsageError for what cannot be read."""
    if source == "-":
        yield from _of_bytes("-", sys.stdin.buffer.read(MOST_BYTES))
    elif _is_file(source):
        yield from _of_bytes(source, _read(Path(source)))
    elif source.lower().endswith((".png", ".jpg", ".jpeg", ".bmp", ".webp", ".txt")):
        raise click.UsageError(f"There is no file {source}.")
    else:
        yield Code("text", source.encode("utf-8", "surrogateescape"), 0.0)


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except (OSError, ValueError):  # longer than a file name may be
        return False


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}.") from None


def _of_bytes(source: str, raw: bytes) -> Iterator[Code]:
    """An image gives the code that the loop would take; text gives one code a line."""
    if raw.startswith(_IMAGE_STARTS) or raw[8:12] == b"WEBP":
        yield _of_image(source, raw)
        return
    for line in raw.splitlines() or [b""]:
        if line.strip() or not raw.strip():
            yield Code(source, line.strip(), 0.0)


def _of_image(source: str, raw: bytes) -> Code:
    import cv2
    import numpy as np

    from scanner.vision.decode import read_codes

    begun_s = time.perf_counter()
    try:
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        image = None
    if image is None:
        raise click.UsageError(f"{source} is a damaged image.")
    sight = HoldGate().look(read_codes(np.asarray(image, np.uint8)), 0.0)
    payload = sight.payload if sight.view is View.NEW else None
    return Code(source, payload, 1000 * (time.perf_counter() - begun_s))
