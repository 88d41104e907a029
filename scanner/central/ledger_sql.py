"""What both stores of scan records say in the same words of SQL."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from typing import Any, Protocol

from scanner.central.ledger import MOST_FORKS, Device, Kept, Log
from scanner.central.ledger_tokens import TokenBook
from scanner.core.record import Row
from scanner.core.segment import NO_LINK, Segment
from scanner.core.signed_log import device_of

_DEVICE = "SELECT public, enrolled_at, certified_until, revoked_at, seen FROM devices"
_LOG = "SELECT id, device, epoch, segment, seq, link, day, checkpoint, receipt FROM logs"
_SEGMENT = "SELECT number, first_seq, count, day, has_records, checkpoint, signed FROM segments"
_ROW = "SELECT seq, minute, outcome, reason, issuer_no, flags, list_version FROM records"
_NEW_LOG = (
    "INSERT INTO logs (device, epoch, segment, seq, link, day, checkpoint, receipt)"
    " VALUES (?, ?, 0, 0, ?, 0, '', ?) ON CONFLICT DO NOTHING"
)
_NEW_SEGMENT = (
    "INSERT INTO segments (log, number, first_seq, count, day, has_records, minute, boot,"
    " is_clean, checkpoint, flags, signed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_KEEP_DEVICE = (
    "INSERT INTO devices (id, public, enrolled_at, certified_until, revoked_at, seen)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET public = excluded.public,"
    " enrolled_at = excluded.enrolled_at, certified_until = excluded.certified_until,"
    " revoked_at = excluded.revoked_at, seen = excluded.seen"
)
# Of a log whose segments are all gone, the receipt for its last one stays: the next hangs on it.
_DROP_RECEIPTS = """
DELETE FROM receipts WHERE segment < coalesce(
    (SELECT min(number) FROM segments WHERE segments.log = receipts.log) - 1,
    (SELECT segment FROM logs WHERE logs.id = receipts.log))"""
_DROP_RETIREMENTS = (
    "DELETE FROM retirements WHERE segment <="
    " (SELECT segment FROM logs WHERE logs.id = retirements.log)"
)


class Found(Protocol):
    """What both libraries give back for a statement. Rows are of whatever was asked for."""

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class SqlBook(TokenBook):
    """All of `ledger.Book` but what the two databases do in their own ways."""

    @abstractmethod
    def _run(self, statement: str, values: Sequence[object] = ()) -> Found:
        """One statement, with `?` for each value."""

    @abstractmethod
    def _run_each(self, statement: str, values: Iterable[Sequence[object]]) -> None: ...

    @abstractmethod
    def keep_rows(self, log: int, day: int, rows: Sequence[Row]) -> int: ...

    @abstractmethod
    def drop_records(self, day: int) -> tuple[int, int]: ...

    def device(self, device: bytes) -> Device | None:
        rows = self._run(f"{_DEVICE} WHERE id = ?", (device,)).fetchall()
        return Device(*rows[0]) if rows else None

    def devices(self) -> list[Device]:
        return [Device(*row) for row in self._run(f"{_DEVICE} ORDER BY enrolled_at, id")]

    def keep_device(self, device: Device) -> None:
        self._run(_KEEP_DEVICE, (device_of(device.public), *astuple(device)))

    def saw(self, device: bytes, minute: int) -> None:
        self._run("UPDATE devices SET seen = ? WHERE id = ?", (minute, device))

    def log(self, device: bytes, epoch: bytes) -> Log | None:
        return self._log(device, epoch, "")

    def open_log(self, device: bytes, epoch: bytes) -> Log:
        found = self._log(device, epoch, self._for_update)
        if found is None:
            self._run(_NEW_LOG, (device, epoch, NO_LINK, b""))
            found = self._log(device, epoch, self._for_update)
        assert found is not None
        return found

    def _log(self, device: bytes, epoch: bytes, suffix: str) -> Log | None:
        statement = f"{_LOG} WHERE device = ? AND epoch = ? {suffix}"
        rows = self._run(statement, (device, epoch)).fetchall()
        return Log(*rows[0]) if rows else None

    def logs(self) -> list[Log]:
        return [Log(*row) for row in self._run(f"{_LOG} ORDER BY id")]

    def segments(self, log: int, numbers: Sequence[int]) -> dict[int, Kept]:
        marks = ", ".join("?" * len(numbers))
        statement = f"{_SEGMENT} WHERE log = ? AND number IN ({marks})"
        return {row[0]: _kept(row) for row in self._run(statement, (log, *numbers))}

    def span(self, log: int, first: int, last: int) -> list[Kept]:
        statement = f"{_SEGMENT} WHERE log = ? AND number BETWEEN ? AND ? ORDER BY number"
        return [_kept(row) for row in self._run(statement, (log, first, last))]

    def numbers_of(self, log: int, since_day: int, until_day: int) -> tuple[int, int] | None:
        statement = "SELECT min(number), max(number) FROM segments WHERE log = ?"
        where = " AND day BETWEEN ? AND ?"
        ((first, last),) = self._run(statement + where, (log, since_day, until_day)).fetchall()
        return None if first is None else (first, last)

    def keep_segments(self, log: int, new: Sequence[tuple[Kept, Segment]]) -> None:
        self._run_each(_NEW_SEGMENT, (_values(log, kept, segment) for kept, segment in new))
        counters = [
            (log, kept.number, kept.day, name, n)
            for kept, segment in new
            for name, n in segment.counters.items()
        ]
        tallies = [
            (log, kept.number, kept.day, bucket, n)
            for kept, segment in new
            for bucket, n in enumerate(segment.histogram)
            if n
        ]
        for table, values in (("counters", counters), ("histograms", tallies)):
            if values:
                self._run_each(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", values)

    def fill_segment(self, log: int, number: int) -> None:
        statement = "UPDATE segments SET has_records = 1 WHERE log = ? AND number = ?"
        self._run(statement, (log, number))

    def rows(self, log: int, first_seq: int, last_seq: int) -> list[Row]:
        statement = f"{_ROW} WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        return [tuple(row) for row in self._run(statement, (log, first_seq, last_seq))]

    def keep_retirement(self, log: int, segment: int, seq: int, link: bytes) -> None:
        statement = "INSERT INTO retirements VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._run(statement, (log, segment, seq, link))

    def retirement_after(self, log: int, segment: int) -> tuple[int, int, bytes] | None:
        statement = "SELECT segment, seq, link FROM retirements WHERE log = ? AND segment > ?"
        rows = self._run(f"{statement} ORDER BY segment LIMIT 1", (log, segment)).fetchall()
        return tuple(rows[0]) if rows else None

    def advance(self, log: Log) -> None:
        self._run(
            "UPDATE logs SET segment = ?, seq = ?, link = ?, day = ?, checkpoint = ?, receipt = ?"
            " WHERE id = ?",
            (log.segment, log.seq, log.link, log.day, log.checkpoint, log.receipt, log.id),
        )

    def keep_receipt(self, log: int, segment: int, signed: bytes) -> None:
        statement = "INSERT INTO receipts VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._run(statement, (log, segment, signed))

    def receipt(self, log: int, segment: int) -> bytes:
        statement = "SELECT signed FROM receipts WHERE log = ? AND segment = ?"
        rows = self._run(statement, (log, segment)).fetchall()
        return bytes(rows[0][0]) if rows else b""

    def keep_fork(self, log: int, number: int, link: bytes, signed: bytes) -> bool:
        kept = self._run("SELECT count(*) FROM forks WHERE log = ?", (log,)).fetchall()
        if kept[0][0] >= MOST_FORKS:
            return False
        statement = "INSERT INTO forks VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        return self._run(statement, (log, number, link, signed)).rowcount == 1

    def setting(self, name: str) -> str | None:
        rows = self._run("SELECT value FROM settings WHERE name = ?", (name,)).fetchall()
        return str(rows[0][0]) if rows else None

    def keep_setting(self, name: str, value: str) -> None:
        self._run(
            "INSERT INTO settings VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def last_audit(self) -> tuple[int, bytes] | None:
        statement = "SELECT number, signed FROM audit ORDER BY number DESC LIMIT 1"
        rows = self._run(statement).fetchall()
        return tuple(rows[0]) if rows else None

    def keep_audit(self, number: int, signed: bytes) -> None:
        self._run("INSERT INTO audit VALUES (?, ?)", (number, signed))

    def audit(self) -> Iterator[bytes]:
        for (signed,) in self._run("SELECT signed FROM audit ORDER BY number"):
            yield bytes(signed)

    def drop_segments(self, day: int) -> int:
        dropped = self._run("DELETE FROM segments WHERE day < ?", (day,)).rowcount
        for table in ("counters", "histograms"):
            self._run(f"DELETE FROM {table} WHERE day < ?", (day,))
        self._run(_DROP_RECEIPTS)
        self._run(_DROP_RETIREMENTS)
        return dropped


def _kept(row: tuple[Any, ...]) -> Kept:
    number, first_seq, count, day, has_records, checkpoint, signed = row
    return Kept(number, first_seq, count, day, bool(has_records), checkpoint, bytes(signed))


def _values(log: int, kept: Kept, segment: Segment) -> tuple[object, ...]:
    return (
        log, kept.number, kept.first_seq, kept.count, kept.day, int(kept.has_records),
        segment.minute, segment.boot, int(segment.is_clean), kept.checkpoint, segment.flags,
        kept.signed,
    )  # fmt: skip
