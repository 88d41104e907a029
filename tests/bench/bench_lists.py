"""What the lists weigh on the wire and cost to publish: `python tests/bench/bench_lists.py`.

Sizes are set against what any packing needs at least: log2 of the number of maps, or of deltas,
that there could be.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

import numpy as np  # noqa: E402 - after the path has been set, so that no installation is needed

from scanner.central.city import Change, Means, open_city  # noqa: E402
from scanner.central.founding import Charter, found  # noqa: E402
from scanner.central.register import Artefact  # noqa: E402
from scanner.core.revocation import Delta, StatusBits, encode_delta, encode_map  # noqa: E402
from tests.bench.table import Rows, print_table  # noqa: E402

SIZE, TAKEN = 20_000_000, 5_000_000
FLIPS, RESTORES = 10_000, 2_000
NOW = datetime(2020, 4, 29, 9, 30, tzinfo=UTC)
PUBLISHES = 20


def least_bytes(size: int, chosen: int) -> float:
    """log2 of the ways to choose so many of so many, in bytes."""
    ways = math.lgamma(size + 1) - math.lgamma(chosen + 1) - math.lgamma(size - chosen + 1)
    return ways / math.log(2) / 8


def rows() -> Rows:
    rng = np.random.default_rng(1)
    order = rng.permutation(SIZE)
    taken = dict.fromkeys(map(int, order[:TAKEN]), StatusBits.REVOKED)
    yield from map_rows(taken)
    yield from delta_rows(rng, order)
    yield from publish_rows()


def map_rows(taken: dict[int, StatusBits]) -> Rows:
    begun = time.perf_counter()
    parts = encode_map(SIZE, taken)
    spent = time.perf_counter() - begun
    size, least = sum(map(len, parts)), least_bytes(SIZE, TAKEN)
    yield "status map, 5 M of 20 M revoked: bytes on the wire", f"{size:,}"
    yield "  least possible", f"{least:,.0f}"
    yield "  ratio (at most 1.02)", f"{size / least:.4f}"
    yield f"  largest of its {len(parts)} parts (at most 131,072)", f"{max(map(len, parts)):,}"
    yield "  seconds to pack", f"{spent:.1f}"


def delta_rows(rng: np.random.Generator, order: np.ndarray) -> Rows:
    flips = rng.choice(order[TAKEN:], FLIPS, replace=False)
    restores = rng.choice(order[:TAKEN], RESTORES, replace=False)
    changes = dict.fromkeys(map(int, flips), StatusBits.REVOKED)
    changes |= dict.fromkeys(map(int, restores), StatusBits.VALID)
    size = len(encode_delta(Delta(1, 1, 2, changes)))
    least = least_bytes(SIZE - TAKEN, FLIPS) + least_bytes(TAKEN, RESTORES)
    yield "delta, 10 000 revoked and 2 000 restored: bytes on the wire", f"{size:,}"
    yield "  least possible, knowing the map", f"{least:,.0f}"
    yield "  ratio (at most 1.25)", f"{size / least:.4f}"


def publish_rows() -> Rows:
    """A day's worth of single revocations, each published at once."""
    with tempfile.TemporaryDirectory() as folder:
        central = Path(folder) / "central"
        found(central, Charter("bench"), Means(NOW, rng_bytes))
        spent = sorted(publish_one_by_one(central))
    yield "revoke one pass and publish: milliseconds, median", f"{1e3 * spent[PUBLISHES // 2]:.0f}"
    yield f"  the slowest of {PUBLISHES}", f"{1e3 * spent[-1]:.0f}"


def publish_one_by_one(central: Path) -> Iterator[float]:
    for number in range(1, PUBLISHES + 1):
        now = NOW + number * timedelta(minutes=5)
        begun = time.perf_counter()
        with open_city(central, Means(now, rng_bytes)) as city:
            city.change(Change(Artefact.STATUS, [number], 1))
            city.publish()
        yield time.perf_counter() - begun


def rng_bytes(count: int) -> bytes:
    """Keys of a city that lives for a minute."""
    return np.random.default_rng().bytes(count)


if __name__ == "__main__":
    print_table("Lists", rows())
