"""The store of scan records: what it holds, and all that may be asked of it.

Two stores keep to this: an SQLite file for some fifty checkpoints, and PostgreSQL for a city. What
is decided about a batch (see `ingest.py`) is written once, against `Book`: one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from scanner.central.errors import CentralError
from scanner.core.record import Row
from scanner.core.segment import NO_LINK, Segment

MINUTES_A_DAY = 24 * 60
# Of one log: the first proves as much as a thousand, and a device may not fill the disk with them.
MOST_FORKS = 32
# A device keeps records for 30 days by default, and its clock may be ahead by a time zone.
OLDEST_DAYS, NEWEST_DAYS = 45, 1


class LedgerError(CentralError):
    """The store of scan records cannot be read or written; devices keep theirs meanwhile."""


class TryAgainError(LedgerError):
    """Another process was in the way (a partition dropped, a deadlock); once more will do."""


@dataclass(frozen=True, slots=True)
class Device:
    """public: raw key, 32 bytes. Times in seconds since 1970; `seen` in minutes, floored."""

    public: bytes
    enrolled_at: int
    certified_until: int
    revoked_at: int | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What lets one device in: a card or a typed code. Times in seconds since 1970.

    hash: keyed, of what stands on the card. place: text of `placing.py`. public: raw key of the
    device that its first use has bound it to; used_at, answer: when, and with which answer.
    """

    hash: bytes
    name: str
    made_at: int
    ends_at: int
    place: str
    cancelled_at: int | None = None
    public: bytes | None = None
    used_at: int | None = None
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A device to be: its name, its board's serial number, its place as text of `placing.py`."""

    name: str
    serial: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Log:
    """How far the log of one device and epoch goes here without a gap.

    id: its number in this store. segment, seq, link, day: of the last one before the first gap.
    checkpoint: where the device said it was. receipt: the newest, as signed, b"" for none.
    """

    id: int
    device: bytes
    epoch: bytes
    segment: int = 0
    seq: int = 0
    link: bytes = NO_LINK
    day: int = 0
    checkpoint: str = ""
    receipt: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment as it is kept. day: under which it and its records are, and go once time is over.

    has_records: whether its records came with it; a device that had to fold them sends none.
    """

    number: int
    first_seq: int
    count: int
    day: int
    has_records: bool
    checkpoint: str
    signed: bytes

    @property
    def last_seq(self) -> int:
        """first_seq - 1 for none."""
        return self.first_seq + self.count - 1


class Book(Protocol):
    """The store inside one transaction. Each method raises LedgerError when it cannot be used."""

    def device(self, device: bytes) -> Device | None: ...

    def devices(self) -> list[Device]:
        """By the time of enrolment."""
        ...

    def keep_device(self, device: Device) -> None:
        """Adds it, or takes the place of what was kept under its key."""
        ...

    def saw(self, device: bytes, minute: int) -> None: ...

    def log(self, device: bytes, epoch: bytes) -> Log | None: ...

    def open_log(self, device: bytes, epoch: bytes) -> Log:
        """Made if need be, and held against every other process until the transaction ends."""
        ...

    def logs(self) -> list[Log]: ...

    def segments(self, log: int, numbers: Sequence[int]) -> dict[int, Kept]:
        """Those of these numbers that are there."""
        ...

    def span(self, log: int, first: int, last: int) -> list[Kept]:
        """Those that are there of the numbers `first` to `last`, in order."""
        ...

    def numbers_of(self, log: int, since_day: int, until_day: int) -> tuple[int, int] | None:
        """First and last number of these days, `until_day` included; None for none."""
        ...

    def keep_segments(self, log: int, new: Sequence[tuple[Kept, Segment]]) -> None:
        """With what they have counted. Each number once: a second one is a fault of the program."""
        ...

    def fill_segment(self, log: int, number: int) -> None:
        """The records of a segment that had come without them are here now."""
        ...

    def keep_rows(self, log: int, day: int, rows: Sequence[Row]) -> int:
        """Each seq once, whatever comes twice; returns how many were new. `day` is prepared."""
        ...

    def rows(self, log: int, first_seq: int, last_seq: int) -> list[Row]: ...

    def keep_retirement(self, log: int, segment: int, seq: int, link: bytes) -> None:
        """The device says, signed, that up to there it has removed what was its log."""
        ...

    def retirement_after(self, log: int, segment: int) -> tuple[int, int, bytes] | None:
        """Segment, seq and link of the first one beyond `segment`."""
        ...

    def advance(self, log: Log) -> None:
        """Keep how far the log goes now."""
        ...

    def keep_receipt(self, log: int, segment: int, signed: bytes) -> None:
        """The receipt at the end of a day, so that later a range of days can be checked."""
        ...

    def receipt(self, log: int, segment: int) -> bytes:
        """As signed; b"" for none."""
        ...

    def keep_fork(self, log: int, number: int, link: bytes, signed: bytes) -> bool:
        """What does not fit the chain is kept as evidence; False when it was there already, or
        when MOST_FORKS of the log are."""
        ...

    def setting(self, name: str) -> str | None: ...

    def keep_setting(self, name: str, value: str) -> None: ...

    def token(self, hash_: bytes) -> Token | None:
        """Held against every other process until the transaction ends."""
        ...

    def tokens(self) -> list[Token]:
        """By the time of making."""
        ...

    def keep_token(self, token: Token) -> None:
        """Adds it, or takes the place of what was kept under its hash."""
        ...

    def wrong_guesses(self, since_minute: int) -> int:
        """Of this minute and later."""
        ...

    def count_guess(self, minute: int, forget_before: int) -> None: ...

    def place(self, device: bytes) -> str | None: ...

    def keep_place(self, device: bytes, place: str) -> None: ...

    def plans(self) -> list[Plan]:
        """By name."""
        ...

    def keep_plan(self, plan: Plan) -> None:
        """Adds it, or takes the place of what has its name or its serial number."""
        ...

    def last_audit(self) -> tuple[int, bytes] | None:
        """Number and signed bytes; held against every other process, to be followed by one."""
        ...

    def keep_audit(self, number: int, signed: bytes) -> None: ...

    def audit(self) -> Iterator[bytes]:
        """All of it, in order."""
        ...

    def drop_records(self, day: int) -> tuple[int, int]:
        """Those of every day before `day`: how many, and how many whole days at once.

        Comes before `drop_segments`, in a transaction of its own: it keeps others from writing.
        """
        ...

    def drop_segments(self, day: int) -> int:
        """Segments and counts of every day before `day`; returns how many segments."""
        ...


class Ledger(Protocol):
    """The store itself; may be used by several threads."""

    @property
    def name(self) -> str:
        """For people: where it is, without a password."""
        ...

    def prepare(self, days: Iterable[int]) -> None:
        """Make room for records of these days. Raises LedgerError."""
        ...

    def book(self, *, reading: bool = False) -> AbstractContextManager[Book]:
        """One transaction: fsynced when it ends well, undone when it ends with an exception.

        reading: of one moment, beside those that write; nothing may be changed. Raises LedgerError.
        """
        ...

    def settle(self) -> None:
        """After much was removed: nothing of it is left in a journal. Raises LedgerError."""
        ...

    def close(self) -> None: ...


def kept_day(said: int, today: int) -> int:
    """Under which day a segment is kept that says it is of day `said`.

    A device whose clock is wrong could name any day: one that cannot be is replaced by today, so
    that no partitions are made for it and its records are removed in time.
    """
    return said if today - OLDEST_DAYS <= said <= today + NEWEST_DAYS else today


def is_postgres(url: str) -> bool:
    """Whether this names a PostgreSQL database; everything else is a file."""
    return url.startswith(("postgresql://", "postgres://"))


def open_ledger(url: str, *, connections: int = 1, must_exist: bool = False) -> Ledger:
    """postgresql://…, sqlite:///PATH or a path; made or brought to this release's layout.

    connections: how many threads will use it at once. Raises LedgerError.
    """
    if is_postgres(url):
        from scanner.central.ledger_postgres import PostgresLedger

        return PostgresLedger(url, connections)
    from scanner.central.ledger_sqlite import SqliteLedger

    return SqliteLedger(url.removeprefix("sqlite://"), must_exist=must_exist)
