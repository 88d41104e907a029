"""What a central server takes in: `python tests/bench/bench_ingest.py [--quick]`.

Bodies of several devices are made beforehand, as after a day without network: whole segments of 256
records. They go over connections that stay open to `scanner central serve --plain`, which verifies
every signature and hash, stores, fsyncs, and signs a receipt. Beside it, in the same run, the bare
insert of the same rows by one process: executemany into SQLite, COPY into PostgreSQL.
"""

from __future__ import annotations

import argparse
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

import psycopg  # noqa: E402 - after the path is set

from scanner.central.ledger import open_ledger  # noqa: E402
from scanner.central.ledger_postgres import packed  # noqa: E402
from scanner.core.batch import BODY_BYTES, pack_body  # noqa: E402
from scanner.core.enrolment import LOG_PATH  # noqa: E402
from scanner.core.reasons import Outcome, Reason  # noqa: E402
from scanner.core.receipt import ANSWER_BYTES  # noqa: E402
from scanner.core.record import Row, unpack_rows  # noqa: E402
from scanner.core.segment import MAX_RECORDS  # noqa: E402
from tests.bench.table import Rows, print_table  # noqa: E402
from tests.central.reporter import Reporter  # noqa: E402
from tests.postgres import Postgres, find_binaries, running_postgres  # noqa: E402

DEVICES, BODIES_EACH, QUICK_BODIES_EACH = 8, 20, 4
AT_MOST_FITTING = 40
# As of a device that is in time: one body a minute, one segment with a minute's scans.
LIVE_SCANS, LIVE_BODIES_EACH, QUICK_LIVE_BODIES_EACH = 12, 100, 20
COPY = "COPY records FROM STDIN (FORMAT BINARY)"
TARGETS = {"SQLite": 30_000, "PostgreSQL": 15_000}
JUDGED = ((Outcome.ADMIT, Reason.OK),) * 8 + (
    (Outcome.REFUSE, Reason.EXPIRED), (Outcome.UNDECIDED, Reason.COMPARE),
)  # fmt: skip


class Load:
    """What the devices send, and the rows that are in it. live: in bodies of a minute each."""

    def __init__(self, bodies_each: int, *, live: bool = False) -> None:
        dice = random.Random(20200415)
        self.devices = [Reporter(f"device {number}") for number in range(DEVICES)]
        self.bodies, self.rows = list[list[bytes]](), list[list[Row]]()
        for device in self.devices:
            make = _live_bodies if live else _full_bodies
            self.bodies.append(make(device, bodies_each, dice))
            self.rows.append(unpack_rows(b"".join(part.records for part in device.parts)))

    @property
    def count(self) -> int:
        return sum(map(len, self.rows))


def _full_bodies(device: Reporter, count: int, dice: random.Random) -> list[bytes]:
    """What does not fit the last one is taken back."""
    packed, sent = list[bytes](), 0
    while len(packed) < count:
        while len(device.parts) - sent < AT_MOST_FITTING:
            device.seal([dice.choice(JUDGED) for _ in range(MAX_RECORDS)])
        body, fitting = pack_body(device.key, device.epoch, device.parts[sent:])
        packed.append(body)
        sent += fitting
    del device.parts[sent:]
    return packed


def _live_bodies(device: Reporter, count: int, dice: random.Random) -> list[bytes]:
    return [
        device.body(device.seal([dice.choice(JUDGED) for _ in range(LIVE_SCANS)]))
        for _ in range(count)
    ]


@contextmanager
def serving(folder: Path, database: str, workers: int) -> Iterator[int]:
    """The port of a server in a process of its own, or several."""
    command = [sys.executable, "-m", "scanner", "central", "--dir", str(folder), "serve",
               "--plain", "--port", "0", "--log-port", "0", "--database", database,
               "--workers", str(workers)]  # fmt: skip
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline().split()[0].rpartition(":")[2])
        finally:
            process.terminate()


def send(port: int, bodies: Sequence[bytes]) -> None:
    """One connection, one body after the other; every answer is a receipt."""
    head = f"POST {LOG_PATH} HTTP/1.1\r\nHost: records\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        stream = connection.makefile("rb")
        for body in bodies:
            connection.sendall(head.encode() + body)
            status = stream.readline().split()[1]
            if status != b"200":
                raise SystemExit(f"a body was answered by {status.decode()}")
            while stream.readline() != b"\r\n":
                pass
            stream.read(ANSWER_BYTES)


