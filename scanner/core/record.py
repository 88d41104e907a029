"""The scan record: 16 bytes, and all that is ever kept of a scan.

No name, no pass id, no payload, no picture and no hash of these: a record says when (floored),
what was decided and why, which issuer, and in which state the device was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import IntFlag
from struct import Struct

from scanner.core.clock import ClockReading
from scanner.core.policy import CheckpointPolicy
from scanner.core.reasons import COUNTED_REASONS, Notice, Outcome, Reason
from scanner.core.verdict import Verdict

# seq u32 · minute u32 · outcome u8 · reason u8 · issuer u8 · flags u8 · list version u32
_LAYOUT = Struct("<IIBBBBI")
RECORD_BYTES = _LAYOUT.size
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
# A record as it stands in a table of a central server, in the order of its bytes.
Row = tuple[int, int, int, int, int, int, int]
_OUTCOMES, _REASONS = frozenset(Outcome), frozenset(Reason)


class RecordFlag(IntFlag):
    """Bits 0 and 1 hold the clock level."""

    LIST_OLD = 4
    SEEN_BEFORE = 8
    EXTENDED = 16
    TYPED = 32
    LAMP_FAULT = 64
    SIMULATED = 128


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """`minute` counts from 1970 and is floored by the policy; `seq` is given by the outbox."""

    minute: int
    outcome: Outcome
    reason: Reason
    issuer_no: int
    flags: int
    list_version: int

    def pack(self, seq: int) -> bytes:
        return _LAYOUT.pack(
            seq, self.minute, self.outcome, self.reason, self.issuer_no, self.flags,
            self.list_version,
        )  # fmt: skip


def unpack(packed: bytes) -> tuple[int, ScanRecord]:
    """16 bytes → seq and record. Raises ValueError for other lengths and unknown codes."""
    if len(packed) != RECORD_BYTES:
        raise ValueError(f"a record has {RECORD_BYTES} bytes, not {len(packed)}")
    seq, minute, outcome, reason, issuer_no, flags, version = _LAYOUT.unpack(packed)
    return seq, ScanRecord(minute, Outcome(outcome), Reason(reason), issuer_no, flags, version)


def unpack_rows(joined: bytes) -> list[Row]:
    """Records one behind the other → a row each; refuses what `unpack` does. Raises ValueError."""
    if len(joined) % RECORD_BYTES:
        raise ValueError("a record is cut off")
    rows: list[Row] = list(_LAYOUT.iter_unpack(joined))
    # By the set of codes that occur: a thousand records take half a millisecond.
    unknown = ({row[2] for row in rows} - _OUTCOMES) | ({row[3] for row in rows} - _REASONS)
    if unknown:
        raise ValueError(f"a record has the unknown code {min(unknown)}")
    return rows


def pack_row(row: Row) -> bytes:
    """A row → the 16 bytes it was."""
    return _LAYOUT.pack(*row)


def takes_record(reason: Reason) -> bool:
    """Only judged passes take a seq; the rest is counted by the hour."""
    return reason.outcome is not Outcome.NONE and reason not in COUNTED_REASONS


NO_FLAGS = RecordFlag(0)


def record_of(
    verdict: Verdict, policy: CheckpointPolicy, now: ClockReading, extra: RecordFlag = NO_FLAGS
) -> ScanRecord:
    """What is kept of a verdict; `extra` adds what only the shell knows."""
    lists = verdict.facts.lists if verdict.facts else None
    return ScanRecord(
        minute=floored_minute(now.earliest, policy.log.floor_min),
        outcome=verdict.outcome,
        reason=verdict.reason,
        issuer_no=verdict.pass_.key.issuer_no if verdict.pass_ else 0,
        # As plain numbers: joining what is an IntFlag takes a microsecond each.
        flags=int(now.level) | int(_flags(verdict, policy)) | int(extra),
        list_version=lists.status_version if lists else 0,
    )


def floored_minute(at: datetime, floor_min: int) -> int:
    """Minutes since 1970, down to a multiple of `floor_min`; a time before 1970 counts as 1970."""
    minute = max(0, int(at.timestamp() // 60))
    return minute - minute % floor_min


def local_day(at: datetime, zone: tzinfo) -> int:
    """Days since 1970-01-01 where the device stands."""
    return at.astimezone(zone).date().toordinal() - _EPOCH_DAY


def _flags(verdict: Verdict, policy: CheckpointPolicy) -> RecordFlag:
    flags = NO_FLAGS
    if verdict.facts is not None:
        if policy.status_ages.is_old(verdict.facts.lists.status_age_s or 0):
            flags |= RecordFlag.LIST_OLD
        if verdict.facts.seen.ago_s is not None:
            flags |= RecordFlag.SEEN_BEFORE
    if Notice.EXTENDED in verdict.notices:
        flags |= RecordFlag.EXTENDED
    return flags
