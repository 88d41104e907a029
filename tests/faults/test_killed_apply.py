"""`kill -9` at every write of an update, in every way that an update may go: old lists or new.

The process that applies the update ends at its n-th write, flush, rename or unlink; once before
that write and once with half of it in the file. A fresh reader then looks up every index and list.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from scanner.core.policy import Checkpoint
from scanner.core.revocation import Delta, StatusBits, encode_delta
from scanner.store.database import LISTS, connect
from scanner.store.install import Installer
from scanner.store.migrations import migrate
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.faults.lists_case import (
    SIZE,
    Act,
    Answers,
    answers,
    apply,
    base,
    cut,
    first_lists,
    later_lists,
    other_lists,
    plain,
    points,
    writer_of,
)
from tests.faults.power import Power

SAMPLE = 5  # points of each update in the quick suite, spread over all of it
LONG_WAL = 24  # updates that an open reader has kept in the WAL


@dataclass(frozen=True, slots=True)
class Case:
    """What stands on the device, and what the killed process does with it."""

    prepare: Act
    act: Act
    has_answers_before: bool = True


def install_first(state: Path) -> None:
    Installer(state, plain, allow_test_keys=False).install(first_lists(), city.ISSUED_AT)


def with_lists(state: Path) -> None:
    migrate(state)
    install_first(state)


def one_delta(version: int) -> dict[str, bytes]:
    changes = dict.fromkeys(range(version, SIZE, 499), StatusBits.REVOKED)
    return {f"d-7-{version}-{version + 1}": encode_delta(Delta(7, version, version + 1, changes))}


def beside_reader(act: Act, state: Path) -> None:
    """The loop has the lists open, so that nobody else puts the WAL into the database."""
    with closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as lists:
        act(state)
        lists.refresh()


def with_long_wal(state: Path) -> None:
    """As a device finds it whose loop was killed: updates that are in the WAL alone."""
    with_lists(state)
    copy = state.with_name(f"{state.name}-copy")
    with closing(connect(state, LISTS)) as reader:
        reader.execute("SELECT count(*) FROM artefact").fetchone()
        for version in range(1, 1 + LONG_WAL):
            apply(state, one_delta(version), 60 * version)
        shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*-shm"))
    shutil.rmtree(state)
    copy.rename(state)


def with_damaged_map(state: Path) -> None:
    with_lists(state)
    (path,) = state.glob("status-7-*.db")
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def with_damaged_lists(state: Path) -> None:
    with_lists(state)
    with closing(sqlite3.connect(state / LISTS.name)) as db:
        db.execute("UPDATE artefact SET issued_at = issued_at + 86400")
        db.commit()


def repair(state: Path) -> None:
    """A run finds the damage, has all lists fetched, and puts them into a new database."""
    with writer_of(state).alone():
        writer_of(state).repair()
    apply(state, first_lists())


MANY_REVOKED = base(5, SIZE, range(0, SIZE, 50), StatusBits.REVOKED)
NEXT_BASE, NEXT_DELTA = later_lists("base"), later_lists("delta")

CASES = {
    "the first lists": Case(migrate, install_first, has_answers_before=False),
    "a delta": Case(with_lists, partial(apply, files=NEXT_DELTA)),
    "a base": Case(with_lists, partial(apply, files=NEXT_BASE)),
    "a base that is held": Case(
        with_lists, partial(apply, files=MANY_REVOKED | other_lists(), is_approved=False)
    ),
    "a delta beside the loop": Case(
        with_lists, partial(beside_reader, partial(apply, files=NEXT_DELTA))
    ),
    "a base beside the loop": Case(
        with_lists, partial(beside_reader, partial(apply, files=NEXT_BASE))
    ),
    "a delta on a long WAL": Case(with_long_wal, partial(apply, files=one_delta(1 + LONG_WAL))),
    "a base over a damaged one": Case(
        with_damaged_map, partial(apply, files=NEXT_BASE), has_answers_before=False
    ),
    "all lists over damaged ones": Case(with_damaged_lists, repair, has_answers_before=False),
}


def kill_at_points(case: Case, folder: Path, about: int | None = None) -> int:
    """Kill at about so many points, or at all; returns at how many."""
    before, asked, after = folder / "before", folder / "asked", folder / "after"
    before.mkdir(parents=True)
    case.prepare(before)
    # A reader that closes puts the WAL into the database: who is killed gets a folder unread.
    for copy in (asked, after):
        shutil.copytree(before, copy)
    count = points(after, case.act)
    old, new = answers(asked), answers(after)
    assert new is not None
    assert old != new
    assert (old is not None) is case.has_answers_before
    chosen = range(1, count + 1, max(1, count // (about or count)))
    seen = {kill(case, before, point, (old, new)) for point in chosen}
    assert seen == {False, True} if about is None else False in seen
    return len(chosen)


def kill(case: Case, before: Path, at: int, both: tuple[Answers | None, Answers]) -> bool:
    """Before the write, and within it; whether it was the new lists that stood there then."""
    old, new = both
    for is_write_begun in (False, True):
        state = Path(shutil.copytree(before, before.with_name("killed")))
        assert cut(state, case.act, Power(at, None, is_write_begun=is_write_begun))
        found = answers(state)
        assert found in (old, new), f"a mixture after {at}, {is_write_begun=}"
        if found == old:
            case.act(state)
            assert answers(state) == new
        shutil.rmtree(state)
    return found == new


@pytest.mark.parametrize("name", CASES)
def test_some_kills_leave_the_old_lists_or_the_new(name: str, tmp_path: Path) -> None:
    """A sample of all points; what is done once more after the kill brings the new lists."""
    assert kill_at_points(CASES[name], tmp_path, SAMPLE) >= SAMPLE


@pytest.mark.slow
def test_every_kill_leaves_the_old_lists_or_the_new(tmp_path: Path) -> None:
    """Every write, flush, rename and unlink of nine updates, at least 500 of them."""
    done = {name: kill_at_points(case, tmp_path / name) for name, case in CASES.items()}
    print(f"{sum(done.values())} points, each before and within its write: {done}")
    assert sum(done.values()) >= 500
