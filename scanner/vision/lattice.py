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

SAMPLES = 2  # a module, each way; three read no more and cost half as much again
QUIET = 4  # modules of the quiet zone at the left and above; more at the right and below
LEVEL = 11  # modules over which the mean brightness is taken away
GAIN = 15  # modules over which the contrast is made even
LEAST_SPREAD = 2.0  # grey levels
NOISE = 0.05  # of the samples, in the first estimate


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
    end = (lattice.inside.stop + QUIET) * SAMPLES  # what lies farther out may be anything
    pixels[:, end:], pixels[end:] = pixels[:, end - 1 : end], pixels[end - 1]
    window = (LEVEL * SAMPLES | 1,) * 2
    level = cv2.boxFilter(pixels, cv2.CV_32F, window) - pixels  # whole numbers: half the price
    # The contrast changes slowly: one value a module will do.
    power = cv2.resize(level * level, (lattice.side,) * 2, interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(cv2.blur(cv2.blur(power, (GAIN, GAIN)), (3, 3)), LEAST_SPREAD**2))
    gain = cv2.resize(1 / spread, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(level * (-gain if is_inverted else gain), np.float32)


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
    """The spectrum of each phase, [SAMPLES², side, side // 2 + 1]; as a product, which at this
    size is twice as quick as nine transforms."""
    side, half = phases.shape[1], phases.shape[1] // 2 + 1
    across, down = _turns(side)
    rows = (phases.reshape(-1, side) @ across).reshape(SAMPLES**2, side, 2, half)
    return np.asarray(down @ (rows[:, :, 0] + 1j * rows[:, :, 1]), np.complex64)


@lru_cache(maxsize=25)
def _turns(side: int) -> tuple[F32, Spectrum]:
    """What a real transform of rows and a complex one of columns multiply by."""
    waves = np.exp(-2j * np.pi * np.outer(np.arange(side), np.arange(side)) / side)
    half = waves[:, : side // 2 + 1]
    across = np.concatenate([half.real, half.imag], axis=1)
    return across.astype(np.float32), waves.astype(np.complex64)


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


# Blurs to start with, as the standard deviation across and down in modules: weak and strong
# defocus, motion along and across. More kinds read no more.
LIKELY_BLURS = ((0.35, 0.35), (0.65, 0.65), (0.4, 0.85), (0.85, 0.4))


def first_estimates(spectrum: Spectrum, lattice: Lattice) -> list[F32]:
    """The modules by a Wiener filter against each likely blur, [side, side]."""
    split = spectrum.reshape(SAMPLES, SAMPLES, *spectrum.shape[1:])
    half = lattice.side // 2 + 1
    estimates = []
    for across, down in LIKELY_BLURS:
        right, below = _answers(lattice.side, across)[:, :half], _answers(lattice.side, down)
        lines = (split * np.conj(right)[:, None]).sum(axis=1)
        matched = (lines * np.conj(below)[:, :, None]).sum(axis=0) * lattice.highpass
        power = np.outer((np.abs(below) ** 2).sum(axis=0), (np.abs(right) ** 2).sum(axis=0))
        wiener = matched / (power * lattice.highpass**2 + NOISE)
        estimates.append(from_spectrum(wiener, lattice.side))
    return estimates


@lru_cache(maxsize=100)
def _answers(side: int, sigma: float, reach: int = 3) -> Spectrum:
    """A dark module under a Gaussian blur at each sample of a line: complex [SAMPLES, side]."""
    fine = 4
    phase = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    part = (np.arange(fine) + 0.5) / fine - 0.5
    at = np.arange(-reach, reach + 1)[:, None, None] + phase[:, None] - part
    answer = np.exp(-0.5 * (at / sigma) ** 2).mean(axis=2)
    taps = answer * SAMPLES / answer.sum()
    return np.asarray(taps.T @ _waves(side, reach).T, np.complex64)
