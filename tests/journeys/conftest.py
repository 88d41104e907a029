"""A checkpoint for every test of the loop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.ports import Lists
from scanner.store.migrations import migrate
from tests import city
from tests.journeys.booth import Booth, MakeBooth, install


@pytest.fixture(scope="session")
def city_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the lists of the city; to be copied, not used."""
    state = tmp_path_factory.mktemp("city") / "state"
    migrate(state)
    install(state, city.targets())
    return state


@pytest.fixture
def make_booth(city_state: Path, tmp_path: Path) -> Iterator[MakeBooth]:
    """make_booth(lists=…) → a checkpoint with stores of its own."""
    made: list[Booth] = []

    def make(lists: Lists | None = None) -> Booth:
        state = tmp_path / f"state{len(made)}"
        shutil.copytree(city_state, state)
        made.append(Booth(state, lists))
        return made[-1]

    yield make
    for booth in made:
        booth.close()


@pytest.fixture
def booth(make_booth: MakeBooth) -> Booth:
    return make_booth()
