"""`kill -9` and power cuts at every write from scan to receipt: nothing lost, nothing doubled.

The device ends at its n-th write, flush or rename while it records, seals, sends, is refused and is
acknowledged. The server lives on in another process. What was beeped must be at the server once the
device has come back, and once only.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from scanner.core.batch import BODY_BYTES
from scanner.core.chain import State, check_log
from scanner.core.errors import SyncError
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Reason
from scanner.core.receipt import ANSWER_BYTES
from scanner.core.record import ScanRecord
from scanner.core.signed_log import public_bytes
from scanner.core.upload import Reply
from scanner.store import database
from scanner.store.database import StoreFile
from tests.faults.lists_case import cut, points
from tests.faults.power import Power
from tests.sync.pushing import Pusher
from tests.sync.sealed import MemoryServer, SealedDevice

DAY_S = 24 * 3600
SAMPLE, ROUNDS = 12, 6
BEEP, BODY = b"b", b"u"
REFUSED = {2, 5}  # which bodies the server does not like; those after them it takes


@dataclass
class Server:
    """In the process that is not killed. `beeped`: seqs that the officer has heard."""

    memory: MemoryServer = field(default_factory=MemoryServer)
    beeped: list[int] = field(default_factory=list)
    bodies: int = 0

    def hear(self, wire: socket.socket) -> None:
        """Until the device is gone."""
        with wire.makefile("rb") as said:
            while what := said.read(1):
                if what == BEEP:
                    self.beeped.append(int.from_bytes(said.read(4)))
                elif len(body := said.read(BODY_BYTES)) == BODY_BYTES:
                    self.bodies += 1
                    refused = self.bodies in REFUSED
                    status, answer = (400, b"") if refused else self.memory.take(body)
                    wire.sendall(status.to_bytes(2) + answer.ljust(ANSWER_BYTES, b"\0"))


@dataclass(frozen=True)
class Wire:
    """The transport of the device that will be killed."""

    wire: socket.socket

    def post(self, body: bytes) -> Reply:
        self.wire.sendall(BODY + body)
        said = self.wire.recv(2 + ANSWER_BYTES, socket.MSG_WAITALL)
        if len(said) < 2 + ANSWER_BYTES:
            raise SyncError("gone", retryable=False)
        return Reply(int.from_bytes(said[:2]), said[2:])

    def beep(self, seq: int) -> None:
        self.wire.sendall(BEEP + seq.to_bytes(4))

    def close(self) -> None:
        pass


@contextmanager
def listening(server: Server) -> Iterator[Wire]:
    """While the device lives."""
    ours, theirs = socket.socketpair()
    listener = Thread(target=server.hear, args=(ours,), daemon=True)
    listener.start()
    try:
        yield Wire(theirs)
    finally:
        theirs.close()
        listener.join(10)
        ours.close()


def live(state: Path, wire: Wire, rounds: int) -> None:
    """Scan, beep, seal, tick, again and again."""
    pusher = Pusher(state)
    pusher.transport = wire
    for turn in range(rounds):
        for reason in (Reason.OK, Reason.EXPIRED):
            record = ScanRecord(26_469_930, reason.outcome, reason, 1, 0, 7)
            wire.beep(pusher.device.outbox.append(record))
        pusher.device.seal(whole=turn % 2 == 0)
        pusher.tick()
        pusher.wait(DAY_S if turn == 3 else 60)
    pusher.device.close()


def come_back(state: Path, server: Server) -> None:
    """The device starts again, and in the days after everything is sent."""
    pusher = Pusher(state)
    pusher.script.last = lambda body: Reply(*server.memory.take(body))
    pusher.wait(7 * DAY_S)
    pusher.device.seal(whole=True)
    status = pusher.device.queue.status()
    while status.segments or status.aside:
        pusher.wait(DAY_S)
        assert pusher.tick().taken
        status = pusher.device.queue.status()
    check(pusher.device, server)
    pusher.device.close()


def check(device: SealedDevice, server: Server) -> None:
    """What was beeped is on the device, what is there is at the server once, the chain is whole."""
    records = device.records()
    assert set(server.beeped) <= set(records)
    assert server.memory.records.get(log_of(server), {}) == records
    assert sorted(server.memory.written) == sorted(records)
    rows = device.queue._db.execute("SELECT signed FROM segment ORDER BY number").fetchall()
    segments = tuple(bytes(row[0]) for row in rows)
    log = DeviceLog(public_bytes(device.key), device.queue.epoch, segments, records)
    assert {finding.state for finding in check_log(log)} <= {State.INTACT}


def log_of(server: Server) -> tuple[bytes, bytes]:
    """The only one it has."""
    return next(iter(server.memory.records), (b"", b""))


def end_at(before: Path, power: Power, rounds: int) -> None:
    """The same day once more, ended at the point; then the device comes back."""
    state = Path(shutil.copytree(before, before.with_name("ended")))
    server = Server()
    with listening(server) as wire:
        assert cut(state, lambda folder: live(folder, wire, rounds), power)
    come_back(state, server)
    shutil.rmtree(state)


def run_through(folder: Path, rounds: int, about: int | None, seed: int | None) -> int:
    """End twice at about so many points, or at all; returns how often."""
    before = folder / "before"
    SealedDevice(before).close()
    server = Server()
    with listening(server) as wire:
        whole = Path(shutil.copytree(before, folder / "whole"))
        count = points(whole, lambda state: live(state, wire, rounds))
    assert server.bodies >= rounds
    come_back(whole, server)
    chosen = range(1, count + 1, max(1, count // (about or count)))
    powers = [power for point in chosen for power in ends_at(point, seed)]
    for power in powers:
        end_at(before, power, rounds)
    return len(powers)


def ends_at(point: int, seed: int | None) -> tuple[Power, Power]:
    """Killed before the write and within it, or the power cut with two throws of the dice."""
    if seed is None:
        return Power(point, None), Power(point, None, is_write_begun=True)
    return Power(point, seed + point), Power(point, 2 * seed + point)


@pytest.mark.parametrize("seed", [None, 1000], ids=["killed", "power cut"])
def test_some_ends_lose_and_double_nothing(tmp_path: Path, seed: int | None) -> None:
    """A sample of all points from the first scan to the last receipt."""
    assert run_through(tmp_path, ROUNDS, SAMPLE, seed) >= SAMPLE


def test_lazier_syncs_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With synchronous=NORMAL some of these ends lose what was beeped, and the test sees it."""

    def configure(db: sqlite3.Connection, file: StoreFile) -> None:
        whole(db, file)
        db.execute("PRAGMA synchronous=NORMAL")

    whole = database.configure
    monkeypatch.setattr(database, "configure", configure)
    with pytest.raises(AssertionError):
        run_through(tmp_path, ROUNDS, SAMPLE, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 1000], ids=["killed", "power cut"])
def test_no_end_loses_or_doubles_anything(tmp_path: Path, seed: int | None) -> None:
    """Every write and flush of a longer day, twice each: at least 500 ends."""
    assert run_through(tmp_path, 3 * ROUNDS, None, seed) >= 500
