"""One code followed from frame to frame, and what the frames together say of its modules.

A code that was seen narrows the next look: to its surroundings, its version, size and polarity,
and to three finder patterns that lie as they did. What each frame says of a module is added up, so
that frames of which none can be read can be read together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanner.vision.finder import (
    PLAIN,
    SIZES,
    TILTED_SIZES,
    Copies,
    Shape,
    Triple,
    triples,
)
from scanner.vision.grid import BRIEF, LEAST_AGREEMENT, GridCode, read_at
from scanner.vision.lattice import F32, Matrix
from scanner.vision.pose import Pose, again, contrast
from scanner.vision.prepare import View
from scanner.vision.qr_symbol import side_of

MARGIN = 0.25  # of the code's size, all around: a hand moves less between two frames
SIZE_RATIO = 1.25  # by which the module size may change between two frames
SIZE_STEP = 1.12  # half the way from one size that is looked for to the next
BENT = 0.2  # of its size, by which the triangle of the finder patterns may change its form
BENT_WEIGHT = 4  # of that, beside the answers of the three
MOST_FAILED = 3  # frames in a row in which it is not seen, or seen under the wrong version
FADE = 0.85  # of the evidence, from frame to frame: what was seen worse counts less and less
WEIGHT, MOST = 0.5, 1.5  # of one frame: its logits are surer than they should be
GOOD_AGREEMENT = 0.6  # of known modules; less may be the wrong version
LEAST_ANSWERS = 1.1  # of the three finder patterns that lie as the last ones did


@dataclass(frozen=True, slots=True)
class Track:
    """`pose` in pixels of the frame; `evidence`: added logits, [modules, modules], or none yet."""

    pose: Pose
    is_inverted: bool
    evidence: F32 | None
    failed: int = 0

    @property
    def module_px(self) -> float:
        """Of the longest side: the others are foreshortened."""
        corners = np.array(self.pose.corners())
        sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
        return float(sides.max()) / side_of(self.pose.version)


def surroundings(track: Track, frame: View) -> View:
    """The part of the frame in which the code is looked for next."""
    corners = track.pose.corners()
    (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
    margin = MARGIN * max(right - left, bottom - top)
    height, width = frame.grey.shape
    x0, y0 = max(0, int(left - margin)), max(0, int(top - margin))
    x1, y1 = min(width, int(right + margin)), min(height, int(bottom + margin))
    return View(np.ascontiguousarray(frame.grey[y0:y1, x0:x1]), x0, y0)


def look_for(track: Track, view: View) -> GridCode | None:
    """The code of the track in its surroundings, read or not, in pixels of the view."""
    if min(view.grey.shape) < 64:
        return None
    shape = track.pose.shape
    dark, light = Copies(view.grey).centres(_sizes(track.module_px, shape), shape)
    last = _last_places(track)
    three = _most_alike(
        triples(
            light if track.is_inverted else dark,
            12,
            least_answers=LEAST_ANSWERS,
            shape=shape,
        ),
        last,
    )
    if three is None:
        return None
    picture = contrast(view.grey, is_inverted=track.is_inverted)
    pose = again(picture, three, track.pose)
    if pose.agreement < LEAST_AGREEMENT:
        return None
    before = track.evidence if pose.version == track.pose.version else None
    return read_at(view.grey, pose, is_inverted=track.is_inverted, before=before, effort=BRIEF)


def _sizes(module_px: float, shape: Shape) -> tuple[float, ...]:
    """Those that are looked for that are near this one; of foreshortened patterns there are few."""
    if shape != PLAIN:
        return TILTED_SIZES
    near = tuple(s for s in SIZES if module_px / SIZE_STEP <= s <= module_px * SIZE_STEP)
    return near or (min(SIZES, key=lambda s: abs(s - module_px)),)


def _last_places(track: Track) -> Matrix:
    """[3, 2]: the middles of the finder patterns in the frame."""
    near, far = 3.5, side_of(track.pose.version) - 3.5
    at = np.array([(near, near, 1), (far, near, 1), (near, far, 1)]) @ track.pose.matrix.T
    return np.asarray(at[:, :2] / at[:, 2:], np.float64)


def _most_alike(found: list[Triple], last: Matrix) -> Triple | None:
    """The best three patterns that lie like the last ones, wherever they have moved."""
    before = last - last.mean(axis=0)
    best, most = None, -np.inf
    for triple in found:
        three = (triple.top_left, triple.top_right, triple.bottom_left)
        now = np.array([(centre.x, centre.y) for centre in three])
        now -= now.mean(axis=0)
        growth = float(np.linalg.norm(now) / np.linalg.norm(before))
        bent = float(np.abs(now - growth * before).max() / np.linalg.norm(now))
        if bent > BENT or not 1 / SIZE_RATIO < growth < SIZE_RATIO:
            continue
        if triple.score - BENT_WEIGHT * bent > most:
            best, most = triple, triple.score - BENT_WEIGHT * bent
    return best


def followed(track: Track | None, code: GridCode, view: View) -> Track | None:
    """The track after this frame; a new one when the code is another one; None to start anew."""
    pose = Pose(code.pose.version, _to_frame(view) @ code.pose.matrix, code.pose.agreement)
    failed = 0
    if track is not None and code.pose.agreement <= GOOD_AGREEMENT:
        failed = track.failed + 1
    if failed >= MOST_FAILED:
        return None
    return Track(pose, code.is_inverted, _evidence(track, code), failed)


def _evidence(track: Track | None, code: GridCode) -> F32 | None:
    """What this frame adds to what the ones before have said, or what it says of another code."""
    before = None
    if track is not None and track.pose.version == code.pose.version:
        before = track.evidence
    if code.logits is None:
        return before
    gained = np.asarray(WEIGHT * np.clip(code.logits, -MOST, MOST), np.float32)
    return FADE * before + gained if before is not None and code.is_joined else gained


def lost(track: Track) -> Track | None:
    """The track after a frame without a sight of the code; None when it has gone."""
    return replace(track, failed=track.failed + 1) if track.failed + 1 < MOST_FAILED else None


def _to_frame(view: View) -> Matrix:
    step = 1 / view.scale
    return np.array([[step, 0, view.left], [0, step, view.top], [0, 0, 1]])
