"""Killed or without power at every write of an update: the old lists or the new, never a mixture.

After each cut every index is looked up in all lists of a fresh reader, and the next update brings
the device to the newest version.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.core.policy import Checkpoint
from scanner.store.database import LISTS, connect
from scanner.store.install import Installer
from scanner.store.migrations import migrate
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.faults.lists_case import answers, apply, cut, first_lists, later_lists, plain, points
from tests.faults.power import Power

SEEDS = 7


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device with the lists of before; copied for each cut."""
    state = tmp_path_factory.mktemp("before")
    migrate(state)
    Installer(state, plain, allow_test_keys=False).install(first_lists(), city.ISSUED_AT)
    return state


def check(before: Path, tmp_path: Path, kind: str, every: int, seeds: list[int | None]) -> int:
    """Cut at every so many points; returns at how many. Each must leave one of two states."""
    files = later_lists(kind)
    counted = Path(shutil.copytree(before, tmp_path / "counted"))
    count = points(counted, lambda state: apply(state, files))
    old, new = answers(before), answers(counted)
    assert old != new
    seen = []
    for number, at in enumerate(range(1, count + 1, every)):
        for seed in seeds:
            state = Path(shutil.copytree(before, tmp_path / f"{at}-{seed}"))
            power = Power(at, None if seed is None else seed + number)
            assert cut(state, lambda state: apply(state, files), power)
            found = answers(state)
            assert found in (old, new), f"a mixture after write {at} of {count}, seed {seed}"
            seen.append(found == new)
            if found == old:
                apply(state, files)
                assert answers(state) == new
            shutil.rmtree(state)
    assert {True, False} >= set(seen)
    assert False in seen
    return len(seen)


@pytest.mark.parametrize("kind", ["delta", "base"])
def test_some_cuts_leave_the_old_lists_or_the_new(before: Path, tmp_path: Path, kind: str) -> None:
    """A sample of all points, killed and without power."""
    assert check(before, tmp_path, kind, 1 if kind == "delta" else 4, [None, 1]) >= 30


@pytest.mark.slow
def test_every_cut_leaves_the_old_lists_or_the_new(before: Path, tmp_path: Path) -> None:
    """Every write of a delta and of a base: killed, and without power with other dice."""
    seeds = [None, *range(SEEDS)]
    done = sum(check(before, tmp_path / kind, kind, 1, list(seeds)) for kind in ("delta", "base"))
    print(f"{done} cuts")
    assert done >= 500


def test_reader_that_is_open_sees_one_moment(before: Path, tmp_path: Path) -> None:
    """While an update is on its way, an open reader answers from the old lists, whole."""
    state = Path(shutil.copytree(before, tmp_path / "state"))
    lists = SqliteLists(state, Checkpoint(), allow_test_keys=False)
    db = connect(state, LISTS)
    db.execute("BEGIN IMMEDIATE")
    db.execute("DELETE FROM artefact")
    assert not lists.refresh()
    assert lists.artefacts["status-7"].version == 1
    db.execute("ROLLBACK")
    db.close()
    apply(state, later_lists("base"))
    assert lists.refresh()
    assert lists.artefacts["status-7"].version == 6
    lists.close()
