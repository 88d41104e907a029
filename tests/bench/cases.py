"""Frames to be read and what may come out of them: by degradation, mixed, photos, and no codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from tests.bench.sheets import NO_CODES, Code, Sheet, any_code, paper, phone, two_codes
from tests.bench.shots import Grey, Shot, photograph

HD, VGA = (1280, 720), (640, 480)
MIX, NONE = "mix of all", "no code in view"
OVERLAPPING = "two codes, one over the other"
LONGEST_SIDE = 1280


@dataclass(frozen=True, slots=True)
class Case:
    """part: the set it belongs to; strength: of the one thing that is wrong, "" else.

    texts: what may be read, printable ASCII; is_whole: one of them should be.
    """

    part: str
    strength: str
    grey: Grey
    texts: frozenset[str]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Degradation:
    """A field of `Shot` at some strengths, everything else mild."""

    name: str
    field: str
    strengths: tuple[float, ...]
    unit: str = ""


DEGRADATIONS = (
    Degradation("module size", "module_px", (4, 3, 2.5, 2, 1.7, 1.4), "px"),
    Degradation("blur", "blur", (0.8, 1.2, 1.6, 2.2, 3.0), "px"),
    Degradation("motion", "motion", (2, 4, 6, 9, 15), "px"),
    Degradation("noise", "noise", (5, 15, 30, 45)),
    Degradation("tilt", "tilt", (0, 30, 45, 60), "°"),
    Degradation("rotation", "turn", (0, 15, 30, 45), "°"),
    Degradation("glare", "glare", (0.05, 0.1, 0.2, 0.3)),
    Degradation("moiré", "moire", (0.3, 0.6, 0.9)),
    Degradation("low contrast", "contrast", (0.5, 0.25, 0.12)),
    Degradation("half in the shade", "shade", (0.3, 0.6, 0.85)),
    Degradation("inverted", "is_inverted", (1,)),
    Degradation("JPEG quality", "jpeg", (80, 40, 20, 10)),
    Degradation("a corner covered", "covered", (0.1, 0.15, 0.2)),
)


def degraded(degradation: Degradation, strength: float, random: Generator) -> Case:
    """A pass on paper or on a screen, mild but for one thing."""
    base = Shot(axis=float(random.uniform(0, 360)), heading=float(random.uniform(0, 180)))
    kind = type(getattr(base, degradation.field))
    shot = replace(base, **{degradation.field: kind(strength)})
    code = any_code(random)
    grey = photograph(held(code, shot, random), shot, random, HD)
    said = f"{strength:g}{' ' if degradation.unit == 'px' else ''}{degradation.unit}"
    return Case(degradation.name, said, grey, frozenset([readable(code.text.encode())]))


def held(code: Code, shot: Shot, random: Generator) -> Sheet:
    """On a screen or on paper; only screens have pixels to interfere with the camera's."""
    if shot.moire or random.random() < 0.5:
        return phone(code, random, moire=shot.moire, is_inverted=shot.is_inverted)
    return paper(code, random, is_inverted=shot.is_inverted)


def any_shot(random: Generator) -> Shot:
    """Everything at once, as a queue at night has it."""
    uniform = random.uniform
    return Shot(
        module_px=float(np.exp(uniform(np.log(1.9), np.log(4.2)))),
        tilt=min(60.0, abs(float(random.normal(0, 20)))),
        axis=float(uniform(0, 360)),
        turn=float(uniform(-45, 45)),
        blur=float(uniform(0.5, 1.5)),
        motion=float(random.gamma(1.4, 1.4)),
        heading=float(uniform(0, 180)),
        noise=float(uniform(2, 18)),
        glare=_sometimes(0.25, uniform(0.05, 0.15), random),
        covered=_sometimes(0.1, uniform(0.04, 0.1), random),
        moire=_sometimes(0.4, uniform(0.1, 0.6), random),
        shade=_sometimes(0.5, uniform(0.1, 0.7), random),
        contrast=1 - _sometimes(0.5, uniform(0, 0.65), random),
        is_inverted=bool(random.random() < 0.08),
        jpeg=int(_sometimes(0.35, uniform(35, 85), random)),
    )


def _sometimes(share: float, value: float, random: Generator) -> float:
    return float(value) if random.random() < share else 0.0


def mixed(number: int, random: Generator) -> Case:
    """Two of three frames are large."""
    shot, code = any_shot(random), any_code(random)
    size = VGA if number % 3 == 2 else HD
    if size == VGA:  # a larger code would not fit
        shot = replace(shot, module_px=min(shot.module_px, 3.2))
    grey = photograph(held(code, shot, random), shot, random, size)
    return Case(MIX, "", grey, frozenset([readable(code.text.encode())]))


def empty(number: int, random: Generator) -> Case:
    """Text, keyboards, fences, squares in squares, tiles: nothing may come out."""
    shot = replace(any_shot(random), covered=0.0)
    sheet = NO_CODES[number % len(NO_CODES)](random)
    return Case(NONE, "", photograph(sheet, shot, random, HD), frozenset(), is_whole=False)


def overlapping(_: int, random: Generator) -> Case:
    """Either of the two may come out, and nothing else."""
    first, second = any_code(random), any_code(random)
    shot = replace(any_shot(random), moire=0.0, is_inverted=False)
    grey = photograph(two_codes(first, second, random), shot, random, HD)
    texts = frozenset(readable(code.text.encode()) for code in (first, second))
    return Case(OVERLAPPING, "", grey, texts, is_whole=False)


def synthetic(frames: int, seed: int) -> Iterator[Case]:
    """`frames` at each strength, 20 times as many mixed, 10 times as many without a code.

    Each frame has a seed of its own: more frames leave those before as they were.
    """
    kinds: list[tuple[Callable[[int, Generator], Case], int]] = [
        (_at(degradation, strength), frames)
        for degradation in DEGRADATIONS
        for strength in degradation.strengths
    ]
    kinds += [(mixed, 20 * frames), (empty, 10 * frames), (overlapping, 5 * frames)]
    for kind, (make, count) in enumerate(kinds):
        for number in range(count):
            yield make(number, np.random.default_rng([seed, kind, number]))


def _at(degradation: Degradation, strength: float) -> Callable[[int, Generator], Case]:
    return lambda _, random: degraded(degradation, strength, random)


def photos(folder: Path) -> Iterator[Case]:
    """Every picture below with a text of the same name beside it."""
    for path in sorted(folder.rglob("*")):
        text = path.with_suffix(".txt")
        if path.suffix.lower() in {".png", ".jpg", ".jpeg"} and text.exists():
            grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if grey is not None:
                texts = frozenset([readable(text.read_bytes())])
                whole = np.asarray(grey, np.uint8)
                yield Case(f"photos, {path.parent.name}", "", _fitting(whole), texts)


def _fitting(grey: Grey) -> Grey:
    scale = min(1.0, LONGEST_SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small if scale < 1 else grey, np.uint8)


def readable(payload: bytes) -> str:
    r"""Printable ASCII: readers differ in the charset they take a text for, and in nothing else.

    Shift-JIS has a yen sign where ASCII has the backslash, so that one is left out.
    """
    with suppress(UnicodeError):  # OpenCV takes every byte for a letter of Latin-1
        payload = payload.decode("utf-8").encode("latin-1")
    for charset in ("utf-8", "shift_jis"):
        with suppress(UnicodeDecodeError):
            return "".join(char for char in payload.decode(charset) if _is_plain(char))
    return "".join(chr(byte) for byte in payload if _is_plain(chr(byte)))


def _is_plain(char: str) -> bool:
    return " " < char < "\x7f" and char != "\\"
