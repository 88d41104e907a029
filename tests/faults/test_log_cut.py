"""The power is cut, or the process killed, at a write of the scan log: no scan that beeped is lost.

Over scans, counters, seals, a fold, the removal of a day and the cut of the WAL. After each cut the
log is sound, every acknowledged scan is a record, a count or gone in order, and the device goes on.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.store import database, outbox, segments
from scanner.store.device_key import provide_device_key
from scanner.store.migrations import migrate
from scanner.store.runs import begin_run
from tests.faults.lists_case import cut, points
from tests.faults.log_case import AFTER, BEFORE, REASONS, account, acknowledged, into_file, live
from tests.faults.power import Power

SEEDS = 12


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device before its first day; copied for each cut."""
    state = tmp_path_factory.mktemp("before") / "state"
    migrate(state)
    provide_device_key(state)
    return state


def cut_at(before: Path, folder: Path, at: int, seed: int | None) -> Path:
    """A copy whose power is cut there; seed None: it is killed."""
    state = Path(shutil.copytree(before, folder / f"{at}-{seed}"))
    power = Power(at, seed, is_write_begun=seed is not None and seed % 2 == 1)
    assert cut(state, lambda state: live(state, into_file(state)), power)
    return state


def check(before: Path, folder: Path, every: int, seeds: list[int | None]) -> int:
    """Cut at every so many points; returns how often."""
    whole = Path(shutil.copytree(before, folder / "whole"))
    count = points(whole, live)
    assert account(whole) == len(REASONS) * (BEFORE + AFTER)
    done = 0
    for at in range(1, count + 1, every):
        for seed in seeds:
            state = cut_at(before, folder, at, seed if seed is None else seed + at)
            heard = acknowledged(state)
            accounted = account(state)
            words = f"cut at {at} of {count}, seed {seed}: {len(heard)} beeps, {accounted} kept"
            # One may have been written when the power went, and never heard of.
            assert max(heard, default=0) <= accounted <= max(heard, default=0) + 1, words
            begin_run(state)
            shutil.rmtree(state)
            done += 1
    return done


def test_some_cuts_lose_no_scan_that_beeped(before: Path, tmp_path: Path) -> None:
    """A sample of all points, killed and without power."""
    assert check(before, tmp_path, 9, [None, 1]) >= 40


@pytest.mark.slow
def test_every_cut_loses_no_scan_that_beeped(before: Path, tmp_path: Path) -> None:
    """Every write, flush and unlink: killed, and without power with other dice each time."""
    done = check(before, tmp_path, 1, [None, *range(SEEDS)])
    print(f"{done} cuts")
    assert done >= 2000


def test_cuts_would_show_a_log_that_is_not_synced(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With synchronous=NORMAL in place of FULL beeps are lost, and this test sees it."""
    careless = replace(database.OUTBOX, synchronous="NORMAL")
    for module in (database, outbox, segments):
        monkeypatch.setattr(module, "OUTBOX", careless)
    count = points(Path(shutil.copytree(before, tmp_path / "whole")), live)
    lost = 0
    for at in range(count // 3, count, max(1, count // 30)):
        state = cut_at(before, tmp_path, at, seed=at)
        lost += max(acknowledged(state), default=0) > account(state)
    assert lost > 0
