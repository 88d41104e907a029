"""The tables of the store of scan records, in both dialects, and how they came to be.

A step is never changed once a release has it; later ones are added at the end. Words in braces are
what differs: `{int}`, `{bytes}`, `{id}` and `{end}`, and the table of records itself.

    devices      who may send: raw key, dates, the quarter of an hour in which it was seen last
    logs         a device and epoch: up to where the log is here without a gap, newest receipt
    segments     as signed, with what SQL is asked for; one without records is a heartbeat
    records      the fields of `core/record.py`; key: log and seq (PostgreSQL: a partition a day)
    counters, histograms   what segments have counted, when they have
    retirements  what a device has removed by itself, as it has signed
    receipts     where one day of a log ends and the next begins
    forks        what did not fit a chain, as evidence
    audit        what happened to this log: a chain of its own, signed
    tokens       what lets a device in over the network, as a keyed hash, and whom it has let in
    guesses      how many typed codes of a minute were wrong
    places       where a device stands and what it keeps to, by its id, as text
    plans        the same by its name and its board's serial number, before it has an id
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database spells it."""

    integer: str
    binary: str
    identity: str
    end: str
    records: str

    def render(self, statement: str) -> str:
        """A statement of STEPS in this dialect."""
        return statement.format(
            int=self.integer, bytes=self.binary, id=self.identity, end=self.end,
            records=self.records,
        )  # fmt: skip


SQLITE = Dialect(
    "INTEGER",
    "BLOB",
    "INTEGER PRIMARY KEY",
    "STRICT",
    """CREATE TABLE records (
        log INTEGER NOT NULL, seq INTEGER NOT NULL, minute INTEGER NOT NULL,
        outcome INTEGER NOT NULL, reason INTEGER NOT NULL, issuer_no INTEGER NOT NULL,
        flags INTEGER NOT NULL, list_version INTEGER NOT NULL, PRIMARY KEY (log, seq)
    ) STRICT, WITHOUT ROWID""",
)
# The key of a partitioned table must hold what it is partitioned by. That a record of one seq is
# under one day is seen to by `segments`: a number is taken once, under one day.
POSTGRES = Dialect(
    "BIGINT",
    "BYTEA",
    "INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "",
    """CREATE TABLE records (
        log INTEGER NOT NULL, seq BIGINT NOT NULL, minute BIGINT NOT NULL,
        outcome SMALLINT NOT NULL, reason SMALLINT NOT NULL, issuer_no SMALLINT NOT NULL,
        flags SMALLINT NOT NULL, list_version BIGINT NOT NULL, day INTEGER NOT NULL,
        PRIMARY KEY (log, seq, day)
    ) PARTITION BY LIST (day)""",
)

_FIRST = (
    """CREATE TABLE devices (
        id {bytes} PRIMARY KEY, public {bytes} NOT NULL, enrolled_at {int} NOT NULL,
        certified_until {int} NOT NULL, revoked_at {int}, seen {int}
    ) {end}""",
    """CREATE TABLE logs (
        id {id}, device {bytes} NOT NULL, epoch {bytes} NOT NULL, segment {int} NOT NULL,
        seq {int} NOT NULL, link {bytes} NOT NULL, day {int} NOT NULL, checkpoint TEXT NOT NULL,
        receipt {bytes} NOT NULL, UNIQUE (device, epoch)
    ) {end}""",
    """CREATE TABLE segments (
        log {int} NOT NULL, number {int} NOT NULL, first_seq {int} NOT NULL, count {int} NOT NULL,
        day {int} NOT NULL, has_records {int} NOT NULL, minute {int} NOT NULL, boot {int} NOT NULL,
        is_clean {int} NOT NULL, checkpoint TEXT NOT NULL, flags {int} NOT NULL,
        signed {bytes} NOT NULL, PRIMARY KEY (log, number)
    ) {end}""",
    "CREATE INDEX segments_by_day ON segments (day, log)",
    "{records}",
    """CREATE TABLE counters (
        log {int} NOT NULL, number {int} NOT NULL, day {int} NOT NULL, name TEXT NOT NULL,
        n {int} NOT NULL, PRIMARY KEY (log, number, name)
    ) {end}""",
    """CREATE TABLE histograms (
        log {int} NOT NULL, number {int} NOT NULL, day {int} NOT NULL, bucket {int} NOT NULL,
        n {int} NOT NULL, PRIMARY KEY (log, number, bucket)
    ) {end}""",
    """CREATE TABLE retirements (
        log {int} NOT NULL, segment {int} NOT NULL, seq {int} NOT NULL, link {bytes} NOT NULL,
        PRIMARY KEY (log, segment)
    ) {end}""",
    """CREATE TABLE receipts (
        log {int} NOT NULL, segment {int} NOT NULL, signed {bytes} NOT NULL,
        PRIMARY KEY (log, segment)
    ) {end}""",
    """CREATE TABLE forks (
        log {int} NOT NULL, number {int} NOT NULL, link {bytes} NOT NULL, signed {bytes} NOT NULL,
        PRIMARY KEY (log, number, link)
    ) {end}""",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) {end}",
    "CREATE TABLE audit (number {int} PRIMARY KEY, signed {bytes} NOT NULL) {end}",
)

_TOKENS = (
    """CREATE TABLE tokens (
        hash {bytes} PRIMARY KEY, name TEXT NOT NULL, made_at {int} NOT NULL,
        ends_at {int} NOT NULL, place TEXT NOT NULL, cancelled_at {int}, public {bytes},
        used_at {int}, answer {bytes}
    ) {end}""",
    "CREATE INDEX tokens_by_name ON tokens (name)",
    "CREATE TABLE guesses (minute {int} PRIMARY KEY, wrong {int} NOT NULL) {end}",
    "CREATE TABLE places (device {bytes} PRIMARY KEY, place TEXT NOT NULL) {end}",
    """CREATE TABLE plans (
        name TEXT PRIMARY KEY, serial TEXT UNIQUE, place TEXT NOT NULL
    ) {end}""",
)

STEPS = (_FIRST, _TOKENS)


def steps_after(layout: int, dialect: Dialect) -> list[str]:
    """The statements that bring a store of this layout to the newest, which is len(STEPS)."""
    return [dialect.render(each) for step in STEPS[layout:] for each in step]
