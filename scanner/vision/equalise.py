"""Modules out of blurred samples: the blur and the modules are estimated in turns.

Each turn: the blur by least squares from what the modules are believed to be; the pose, moved to
where this explains the samples best; and the modules anew, knowing that each is dark or light.
The last step is vector approximate message passing [Rangan, Schniter, Fletcher 2019]: a linear
estimate and the decision per module exchange what each learns beyond the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.fft import rfft2

from scanner.vision.lattice import (
    F32,
    LEVEL,
    SAMPLES,
    Lattice,
    Matrix,
    Spectrum,
    by_phase,
    first_estimates,
    from_spectrum,
    in_place,
    sampled,
    spectrum_of,
    transformed,
)
from scanner.vision.prepare import Grey

REACH = 2  # modules to each side that a blur touches
ROUNDS = 3  # of message passing; more of them make it sure of what is wrong
DAMPING = 0.7
# What the blur leaves unexplained is for the most part no noise but repeats from sample to sample;
# taken as noise in full it makes the first turns timid: a fifth fewer codes in focus too late.
NOISE_SHARE, LEAST_NOISE = 0.3, 0.003
LEAST_PRECISION, MOST_PRECISION = 1e-2, 50.0
LEAST_DOUBT = 1e-3


@dataclass(frozen=True, slots=True)
class Sight:
    """One picture of a code under one pose; `phases` as in the lattice, `spectrum` of them."""

    samples: F32
    phases: F32
    spectrum: Spectrum

    @classmethod
    def of(cls, grey: Grey, matrix: Matrix, lattice: Lattice, *, is_inverted: bool) -> Sight:
        samples = sampled(grey, matrix, lattice, is_inverted=is_inverted)
        phases = by_phase(samples)
        return cls(samples, phases, transformed(phases))


@dataclass(frozen=True, slots=True)
class Belief:
    """`logits`: half the log odds of dark, [side, side]; `means`: −1 to 1, known ones exact."""

    logits: F32
    means: F32

    @property
    def doubt(self) -> float:
        """Mean variance of a module: 0 when all are certain, 1 when nothing is known."""
        return float(1 - (self.means**2).mean())


def first_belief(sight: Sight, lattice: Lattice) -> tuple[Belief, float]:
    """Linear, by the likely blur under which the known modules agree best; and that agreement."""
    best, agreement = np.zeros_like(lattice.values), -1.0
    values = lattice.values[lattice.known]
    values = (values - values.mean()) / (values.std() * len(values))
    for estimate in first_estimates(sight.spectrum, lattice):
        seen = estimate[lattice.known]
        score = float(seen @ values / (seen.std() + 1e-6))
        if score > agreement:
            best, agreement = estimate, score
    spread = float(np.sqrt((best[lattice.inside, lattice.inside] ** 2).mean())) + 1e-6
    logits = np.asarray(best * (1.5 / spread), np.float32)
    return believed(logits, np.zeros_like(logits), lattice), agreement


def believed(logits: F32, before: F32, lattice: Lattice) -> Belief:
    """What one frame says, joined with what was known before."""
    return Belief(logits, _decided(logits + before, lattice))


def _decided(logits: F32, lattice: Lattice) -> F32:
    return np.where(lattice.known, lattice.values, np.tanh(logits)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Blur:
    """`taps`: [SAMPLES², k, k]; `explained`: the samples it foretells; `noise`: what is left."""

    taps: F32
    explained: F32
    noise: float


def blur_of(sight: Sight, belief: Belief, lattice: Lattice) -> Blur:
    """Least squares; the doubt about each module counts as it does in the EM algorithm."""
    means = belief.means
    level = means - cv2.blur(means, (LEVEL, LEVEL))
    rows = _shifted(level)
    variance = 1 - means * means
    normal = rows @ rows.T + (float(variance.sum()) + 1) * np.eye(len(rows), dtype=np.float32)
    flat = np.linalg.solve(normal, rows @ sight.phases.reshape(SAMPLES**2, -1).T).T
    explained = (flat @ rows).reshape(sight.phases.shape)
    code = (slice(None), lattice.inside, lattice.inside)
    # Without what the doubt about the modules adds to it: that would make the first turns timid.
    left = float(((sight.phases[code] - explained[code]) ** 2).mean())
    taps = flat.reshape(SAMPLES**2, 2 * REACH + 1, 2 * REACH + 1).astype(np.float32)
    return Blur(taps, explained.astype(np.float32), max(NOISE_SHARE * left, LEAST_NOISE))


def _shifted(level: F32) -> F32:
    """[side, side] → [(2 · REACH + 1)², side²]: by each shift down and right, round the edges."""
    around = cv2.copyMakeBorder(level, *(REACH,) * 4, cv2.BORDER_WRAP)
    below, after = around.strides
    start = around[2 * REACH :, 2 * REACH :]
    shape = (2 * REACH + 1, 2 * REACH + 1, *level.shape)
    views = np.lib.stride_tricks.as_strided(start, shape, (-below, -after, below, after))
    return np.asarray(views.reshape(-1, level.size), np.float32)


def moved(matrix: Matrix, sight: Sight, blur: Blur, lattice: Lattice) -> tuple[Matrix, float]:
    """The pose moved to where the samples are explained best (Lucas-Kanade, 8 parameters).

    And how far, in modules at most.
    """
    foretold = in_place(blur.explained)
    slopes = _slopes(foretold, lattice)
    edge = _edge(lattice)
    rest = (sight.samples[edge, edge] - foretold[edge, edge]).ravel()
    normal = (slopes @ slopes.T).astype(np.float64)
    normal[np.diag_indices(8)] = normal.diagonal() * 1.02 + 1e-3
    step = np.clip(np.linalg.solve(normal, (slopes @ rest).astype(np.float64)), -1, 1)
    return matrix @ _moving(step, lattice.modules / 2), float(np.abs(step).max())


def _edge(lattice: Lattice) -> slice:
    """The samples of the code and of one module around."""
    return slice((lattice.inside.start - 1) * SAMPLES, (lattice.inside.stop + 1) * SAMPLES)


def _slopes(foretold: F32, lattice: Lattice) -> F32:
    """What the samples would gain by each of 8 small moves, in modules: float32 [8, n]."""
    edge = _edge(lattice)
    after, ahead = slice(edge.start + 1, edge.stop + 1), slice(edge.start - 1, edge.stop - 1)
    down = (foretold[after, edge] - foretold[ahead, edge]) * (SAMPLES / 2)
    across = (foretold[edge, after] - foretold[edge, ahead]) * (SAMPLES / 2)
    places = (np.arange(edge.start, edge.stop) + 0.5) / SAMPLES - lattice.inside.start
    centred = (places / (lattice.modules / 2) - 1).astype(np.float32)
    x, y = centred[None, :], centred[:, None]
    outward = across * x + down * y
    moves = [across, across * x, across * y, down, down * x, down * y, outward * x, outward * y]
    return np.asarray(np.stack(moves).reshape(8, -1), np.float32)


def _moving(step: Matrix, half: float) -> Matrix:
    """Modules → where they were taken for, as a homography."""
    a, b, c, d, e, f, g, h = step / half
    by_step = np.array([[1 + b, c, a], [e, 1 + f, d], [-g, -h, 1]])
    centred = np.array([[1 / half, 0, -1], [0, 1 / half, -1], [0, 0, 1]])
    return np.asarray(np.linalg.inv(by_step @ centred) @ centred, np.float64)


def belief_of(sight: Sight, blur: Blur, lattice: Lattice, before: F32) -> Belief:
    """The modules under this blur; `before`: logits that other frames of the same code gave."""
    side, known, values = lattice.side, lattice.known, lattice.values
    answer = spectrum_of(blur.taps, side) * lattice.highpass
    matched = (np.conj(answer) * sight.spectrum).sum(axis=0) / blur.noise
    power = ((answer.real**2 + answer.imag**2).sum(axis=0) / blur.noise).astype(np.float32)
    mean, precision, share = values, 1.0, 1.0
    logits = means = np.zeros_like(values)
    for _ in range(ROUNDS):
        spread = 1 / (power + precision)
        linear = from_spectrum((matched + precision * rfft2(mean)) * spread, side)
        certainty = 1 / float((lattice.weights * spread).sum())
        gained = max(certainty - precision, LEAST_PRECISION)
        capped = min(gained, MOST_PRECISION)
        logits = ((certainty * linear - precision * mean) * (capped / gained)).astype(np.float32)
        means = _decided(logits + before, lattice)
        doubt = max(float((1 - means * means)[~known].mean()), LEAST_DOUBT)
        learnt = 1 / doubt - capped
        fresh = (means / doubt - logits) / learnt if learnt > LEAST_PRECISION else means
        fresh = np.where(known, values, fresh)
        precision += share * (max(learnt, LEAST_PRECISION) - precision)
        mean = (mean + share * (fresh - mean)).astype(np.float32)
        share = DAMPING
    return Belief(logits, means)