def ingest(database: str, load: Load, workers: int) -> float:
    """Records a second through HTTP, from the first byte sent to the last receipt."""
    with closing(open_ledger(database)) as ledger:
        for device in load.devices:
            device.enrol(ledger)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), database, workers) as port:
        send(port, [device.body() for device in load.devices])  # every worker has started
        began = time.perf_counter()
        with ThreadPoolExecutor(DEVICES) as pool:
            list(pool.map(lambda bodies: send(port, bodies), load.bodies))
        seconds = time.perf_counter() - began
    with closing(open_ledger(database)) as ledger, ledger.book(reading=True) as book:
        stored = sum(log.seq for log in book.logs())
    return stored / seconds


def bare_sqlite(path: Path, load: Load) -> float:
    """Records a second by executemany, a transaction for each body's worth, WAL and FULL."""
    with closing(open_ledger(str(path))):
        db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    statement = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    began = time.perf_counter()
    for number, rows in parcels(load):
        db.execute("BEGIN")
        db.executemany(statement, [(number, *row) for row in rows])
        db.execute("COMMIT")
    seconds = time.perf_counter() - began
    db.close()
    return load.count / seconds


def bare_postgres(url: str, load: Load) -> float:
    """Records a second by binary COPY into the partition, a transaction for each body's worth."""
    with closing(open_ledger(url)) as ledger:
        ledger.prepare([load.devices[0].day])
    with psycopg.connect(url, autocommit=True) as connection:
        began = time.perf_counter()
        for number, rows in parcels(load):
            with connection.transaction(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
                copy.write(packed(number, load.devices[0].day, rows))
        return load.count / (time.perf_counter() - began)


def parcels(load: Load) -> Iterator[tuple[int, list[Row]]]:
    """Device by device, about what a body holds."""
    for number, rows in enumerate(load.rows):
        size = max(1, len(rows) // len(load.bodies[number]))
        for at in range(0, len(rows), size):
            yield number, rows[at : at + size]


def rows(folder: Path, quick: bool, server: Postgres | None) -> Rows:
    load = Load(QUICK_BODIES_EACH if quick else BODIES_EACH)
    live = Load(QUICK_LIVE_BODIES_EACH if quick else LIVE_BODIES_EACH, live=True)
    yield f"{DEVICES} devices, {sum(map(len, load.bodies))} full bodies; records", f"{load.count}"
    bare = bare_sqlite(folder / "bare.db", load)
    yield "SQLite: bare executemany, 1 process, records/s", f"{bare:.0f}"
    yield from compared("SQLite", 1, ingest(str(folder / "log.db"), load, 1), bare)
    yield from in_time("SQLite", 1, ingest(str(folder / "live.db"), live, 1))
    if server is None:
        yield "PostgreSQL", "not here"
        return
    bare = bare_postgres(server.new_database(), load)
    yield "PostgreSQL: bare COPY, 1 connection, records/s", f"{bare:.0f}"
    for workers in (1, 2):
        figure = ingest(server.new_database(), load, workers)
        yield from compared("PostgreSQL", workers, figure, bare)
        yield from in_time("PostgreSQL", workers, ingest(server.new_database(), live, workers))


def in_time(name: str, workers: int, figure: float) -> Rows:
    many = f"{workers} process" + "es" * (workers > 1)
    yield f"{name}: bodies of a minute each, {many}, bodies/s", f"{figure / LIVE_SCANS:.0f}"


def compared(name: str, workers: int, figure: float, bare: float) -> Rows:
    many = f"{workers} process" + "es" * (workers > 1)
    yield f"{name}: through HTTP, {many}, records/s", f"{figure:.0f}"
    yield "  of the bare insert", f"{figure / bare:.2f}"
    target = TARGETS[name]
    yield f"  target {target}", "reached" if figure >= target else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the bodies")
    quick = parser.parse_args().quick
    title = "Scan records into a central server"
    with tempfile.TemporaryDirectory() as folder:
        if find_binaries() is None:
            print_table(title, rows(Path(folder), quick, None))
        else:
            with running_postgres() as server:
                print_table(title, rows(Path(folder), quick, server))


if __name__ == "__main__":
    main()
