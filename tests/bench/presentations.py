"""A code held up by hand before a camera at 15 frames a second: when is it read?

A reader that is still busy misses frames, as it does at a checkpoint: the next one it sees is the
newest. How long it is busy is its own time on the processor, times what a small board is slower.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from tests.bench.cases import held, readable
from tests.bench.peers import Reader
from tests.bench.sheets import NO_CODES, Sheet, any_code
from tests.bench.shots import Grey, Shot, photograph

FPS, FRAMES = 15, 30
SIZE = (960, 540)
APPROACH_S, FOCUS_S = 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Presentation:
    """What is held up, its text and its frames."""

    text: str
    frames: Sequence[Grey]


@dataclass(frozen=True, slots=True)
class Seen:
    """after_s: from the first frame to the answer; None: never. is_false: another text came."""

    after_s: float | None
    is_false: bool
    cpu_ms: tuple[float, ...]


def present(seed: int, number: int, shake: float) -> Presentation:
    """shake: how much the hand moves, 1.0 for hurried people."""
    random = np.random.default_rng([seed, number])
    code, shots = any_code(random), list(_approach(random, shake))
    frames = _taken(held(code, shots[0], random), shots, random)
    return Presentation(readable(code.text.encode()), frames)


def present_nothing(seed: int, number: int, shake: float) -> Presentation:
    """A page, a keyboard, a fence moved about before the camera: no text is right."""
    random = np.random.default_rng([seed, number])
    shots, draw = list(_approach(random, shake)), NO_CODES[number % len(NO_CODES)]
    return Presentation("", _taken(draw(random), shots, random))


def _taken(sheet: Sheet, shots: Sequence[Shot], random: Generator) -> Sequence[Grey]:
    """Grain and place in the frame are drawn anew for each."""
    seed = int(random.integers(2**31))
    return [
        photograph(sheet, shot, np.random.default_rng([seed, at]), SIZE)
        for at, shot in enumerate(shots)
    ]


def _approach(random: Generator, shake: float) -> Iterator[Shot]:
    """Comes nearer, is held; the lens finds its focus; the hand trembles about where it is."""
    uniform = random.uniform
    far, near = float(uniform(1.3, 2.0)), float(uniform(2.0, 3.2))
    tilt, turn, speed = abs(float(random.normal(18, 12))), float(uniform(-25, 25)), 6.0
    unsharp = float(uniform(1.5, 3.0))
    base = Shot(
        axis=float(uniform(0, 360)),
        noise=float(uniform(3, 15)),
        jpeg=int(random.choice([0, 60])),
        is_inverted=bool(random.random() < 0.1),
        moire=float(random.choice([0, 0.4])),
        glare=float(random.choice([0, 0, 0.1])),
    )
    for at_s in np.arange(FRAMES) / FPS:
        speed = 0.7 * speed + 0.3 * float(random.gamma(2, 2.0))
        tilt, turn = abs(tilt + float(random.normal(0, 3))), turn + float(random.normal(0, 2))
        share = min(1.0, at_s / APPROACH_S)
        yield replace(
            base,
            module_px=far + (near - far) * share,
            tilt=min(60.0, tilt),
            turn=turn,
            motion=speed * shake,
            heading=float(uniform(0, 180)),
            blur=0.7 + unsharp * float(np.exp(-at_s / FOCUS_S)),
        )


def watch(reader: Reader, shown: Presentation, slow: float) -> Seen:
    """slow: how many times as long as here one frame takes there."""
    read, free_s, costs = reader.make(), 0.0, list[float]()
    for at, grey in enumerate(shown.frames):
        at_s = at / FPS
        if at_s < free_s:
            continue
        began = time.process_time()
        texts = {readable(payload) for payload in read(grey)}
        costs.append((time.process_time() - began) * 1e3)
        free_s = at_s + slow * costs[-1] / 1e3
        if texts:
            is_false = texts != {shown.text}
            return Seen(None if is_false else free_s, is_false, tuple(costs))
    return Seen(None, False, tuple(costs))
