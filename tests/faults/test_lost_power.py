"""Thousands of cuts of the power over one shift: what beeped is on the card, and the log is sound.

The shift is recorded once, write by write; each cut makes the files anew as the card would hold
them. `sh tests/run.sh faults` tries 100 000.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.chain import check_log, is_sound
from scanner.core.errors import StoreError
from scanner.core.reasons import Reason
from scanner.store import database
from scanner.store.database import OUTBOX, StoreFile
from scanner.store.device_key import provide_device_key
from scanner.store.device_log import read_device_logs
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from tests.faults.recorded import Card, Note, Recorder, recording
from tests.store.log_case import AT, RUNNING, record_at

SCANS, A_MINUTE = 300, 12
QUICK_CUTS, ALL_CUTS = 2_000, 100_000
# Of so many cuts one is asked whether the whole chain is sound, which takes longest.
CHAIN_EVERY = 16
MEMORY = Path("/dev/shm")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A device before its first scan."""
    migrate(tmp_path)
    provide_device_key(tmp_path)
    return tmp_path


@pytest.fixture
def bench() -> Iterator[Path]:
    """Where cards are looked at: in memory, since the real disk proves nothing here."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Path(folder)


def work(state: Path, recorder: Recorder, scans: int = SCANS) -> set[int]:
    """A shift: scans, counters, seals by the minute; returns what beeped. Errors are amber."""
    beeped = set()
    with (
        closing(SqliteOutbox(state)) as outbox,
        closing(SegmentLog(state, provide_device_key(state))) as log,
    ):
        for number in range(scans):
            now = AT + number // A_MINUTE * timedelta(minutes=1)
            try:
                seq = outbox.append(
                    record_at(now, Reason.EXPIRED if number % 7 == 0 else Reason.OK)
                )
                recorder.note("beep", seq)
                beeped.add(seq)
                if number % 5 == 0:
                    outbox.count("NOT_A_PASS", now)
                if number % A_MINUTE == A_MINUTE - 1:
                    log.seal(now + timedelta(minutes=1), RUNNING)
            except StoreError:
                recorder.note("amber", number)
        recorder.error_at = None  # of what fails while it closes apsw tells, and sqlite3 does not
    return beeped


def cut_everywhere(state: Path, bench: Path, cuts: int) -> tuple[int, int]:
    """Cuts made, and beeps that were lost in them; asserts that no file is ever damaged."""
    card, recorder = Card(state), Recorder()
    key = (state / "device.key").read_bytes()
    with recording(recorder):
        work(state, recorder)
    rounds = -(-cuts // len(recorder.events))
    beeped, made, lost = set[int](), 0, 0
    for place, event in enumerate(recorder.events):
        for turn in range(rounds):
            made += 1
            seed = 1000 * place + turn
            is_asked = made % CHAIN_EVERY == 0
            lost += len(beeped - look(card.after_cut(seed), bench, key, whole=is_asked))
        card.take(event)
        if isinstance(event, Note) and event.what == "beep":
            beeped.add(event.seq)
    return made, lost


def look(files: dict[str, bytes], bench: Path, key: bytes, *, whole: bool) -> set[int]:
    """The seqs that a device finds after the cut; the file is intact, the chain is sound."""
    for left in bench.iterdir():
        left.unlink()
    for path, body in files.items():
        name = Path(path).name
        if name.startswith(OUTBOX.name) and not name.endswith("-shm"):
            (bench / name).write_bytes(body)
    with closing(sqlite3.connect(bench / OUTBOX.name)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT seq, body FROM record").fetchall()
    assert all(int.from_bytes(body[:4], "little") == seq for seq, body in rows)
    if whole:
        (bench / "device.key").write_bytes(key)
        (log,) = read_device_logs(bench)
        assert not log.segments or is_sound(check_log(log))
    return {seq for seq, _ in rows}


def test_two_thousand_cuts_lose_no_scan_that_beeped(state: Path, bench: Path) -> None:
    """At every write and flush of a shift, with other dice each time."""
    made, lost = cut_everywhere(state, bench, QUICK_CUTS)
    assert (made >= QUICK_CUTS, lost) == (True, 0)


@pytest.mark.slow
def test_hundred_thousand_cuts_lose_no_scan_that_beeped(state: Path, bench: Path) -> None:
    """The same, many times over."""
    made, lost = cut_everywhere(state, bench, ALL_CUTS)
    assert (made >= ALL_CUTS, lost) == (True, 0)


def test_lazier_syncs_would_be_found(
    state: Path, bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With synchronous=NORMAL in place of FULL the same cuts lose beeps, and are seen to."""
    whole = database.configure

    def configure(db: sqlite3.Connection, file: StoreFile) -> None:
        whole(db, file)
        db.execute("PRAGMA synchronous=NORMAL")

    monkeypatch.setattr(database, "configure", configure)
    assert cut_everywhere(state, bench, 1)[1] > 0


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
def test_error_of_the_card_is_amber_and_loses_nothing(
    state: Path, bench: Path, *, for_ever: bool
) -> None:
    """EIO at the n-th write or flush: no beep for that scan, every other one is on the card."""
    counted = Recorder()
    with recording(counted):
        work(state, counted, scans=30)
    key, total = (state / "device.key").read_bytes(), len(records_of(state))
    for error_at in range(1, counted.count, 5):
        recorder = Recorder(error_at=error_at, for_ever=for_ever)
        with recording(recorder):
            beeped = work(state, recorder, scans=30)
        total += len(beeped)
        notes = [event for event in recorder.events if isinstance(event, Note)]
        ambers = [note for note in notes if note.what == "amber"]
        assert ambers or len(beeped) == 30
        if not for_ever:
            assert len(beeped) >= 28
        files = {str(path): path.read_bytes() for path in state.iterdir() if path.is_file()}
        assert len(look(files, bench, key, whole=True)) >= total


def records_of(state: Path) -> list[bytes]:
    """The records that the first run has left."""
    with closing(SqliteOutbox(state)) as outbox:
        return outbox.records()
