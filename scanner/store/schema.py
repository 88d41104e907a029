"""The tables of the three databases, step by step; `migrations.py` takes the steps that lack.

A release only adds tables or nullable columns, so that the release before still runs on the new
schema. `migrations.STEPS` names each step, too.
"""

from __future__ import annotations

import os

from sqlite_utils import Database, Migrations

from scanner.store.database import LISTS, OUTBOX, STATE

lists = Migrations("lists")
outbox = Migrations("outbox")
state = Migrations("state")


@lists()
def first_lists(db: Database) -> None:
    """Everything signed that the device holds; `artefact` says how new each part is."""
    for statement in (
        "CREATE TABLE artefact (name TEXT PRIMARY KEY, version INTEGER NOT NULL,"
        " issued_at INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE document (target TEXT PRIMARY KEY, body BLOB NOT NULL)",
        "CREATE TABLE status_row (id INTEGER PRIMARY KEY, bits BLOB NOT NULL)",
        "CREATE TABLE delta (issuer INTEGER, to_version INTEGER, from_version INTEGER NOT NULL,"
        " body BLOB NOT NULL, PRIMARY KEY (issuer, to_version))",
        "CREATE TABLE revoked_id (id BLOB PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE holder (ref BLOB PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE issued (kid BLOB, cti BLOB, PRIMARY KEY (kid, cti)) WITHOUT ROWID",
    ):
        db.execute(statement)


@lists()
def signed_lists(db: Database) -> None:
    """Lists that change step by step; maps move into files of their own (see status_map.py).

    `change`: what a step changed in a list, the digest of its body, and how much it was; without
    a body only its count is left. `held`: what waits for an approval. No release has the tables
    that are dropped here.
    """
    for table in ("status_row", "delta", "revoked_id", "holder", "issued", "document"):
        db.execute(f"DROP TABLE {table}")
    for statement in (
        "DELETE FROM artefact",
        "CREATE TABLE document (target TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL)",
        "CREATE TABLE base (issuer INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
        " file TEXT NOT NULL, size INTEGER NOT NULL, digest TEXT NOT NULL)",
        "CREATE TABLE change (id INTEGER PRIMARY KEY, list TEXT NOT NULL,"
        " from_version INTEGER NOT NULL, to_version INTEGER NOT NULL, issued_at INTEGER NOT NULL,"
        " flips INTEGER NOT NULL, restores INTEGER NOT NULL, body BLOB, digest BLOB)",
        "CREATE TABLE held (list TEXT, sha256 TEXT, target TEXT NOT NULL,"
        " from_version INTEGER NOT NULL, flips INTEGER NOT NULL, restores INTEGER NOT NULL,"
        " body BLOB, PRIMARY KEY (list, sha256))",
        "CREATE TABLE generation (number INTEGER NOT NULL)",
        "INSERT INTO generation VALUES (0)",
        "CREATE TABLE fault (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, words TEXT NOT NULL)",
    ):
        db.execute(statement)


@lists()
def checked_ages(db: Database) -> None:
    """Version and age of a list get a CRC. A row without one is taken for damaged; no release has
    written such rows."""
    db.execute("ALTER TABLE artefact ADD COLUMN crc INTEGER")


@outbox()
def first_outbox(db: Database) -> None:
    """`seq` is never used twice in an epoch; `epoch` tells rebuilt files apart."""
    for statement in (
        "CREATE TABLE record (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
        " body BLOB NOT NULL CHECK (length(body) = 16))",
        "CREATE TABLE counter (hour INTEGER, name TEXT, n INTEGER NOT NULL,"
        " PRIMARY KEY (hour, name)) WITHOUT ROWID",
        "CREATE TABLE epoch (id BLOB NOT NULL CHECK (length(id) = 8))",
    ):
        db.execute(statement)
    db.execute("INSERT INTO epoch VALUES (?)", [os.urandom(8)])


@outbox()
def sealed_log(db: Database) -> None:
    """Segments over records, and how far a server has them.

    `counter.sealed`: how much of n stands in a segment. `segment.state`: 0 waits, 1 a server has
    it, 2 refused by a server and set aside. `upload`: when the next try may be. `run`: how often
    the device was started, and whether a start has not been stopped in order.
    """
    for statement in (
        "ALTER TABLE counter ADD COLUMN sealed INTEGER",
        "CREATE TABLE segment (number INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL,"
        " count INTEGER NOT NULL, day INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,"
        " signed BLOB NOT NULL)",
        "CREATE TABLE key_counter (day INTEGER, kid BLOB, n INTEGER NOT NULL,"
        " PRIMARY KEY (day, kid)) WITHOUT ROWID",
        "CREATE TABLE upload (id INTEGER PRIMARY KEY CHECK (id = 1), attempts INTEGER NOT NULL,"
        " wait_s REAL NOT NULL, boot TEXT NOT NULL, boot_s REAL NOT NULL, receipt BLOB,"
        " fault TEXT)",
        "CREATE TABLE run (id INTEGER PRIMARY KEY CHECK (id = 1), boot INTEGER NOT NULL,"
        " is_open INTEGER NOT NULL)",
    ):
        db.execute(statement)


@outbox()
def batches_aside(db: Database) -> None:
    """Segments `first` to `last` were refused by a server with `status`, and are offered again a
    day after `at`, in seconds since 1970. `segment.state` 3: a server took it while it lacks one
    before it."""
    db.execute(
        "CREATE TABLE aside (first INTEGER PRIMARY KEY, last INTEGER NOT NULL,"
        " status INTEGER NOT NULL, at INTEGER NOT NULL)"
    )


@outbox()
def lean_records(db: Database) -> None:
    """A record is one page to the disk: AUTOINCREMENT writes a second at every scan.

    Numbers are never used twice all the same, since a row goes only once it is sealed and the last
    segment always stays. `fold`: records `first` to `last` gave way to the counts that stand in
    segment `number`. `run.is_clean`: whether the device had been stopped in order before. No
    release has the table that is replaced here.
    """
    for statement in (
        "CREATE TABLE lean (seq INTEGER PRIMARY KEY, body BLOB NOT NULL CHECK (length(body) = 16))",
        "INSERT INTO lean SELECT seq, body FROM record ORDER BY seq",
        "DROP TABLE record",
        "ALTER TABLE lean RENAME TO record",
        "CREATE TABLE fold (first INTEGER PRIMARY KEY, last INTEGER NOT NULL,"
        " number INTEGER NOT NULL)",
        "ALTER TABLE run ADD COLUMN is_clean INTEGER",
    ):
        db.execute(statement)


@state()
def first_state(db: Database) -> None:
    """Numbers that only rise; the trigger stops even a slip of ours."""
    db.execute("CREATE TABLE floor (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID")
    db.execute(
        "CREATE TRIGGER floor_never_falls BEFORE UPDATE ON floor WHEN NEW.value < OLD.value"
        " BEGIN SELECT RAISE(ABORT, 'a floor never falls'); END"
    )


@state()
def known_time(db: Database) -> None:
    """What is known of the time beside its floor; `boot` says in which boot a row was true."""
    for statement in (
        "CREATE TABLE moment (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE time_base (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL,"
        " at INTEGER, boot_s REAL NOT NULL)",
        "CREATE TABLE held_time (slot TEXT PRIMARY KEY, boot TEXT NOT NULL, source TEXT NOT NULL,"
        " earliest REAL NOT NULL, latest REAL NOT NULL, boot_s REAL NOT NULL,"
        " until_s REAL NOT NULL) WITHOUT ROWID",
    ):
        db.execute(statement)


MIGRATIONS = {LISTS: lists, OUTBOX: outbox, STATE: state}
