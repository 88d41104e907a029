"""Our own reader of single codes: where the others see no finder pattern or too many errors.

Region → finder patterns → pose → samples on the module lattice → blur, pose and modules in turns
→ correction with erasures. What one frame could not settle stays as logits for the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanner.vision.codewords import payload_from
from scanner.vision.engines import Found
from scanner.vision.equalise import Sight, belief_of, believed, blur_of, first_belief, moved
from scanner.vision.finder import (
    PLAIN,
    SIZES,
    TILTED,
    TILTED_SIZES,
    Centre,
    Copies,
    Shape,
    Triple,
    triples,
)
from scanner.vision.lattice import F32, Lattice, lattice_of
from scanner.vision.pose import CERTAIN, Pose, best_of, contrast
from scanner.vision.prepare import Grey

LEAST_AGREEMENT = 0.5  # of known modules with the picture, for a pose worth a closer look
LEAST_SIGHT = 0.35  # the same once the blur is taken out
MIN_SIDE = 64  # pixels; whatever is smaller is no pass
# In a region so large a code is large, or it does not fill it: only the sizes from COARSE on are
# looked for, and no foreshortened ones. What is looked for costs by the pixel.
LARGE_PIXELS, COARSE = 170_000, 1
STILL = 0.04  # modules; a pose that moves less is right
# A correction is tried when so little is in doubt.
CLEAR_AT_ONCE, CLEAR = 0.005, 0.012
# Correlation of two frames' modules, six standard deviations from what two codes have in common.
SAME_CODE = 0.12


MOST_TRIPLES = 4, 3  # seen plainly, and foreshortened


@dataclass(frozen=True, slots=True)
class Effort:
    """`hopeless`: so much doubt after the first, second, … turn, and no other one is made.

    `least_answers`: of three finder patterns together, for a pose to be looked for; seen plainly,
    and foreshortened. `worth`: agreement of a pose for an attempt to read. `shapes`: how patterns
    may be foreshortened, looked for when no plain ones are seen.
    """

    hopeless: tuple[float, ...]
    least_answers: tuple[float, float]
    worth: float
    shapes: tuple[Shape, ...] = TILTED

    def goes_on(self, turns: int, doubt: float) -> bool:
        if turns == 0:
            return True
        return turns <= len(self.hopeless) and doubt < self.hopeless[turns - 1]


FULL = Effort((0.12, 0.05, 0.04, 0.03), (1.3, 1.25), worth=LEAST_AGREEMENT)
# On a stream the next frame will be as good, and comes sooner when this one is given up. Of 223
# frames that were read one in fifty lay beyond these bounds, of 342 others one in four within.
BRIEF = Effort((0.075, 0.036, 0.02), (1.55, 1.3), worth=0.65)


@dataclass(frozen=True, slots=True)
class GridCode:
    """A code seen on its lattice; `payload` None: not read. `pose` in pixels of the region.

    `logits`: half the log odds of dark of each module, [modules, modules], None when the code was
    not worth an attempt; `is_joined`: earlier frames had their part in it.
    """

    payload: bytes | None
    pose: Pose
    is_inverted: bool
    logits: F32 | None
    is_joined: bool


def read_region(
    grey: Grey, effort: Effort = FULL, sizes: tuple[float, ...] = SIZES
) -> GridCode | None:
    """The code of a region, read or not; None when there is no sight of one."""
    seen = best_pose(grey, sizes, effort)
    if seen is None:
        return None
    pose, is_inverted = seen
    return read_at(grey, pose, is_inverted=is_inverted, effort=effort)


def grid(grey: Grey) -> list[Found]:
    """As an engine of the cascade; a code that is seen but not read is given without payload."""
    code = read_region(grey)
    if code is None or (code.payload is None and code.pose.agreement < CERTAIN):
        return []
    return [Found(code.payload, code.pose.corners())]


def best_pose(grey: Grey, sizes: tuple[float, ...], effort: Effort) -> tuple[Pose, bool] | None:
    """The pose that agrees best, and whether the code is light on dark."""
    if min(grey.shape) < MIN_SIDE:
        return None
    if grey.size > LARGE_PIXELS:
        sizes, effort = sizes[COARSE:], replace(effort, shapes=())
    copies, pictures = Copies(grey), _Pictures(grey)
    if (seen := _best_of_both(pictures, copies.centres(sizes), PLAIN, effort)) is not None:
        return seen
    for shape in effort.shapes:
        found = copies.centres(TILTED_SIZES, shape)
        if (seen := _best_of_both(pictures, found, shape, effort)) is not None:
            return seen
    return None


class _Pictures:
    """A region prepared for the comparison of poses, dark and light, made when needed."""

    def __init__(self, grey: Grey) -> None:
        self._grey = grey
        self._made: dict[bool, F32] = {}

    def of(self, *, is_inverted: bool) -> F32:
        if not self._made:
            self._made[False] = contrast(self._grey, is_inverted=False)
        if is_inverted not in self._made:
            self._made[True] = -self._made[False]
        return self._made[is_inverted]


def _best_of_both(
    pictures: _Pictures, found: tuple[list[Centre], list[Centre]], shape: Shape, effort: Effort
) -> tuple[Pose, bool] | None:
    """The same among dark patterns and light ones, first where the likelier three are."""
    least, most = effort.least_answers[shape != PLAIN], MOST_TRIPLES[shape != PLAIN]
    threes = [
        (triples(those, most, least_answers=least, shape=shape), is_inverted)
        for those, is_inverted in zip(found, (False, True), strict=True)
    ]
    best: tuple[Pose, bool] | None = None
    for these, is_inverted in sorted(threes, key=_best_score, reverse=True):
        if not these or (best is not None and best[0].agreement > CERTAIN):
            continue
        pose = best_of(pictures.of(is_inverted=is_inverted), these)
        if pose is not None and (best is None or pose.agreement > best[0].agreement):
            best = pose, is_inverted
    return best if best is not None and best[0].agreement >= LEAST_AGREEMENT else None


def _best_score(threes: tuple[list[Triple], bool]) -> float:
    return max((triple.score for triple in threes[0]), default=0.0)


def read_at(
    grey: Grey, pose: Pose, *, is_inverted: bool, before: F32 | None = None, effort: Effort = FULL
) -> GridCode | None:
    """Read the code of this pose; None when a closer look shows none.

    `before`: logits that earlier frames of the same code gave.
    """
    lattice, matrix = lattice_of(pose.version), pose.matrix
    if pose.agreement < effort.worth:
        return GridCode(None, pose, is_inverted, None, is_joined=False)
    sight = Sight.of(grey, matrix, lattice, is_inverted=is_inverted)
    belief, agreement = first_belief(sight, lattice)
    if agreement < LEAST_SIGHT:
        return None
    is_joined = before is not None and _is_same_code(belief.logits, before, lattice)
    known_before = _on_lattice(before if is_joined else None, lattice)
    if is_joined:
        belief = believed(belief.logits, known_before, lattice)
    payload, turns = None, 0
    while payload is None and effort.goes_on(turns, belief.doubt):
        turns += 1
        blur = blur_of(sight, belief, lattice)
        matrix, far = moved(matrix, sight, blur, lattice)
        if far > STILL:
            sight = Sight.of(grey, matrix, lattice, is_inverted=is_inverted)
        belief = belief_of(sight, blur, lattice, known_before)
        if belief.doubt < (CLEAR_AT_ONCE if turns == 1 else CLEAR):
            payload = payload_from(_code(belief.logits + known_before, lattice), pose.version)
    found = Pose(pose.version, matrix, agreement)
    return GridCode(payload, found, is_inverted, _code(belief.logits, lattice), is_joined)


def _is_same_code(logits: F32, before: F32, lattice: Lattice) -> bool:
    """Whether the modules that differ from code to code are what earlier frames said of them."""
    code = lattice.inside, lattice.inside
    data = ~lattice.known[code]
    both = np.corrcoef(np.tanh(logits[code][data]), np.tanh(before[data]))
    return bool(both[0, 1] > SAME_CODE)


def _on_lattice(before: F32 | None, lattice: Lattice) -> F32:
    """Logits of the code's modules with nothing known around."""
    logits = np.zeros_like(lattice.values)
    if before is not None:
        logits[lattice.inside, lattice.inside] = before
    return logits


def _code(logits: F32, lattice: Lattice) -> F32:
    return logits[lattice.inside, lattice.inside]
