"""A stream of frames: what the last ones showed makes the next one quicker and surer.

Every frame: zxing-cpp, then the module lattice, both where the code was last, or on the whole and
in the busiest region. While no code is read, every other frame is looked through for tilted codes,
and zxing-cpp sees its busiest region alone. When neither sees a code, one of the deeper stages of
the cascade, by turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from scanner.core.reading import Reading
from scanner.vision.decode import FIRST, GRID_PIXELS, MIN_SIDE, SHARP, WHOLE, ZBAR, readings_of
from scanner.vision.engines import Found
from scanner.vision.finder import TILTED
from scanner.vision.grid import BRIEF, LARGE_PIXELS, GridCode, read_region
from scanner.vision.prepare import Grey, View, busiest_region, to_grey
from scanner.vision.track import Track, followed, look_for, lost, surroundings

# Beside a code that is followed another one may come: so often the whole frame is looked at.
WHOLE_EVERY = 4
# When no lattice is seen, by turns. None: in most such frames there is nothing to be read, and the
# next one comes sooner.
ROTATION = (*[None] * 5, SHARP, *[None] * 3, ZBAR, *[None] * 3, WHOLE)


@dataclass(frozen=True, slots=True)
class Look:
    """What a frame showed; `unread`: where a code is that could not be read, without payload."""

    readings: tuple[Reading, ...]
    unread: Reading | None = None

    @property
    def answer(self) -> tuple[Reading, ...]:
        """For the loop: what was read, and what was not as a reading without payload."""
        return self.readings if self.unread is None else (*self.readings, self.unread)


class StreamReader:
    """Reads frame after frame of one camera. For one thread only.

    >>> StreamReader()(np.full((480, 640), 128, np.uint8))
    []
    """

    def __init__(
        self, limit_s: float | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """No deeper stage starts later than `limit_s` after a frame came."""
        self._limit_s, self._monotonic = limit_s, monotonic
        self.reset()

    def reset(self) -> None:
        """Forget what was seen: the next frame is the first one."""
        self._track: Track | None = None
        self._shape: tuple[int, ...] = (0, 0)
        self._deeper = cycle(ROTATION)
        self._frames = 0
        self._has_read = False  # in the last frame

    def __call__(self, image: NDArray[np.uint8]) -> list[bytes]:
        """The payloads of one frame. Raises ValueError for what is no grey or BGR picture."""
        return [reading.payload for reading in self.look(to_grey(image)).readings]

    def look(self, grey: Grey) -> Look:
        """uint8 [H, W] → what it shows."""
        if min(grey.shape) < MIN_SIDE:
            return Look(())
        if grey.shape != self._shape:  # another camera, or another mode of it
            self.reset()
        self._shape = grey.shape
        frame, start_s = View(grey), self._monotonic()
        self._frames += 1
        found = self._look(frame, start_s)
        self._has_read = bool(found.readings)
        return found

    def _look(self, frame: View, start_s: float) -> Look:
        grey = frame.grey
        around = self._surroundings(frame)
        first = frame if around is None or self._frames % WHOLE_EVERY == 0 else around
        # Looked for when it is asked for: a code that zxing-cpp reads needs no region.
        region = cache(lambda: busiest_region(frame) if around is None else around)
        is_tilted = self._is_tilted_turn(region)
        plain = (region() if is_tilted else None) or first
        if found := FIRST.engine(plain.grey):
            self._track = None
            return Look(tuple(readings_of(found, plain, grey)))
        view = region()
        if view is None:
            return Look(())
        code = self._on_the_lattice(view, is_tilted=is_tilted)
        if code is None:
            return Look(tuple(self._deeper_reading(frame, view, start_s)))
        (place,) = readings_of([Found(code.payload or b"", code.pose.corners())], view, grey)
        return Look((place,)) if code.payload else Look((), place)

    def _surroundings(self, frame: View) -> View | None:
        """Where the code that is followed will be; None when none is, or it leaves the frame."""
        view = None if self._track is None else surroundings(self._track, frame)
        if view is not None and min(view.grey.shape) < MIN_SIDE:
            self._track = view = None
        return view

    def _is_tilted_turn(self, region: Callable[[], View | None]) -> bool:
        """Whether this frame is looked through for tilted codes, and the region alone by zxing-cpp:
        both searches on the whole cost more time than until the next frame. In the region zxing-cpp
        costs a hundredth of the other search, and most codes are not tilted."""
        if self._track is not None or self._has_read or self._frames % 2:
            return False
        view = region()
        return view is not None and view.grey.size <= LARGE_PIXELS

    def _on_the_lattice(self, view: View, *, is_tilted: bool) -> GridCode | None:
        """The code that was seen before, else one in the busiest region."""
        if view.grey.size > GRID_PIXELS:
            return None
        if self._track is None:
            # Half of the directions: a tilt lasts some frames.
            tilted = TILTED[self._frames // 2 % 2 :: 2] if is_tilted else ()
            code = read_region(view.grey, replace(BRIEF, shapes=tilted))
            self._track = None if code is None else followed(None, code, view)
            return code
        code = look_for(self._track, view)
        self._track = lost(self._track) if code is None else followed(self._track, code, view)
        return code

    def _deeper_reading(self, frame: View, view: View, start_s: float) -> list[Reading]:
        stage = next(self._deeper)
        if stage is None or (not stage.is_whole and view.grey.size > GRID_PIXELS):
            return []
        if self._limit_s is not None and self._monotonic() - start_s > self._limit_s:
            return []
        prepared = stage.prepare(frame if stage.is_whole else view)
        return readings_of(stage.engine(prepared.grey), prepared, frame.grey)


reader = StreamReader()
