"""Simulated boards for every test of lamps and buzzer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.pins import Sounder, Wiring
from tests.hardware.bench import Bench, MakeBench


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    """make_bench(amber=…, sounder=…) → a board of its own."""
    made: list[Bench] = []

    def make(*, amber: int | None = None, sounder: Sounder = Sounder.ACTIVE) -> Bench:
        wiring = Wiring(amber=amber, sounder=sounder)
        made.append(Bench(tmp_path / f"chip{len(made)}", wiring))
        return made[-1]

    yield make
    for bench in made:
        bench.chip.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
