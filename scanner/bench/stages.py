"""Which stage of the reader reads how many of the frames that came, and what each costs.

In this process, as `scanner check` does: the reader beside the loop answers with bytes and corners
alone. The frames are of whoever stands before the camera during the bench.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scanner.ports import Frame
from scanner.vision.decode import FIRST, GRID, MIN_SIDE, SHARP, WHOLE, ZBAR, Stage, readings_of
from scanner.vision.prepare import View, busiest_region

STAGES: tuple[tuple[str, Stage], ...] = (
    ("zxing-cpp, whole frame", FIRST),
    ("zxing-cpp, region sharpened", SHARP),
    ("module lattice, region", GRID),
    ("zbar, region", ZBAR),
    ("zxing-cpp, frame sharpened", WHOLE),
)


@dataclass
class StageUse:
    """`took_s`: of every frame that reached this stage; `read`: how many it was first to read."""

    name: str
    took_s: list[float] = field(default_factory=list)
    read: int = 0


def used_stages(frames: Sequence[Frame], clock: Callable[[], float]) -> list[StageUse]:
    """Each frame goes from stage to stage until one reads it, as a single picture does.

    `clock`: seconds, e.g. of the processor's time.
    """
    uses = [StageUse(name) for name, _ in STAGES]
    for frame in frames:
        if min(frame.grey.shape) >= MIN_SIDE:
            _follow(View(frame.grey), uses, clock)
    return [use for use in uses if use.took_s]


def _follow(frame: View, uses: Sequence[StageUse], clock: Callable[[], float]) -> None:
    region: View | None = None
    for use, (_, stage) in zip(uses, STAGES, strict=True):
        begun_s = clock()
        if not stage.is_whole and region is None:
            region = busiest_region(frame)  # its cost is of the first stage that needs it
            if region is None:
                return
        view = stage.prepare(frame if stage.is_whole or region is None else region)
        is_read = bool(readings_of(stage.engine(view.grey), view, frame.grey))
        use.took_s.append(clock() - begun_s)
        if is_read:
            use.read += 1
            return
