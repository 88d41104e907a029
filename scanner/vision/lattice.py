"""A code's region as samples on the lattice of its modules, and what blur does to such a lattice.

Everything is periodic: the quiet zone around the code lets its opposite edges touch without harm,
so a blur is a product of spectra. A lattice has `side` modules a side and SAMPLES × SAMPLES
samples in each; samples are kept by phase, float32 [SAMPLES², side, side], dark positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.fft import irfft2, rfft2
from numpy.typing import NDArray

from scanner.vision.prepare import Grey
from scanner.vision.qr_symbol import DATA, symbol_of

F32 = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
Matrix = NDArray[np.float64]

SAMPLES = 3  # a module, each way
QUIET = 4  # modules of the quiet zone at the left and above; more at the right and below
LEVEL = 11  # modules over which the mean brightness is taken away
GAIN = 15  # modules over which the contrast is made even
LEAST_SPREAD = 2.0  # grey levels
NOISE = 0.15  # of the samples, in the first estimate


@dataclass(frozen=True, slots=True)
class Lattice:
    """`known` and `values` (+1 dark, −1 light, 0 unknown): [side, side]. `inside`: the code.

    `highpass`: what taking away the mean brightness does to the spectrum of modules.
    `weights`: of each bin of a real transform in the mean over all.
    """

    version: int
    side: int
    inside: slice
    known: NDArray[np.bool_]
    values: F32
    highpass: F32
    weights: F32

    @property
    def modules(self) -> int:
        return int(self.inside.stop - self.inside.start)


@lru_cache(maxsize=25)
def lattice_of(version: int) -> Lattice:
    symbol = symbol_of(version)
    side = _quick_size(symbol.side + 2 * QUIET)
    inside = slice(QUIET, QUIET + symbol.side)
    modules = np.zeros((side, side), np.int8)
    modules[inside, inside] = symbol.known
    known = modules != DATA
    values = np.where(known, 2.0 * modules - 1, 0).astype(np.float32)
    window = np.zeros((side, side), np.float32)
    window[:LEVEL, :LEVEL] = 1 / LEVEL**2
    mean = rfft2(np.roll(window, (-(LEVEL // 2),) * 2, (0, 1))).real
    weights = np.full((side, side // 2 + 1), 2, np.float32)
    weights[:, 0] = 1
    if side % 2 == 0:
        weights[:, -1] = 1
    return Lattice(
        version,
        side,
        inside,
        known,
        values,
        (1 - mean).astype(np.float32),
        (weights / side**2).astype(np.float32),
    )


def _quick_size(least: int) -> int:
    """The next number without prime factors beyond 5: quick to transform."""
    size = least
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1


def sampled(grey: Grey, matrix: Matrix, lattice: Lattice, *, is_inverted: bool) -> F32:
    """Samples of the region under a pose: [side · SAMPLES]², level and contrast made even."""
    size = lattice.side * SAMPLES
    step = 1 / SAMPLES
    to_modules = np.array([[step, 0, step / 2 - QUIET], [0, step, step / 2 - QUIET], [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpPerspective(
        grey, matrix @ to_modules, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    window, wide = (LEVEL * SAMPLES | 1,) * 2, (GAIN * SAMPLES | 1,) * 2
    level = cv2.boxFilter(pixels, cv2.CV_32F, window) - pixels  # whole numbers: half the price
    variance = cv2.blur(cv2.blur(level * level, wide), (2 * SAMPLES + 1,) * 2)
    even = level / np.sqrt(np.maximum(variance, LEAST_SPREAD**2))
    return np.asarray(-even if is_inverted else even, np.float32)


def by_phase(samples: F32) -> F32:
    """[side · SAMPLES]² → [SAMPLES², side, side]."""
    side = len(samples) // SAMPLES
    split = samples.reshape(side, SAMPLES, side, SAMPLES).transpose(1, 3, 0, 2)
    return np.ascontiguousarray(split.reshape(SAMPLES**2, side, side))


def in_place(phases: F32) -> F32:
    """The way back."""
    side = phases.shape[1]
    split = phases.reshape(SAMPLES, SAMPLES, side, side).transpose(2, 0, 3, 1)
    return np.ascontiguousarray(split.reshape(side * SAMPLES, side * SAMPLES))


def transformed(phases: F32) -> Spectrum:
    """The spectrum of each phase; one by one, since numpy takes twice as long for all at once."""
    return np.asarray([rfft2(phase) for phase in phases], np.complex64)


def spectrum_of(taps: F32, side: int) -> Spectrum:
    """[SAMPLES², k, k] answer of the samples to one dark module → its spectrum."""
    waves = _waves(side, taps.shape[1] // 2)
    return np.asarray(waves @ taps @ waves[: side // 2 + 1].T, np.complex64)


@lru_cache(maxsize=50)
def _waves(side: int, reach: int) -> Spectrum:
    """[side, 2 · reach + 1]: a transform of so few taps is quicker as a product."""
    places = np.arange(-reach, reach + 1)
    turns = np.outer(np.arange(side), places) / side
    return np.asarray(np.exp(-2j * np.pi * turns), np.complex64)


def from_spectrum(spectrum: Spectrum, side: int) -> F32:
    return np.asarray(irfft2(spectrum, s=(side, side)), np.float32)


@lru_cache(maxsize=1)
def _likely_blurs() -> tuple[F32, ...]:
    """Taps of weak and strong defocus, and of motion along and across: more kinds read no more."""
    covariances = [np.eye(2) * sigma**2 for sigma in (0.35, 0.65)]
    for turn in np.deg2rad([0, 90]):
        axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        covariances.append(axes @ np.diag([0.4**2, 0.85**2]) @ axes.T)
    return tuple(_taps(covariance) for covariance in covariances)


def _taps(covariance: Matrix, reach: int = 3) -> F32:
    """What a module under a Gaussian blur (modules squared) gives at each sample around it."""
    fine = 4
    phase = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    part = (np.arange(fine) + 0.5) / fine - 0.5
    at = (np.arange(-reach, reach + 1)[:, None] + phase).reshape(-1, 1) - part
    flat = at.reshape(-1)
    inverse = np.linalg.inv(covariance)
    squares = inverse[0, 0] * flat[:, None] ** 2 + inverse[1, 1] * flat**2
    answer = np.exp(-0.5 * (squares + 2 * inverse[0, 1] * np.outer(flat, flat)))
    answer = answer.reshape(len(at), fine, len(at), fine).mean(axis=(1, 3))
    return by_phase((answer * SAMPLES**2 / answer.sum()).astype(np.float32))


@lru_cache(maxsize=10)
def first_filters(version: int) -> Spectrum:
    """Wiener filters against each likely blur: complex64 [4, SAMPLES², side, side // 2 + 1]."""
    lattice = lattice_of(version)
    filters = []
    for taps in _likely_blurs():
        blur = spectrum_of(taps, lattice.side) * lattice.highpass
        filters.append(np.conj(blur) / ((np.abs(blur) ** 2).sum(axis=0) + NOISE))
    return np.asarray(filters, np.complex64)
