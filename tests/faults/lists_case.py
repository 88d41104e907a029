"""Lists before and after an update, and everything that a reader says of them."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path

from scanner.core.errors import StoreError
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
from scanner.store.installed import Installed
from scanner.store.status_map import INDEXES_A_ROW
from scanner.store.steps import parsed
from scanner.store.trust_list import SqliteLists
from scanner.store.writer import ListsWriter, read_notes
from tests import city
from tests.faults.power import Power, on

SIZE = 120_000
NEW_KEYS = city.trust_list(index=[0, 20 * city.MAP_SIZE])

Files = Mapping[str, bytes]
Answers = tuple[object, ...]
Act = Callable[[Path], object]


def plain(packed: bytes) -> bytes:
    """Holder lists in these tests are not encrypted."""
    return packed


def base(version: int, size: int, changed: Iterable[int], to: StatusBits) -> dict[str, bytes]:
    """A base of the city's map, under its name."""
    parts = enumerate(encode_map(size, dict.fromkeys(changed, to)))
    return {f"base-7-{version}-{number}": body for number, body in parts}


def first_lists() -> dict[str, bytes]:
    """All lists; in a base of 120 000 passes every 977th is revoked."""
    files = {key: body for key, body in city.targets().items() if key[0] not in "bd"}
    return files | base(1, SIZE, range(0, SIZE, 977), StatusBits.REVOKED)


def other_lists() -> dict[str, bytes]:
    """The next version of every list but the status map."""
    return {
        "keys-2-0": NEW_KEYS,
        "policy-4": b'{"version": 4, "time_zone": "UTC"}',
        "rules-2": b"[ ]",
        "ids-1-2": encode_ids(IdChanges(1, 2, (bytes(range(16)),), ())),
        "holders-2": encode_refs([city.QUARANTINED, b"new-ref-"]),
    }


def later_lists(kind: str) -> dict[str, bytes]:
    """A delta, or a new base with a delta on it, beside all other lists."""
    moved = dict.fromkeys(range(5, 300), StatusBits.REVOKED)
    moved |= dict.fromkeys(range(0, 40_000, 977), StatusBits.VALID)
    if kind == "delta":
        return other_lists() | {"d-7-1-2": encode_delta(Delta(7, 1, 2, moved))}
    parts = base(5, SIZE + 4000, range(0, SIZE, 991), StatusBits.SUSPENDED)
    return other_lists() | parts | {"d-7-5-6": encode_delta(Delta(7, 5, 6, moved))}


def update_of(files: Files, after_s: int = 600, *, is_approved: bool = True) -> Update:
    """As a run would plan it; approved where the limits are not the subject."""
    targets = {name: Target(len(b), hashlib.sha256(b).hexdigest()) for name, b in files.items()}
    by_list: dict[str, list[str]] = {}
    for name in sorted(files):
        by_list.setdefault(parsed(name).list_name, []).append(name)
    versions = {key: max(parsed(name).version for name in names) for key, names in by_list.items()}
    return Update(
        city.ISSUED_AT + after_s,
        tuple(Step(key, versions[key], tuple(names)) for key, names in by_list.items()),
        targets,
        current=versions,
        approved=frozenset(target.sha256 for target in targets.values() if is_approved),
    )


def writer_of(state: Path) -> ListsWriter:
    return ListsWriter(state, plain, allow_test_keys=False)


def apply(state: Path, files: Files, after_s: int = 600, *, is_approved: bool = True) -> None:
    """As a run does it."""
    with writer_of(state).alone():
        update = update_of(files, after_s, is_approved=is_approved)
        writer_of(state).apply(update, files.__getitem__)


def answers(state: Path) -> Answers | None:
    """Everything that a fresh reader says: each index, list, version, age, and what is held.

    None where it says that there are no lists, or that they cannot be read.
    """
    try:
        with closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as lists:
            said = (*_said(lists._now), read_notes(state).held)
            return said if any(said) else None
    except StoreError:
        return None


def _said(installed: Installed) -> Answers:
    documents = {kind: tuple(bodies) for kind, bodies in installed.documents.items()}
    return (
        tuple((issuer, _bits(installed, issuer)) for issuer in sorted(installed.maps)),
        tuple(sorted((name, a.version, a.issued_at) for name, a in installed.artefacts.items())),
        tuple(sorted(documents.items())),
        tuple(sorted(installed.ids)),
        tuple(installed.holders),
    )


def _bits(installed: Installed, issuer: int) -> str:
    """A digest of the whole map with the changes over it."""
    overlay, bits = installed.overlays.get(issuer, {}), hashlib.sha256()
    for number, row in enumerate(installed.maps[issuer].rows()):
        patched = bytearray(row)
        for index, status in overlay.items():
            if index // INDEXES_A_ROW == number:
                at, shift = index % INDEXES_A_ROW // 4, 2 * (index % 4)
                patched[at] = patched[at] & ~(3 << shift) | status << shift
        bits.update(patched)
    return bits.hexdigest()


def cut(state: Path, act: Act, power: Power) -> bool:
    """Act in a process of its own that ends at the point; whether it came that far."""
    child = os.fork()
    if child == 0:
        try:
            with on(power):
                act(state)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def points(state: Path, act: Act) -> int:
    """How many writes, flushes, renames and unlinks it takes; it is done then."""
    power = Power(None, None)
    with on(power):
        act(state)
    return power.count
