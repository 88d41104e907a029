"""Killed or without power at every write of an update: the old lists or the new, never a mixture.

After each cut every index is looked up in all lists of a fresh reader, and the next update brings
the device to the newest version.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from scanner.core.policy import Checkpoint
from scanner.core.revocation import (
    Delta,
    IdChanges,
    StatusBits,
    encode_delta,
    encode_ids,
    encode_map,
    encode_refs,
)
from scanner.core.update import Step, Target, Update
from scanner.store.database import LISTS, connect
from scanner.store.install import Installer
from scanner.store.migrations import migrate
from scanner.store.trust_list import SqliteLists
from scanner.store.writer import ListsWriter
from tests import city
from tests.faults.power import Power, on

SIZE = 120_000
NEW_KEYS = city.trust_list(index=[0, 20 * city.MAP_SIZE])
SEEDS = 7

Answers = tuple[object, ...]


def plain(packed: bytes) -> bytes:
    """Holder lists in these tests are not encrypted."""
    return packed


def first_lists() -> dict[str, bytes]:
    revoked = dict.fromkeys(range(0, SIZE, 977), StatusBits.REVOKED)
    files = {key: body for key, body in city.targets().items() if key[0] not in "bd"}
    return files | {f"base-7-1-{n}": body for n, body in enumerate(encode_map(SIZE, revoked))}


def later_lists(kind: str) -> dict[str, bytes]:
    """A delta, or a new base with a delta on it, beside all other lists."""
    moved = dict.fromkeys(range(5, 300), StatusBits.REVOKED)
    moved |= dict.fromkeys(range(0, 40_000, 977), StatusBits.VALID)
    files = {
        "keys-2-0": NEW_KEYS,
        "policy-4": b'{"version": 4, "time_zone": "UTC"}',
        "rules-2": b"[ ]",
        "ids-1-2": encode_ids(IdChanges(1, 2, (bytes(range(16)),), ())),
        "holders-2": encode_refs([city.QUARANTINED, b"new-ref-"]),
    }
    if kind == "delta":
        return files | {"d-7-1-2": encode_delta(Delta(7, 1, 2, moved))}
    revoked = dict.fromkeys(range(0, SIZE, 991), StatusBits.SUSPENDED)
    parts = {f"base-7-5-{n}": body for n, body in enumerate(encode_map(SIZE + 4000, revoked))}
    return files | parts | {"d-7-5-6": encode_delta(Delta(7, 5, 6, moved))}


def update_of(files: Mapping[str, bytes]) -> Update:
    """As a run would plan it; approved, since limits are not the subject."""
    targets = {name: Target(len(b), hashlib.sha256(b).hexdigest()) for name, b in files.items()}
    status = sorted(name for name in files if name[0] in "bd")
    steps = [Step("status-7", int(status[-1][-1]), tuple(status))]
    steps += [
        Step(name.split("-")[0], int(name.split("-")[-1] if name[0] in "prih" else 2), (name,))
        for name in files
        if name not in status
    ]
    return Update(
        city.ISSUED_AT + 600,
        tuple(steps),
        targets,
        approved=frozenset(target.sha256 for target in targets.values()),
    )


def writer_of(state: Path) -> ListsWriter:
    return ListsWriter(state, plain, allow_test_keys=False)


def answers(state: Path) -> Answers:
    """Everything that the lists of a fresh reader say: each index, each list, each version."""
    lists = SqliteLists(state, Checkpoint(), allow_test_keys=False)
    try:
        installed = lists._now
        map_, overlay = installed.maps[7], installed.overlays.get(7, {})
        bits = hashlib.sha256()
        for number, row in enumerate(map_.rows()):
            patched = bytearray(row)
            for index, status in overlay.items():
                if index // 16_384 == number:
                    at, shift = index % 16_384 // 4, 2 * (index % 4)
                    patched[at] = patched[at] & ~(3 << shift) | status << shift
            bits.update(patched)
        versions = {name: (a.version, a.issued_at) for name, a in installed.artefacts.items()}
        documents = {kind: tuple(bodies) for kind, bodies in installed.documents.items()}
        return (
            bits.hexdigest(),
            tuple(sorted(versions.items())),
            tuple(sorted(documents.items())),
            tuple(sorted(installed.ids)),
            tuple(installed.holders),
        )
    finally:
        lists.close()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device with the lists of before; copied for each cut."""
    state = tmp_path_factory.mktemp("before")
    migrate(state)
    Installer(state, plain, allow_test_keys=False).install(first_lists(), city.ISSUED_AT)
    return state


def apply(state: Path, files: Mapping[str, bytes]) -> None:
    with writer_of(state).alone():
        writer_of(state).apply(update_of(files), files.__getitem__)


def cut(state: Path, files: Mapping[str, bytes], at: int, seed: int | None) -> bool:
    """Apply in a process of its own that ends at the point; whether it came that far."""
    child = os.fork()
    if child == 0:
        try:
            with on(Power(at, seed)):
                apply(state, files)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def points(before: Path, folder: Path, files: Mapping[str, bytes]) -> int:
    """How many writes an update takes."""
    state = Path(shutil.copytree(before, folder))
    power = Power(None, None)
    with on(power):
        apply(state, files)
    return power.count


def check(before: Path, tmp_path: Path, kind: str, every: int, seeds: list[int | None]) -> int:
    """Cut at every so many points; returns at how many. Each must leave one of two states."""
    files = later_lists(kind)
    count = points(before, tmp_path / "counted", files)
    old, new = answers(before), answers(tmp_path / "counted")
    assert old != new
    seen = []
    for number, at in enumerate(range(1, count + 1, every)):
        for seed in seeds:
            state = Path(shutil.copytree(before, tmp_path / f"{at}-{seed}"))
            assert cut(state, files, at, None if seed is None else seed + number)
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
