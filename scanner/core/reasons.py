"""Every answer the scanner can give: the one table reason → code, outcome, signal.

Codes are stored and uploaded, so a code never changes its meaning.
The table in README.md is printed from this one, and a test compares them.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class Outcome(IntEnum):
    """What a scan record says happened."""

    NONE = 0  # no record, counters only
    ADMIT = 1
    REFUSE = 2
    UNDECIDED = 3
    BY_HAND = 4  # the officer's own decision, after the scanner's verdict


class SignalName(Enum):
    """Which row of the signal table (`core/signal.py`) is shown."""

    ADMIT = "admit"
    ADMIT_SEEN = "admit-seen"
    REFUSE = "refuse"
    COMPARE = "compare"
    SCANNER = "scanner"
    REGIME_ENDED = "regime-ended"
    NOT_A_PASS = "not-a-pass"
    UNREADABLE = "unreadable"
    ONE_AT_A_TIME = "one-at-a-time"
    SPECIMEN = "specimen"
    TIME_SET = "time-set"
    TIME_NOT_SET = "time-not-set"
    READY = "ready"
    READY_OFFLINE = "ready-offline"
    SELF_TEST = "self-test"
    FAULT = "fault"
    DARK = "dark"


class Reason(IntEnum):
    """Why; the number is the code in records and reports."""

    OK = 0
    # The pass cannot be what it claims to be.
    MALFORMED = 10
    TOO_LARGE = 11
    FORGED = 12
    UNKNOWN_ISSUER = 13
    KEY_DEAD = 14
    NOT_ISSUED = 15
    KEY_NOT_FOR = 16
    # It is not valid now.
    NOT_YET_VALID = 20
    EXPIRED = 21
    # It has been taken back.
    REVOKED = 30
    SUSPENDED = 31
    HOLDER = 32
    BATCH = 33
    DISTRICT = 34
    ZONE_CLOSED = 35
    # It is not valid here.
    WRONG_ZONE = 40
    WRONG_TRANSPORT = 41
    WRONG_DAY = 42
    WRONG_TIME = 43
    WRONG_PLATE = 44
    WRONG_CARD = 45
    LIVE_FORGED = 46
    ALREADY_USED = 47
    # The scanner cannot know.
    UNKNOWN_KEY = 60
    CLOCK = 61
    LIST_TOO_OLD = 62
    INDEX_BEYOND_MAP = 63
    NO_LISTS = 64
    STORE = 65
    UPDATE_SCANNER = 66
    UNSUPPORTED = 67
    # The officer must compare.
    UNSIGNED = 70
    PLATE_NEEDED = 71
    COMPARE = 72
    LIVE_MISSING = 73
    LIVE_CLOCK = 74
    MEMORY_LOST = 75
    READ_BY_HAND = 76
    # The officer decided.
    LET_THROUGH = 80
    HOLDER_MISMATCH = 81
    # Nothing to record.
    NOT_A_PASS = 90
    SPECIMEN = 91
    REGIME_ENDED = 92
    UNREADABLE = 93

    @property
    def outcome(self) -> Outcome:
        return TABLE[self][0]

    @property
    def signal(self) -> SignalName:
        return TABLE[self][1]


_REFUSE = (Outcome.REFUSE, SignalName.REFUSE)
_SCANNER = (Outcome.UNDECIDED, SignalName.SCANNER)
_COMPARE = (Outcome.UNDECIDED, SignalName.COMPARE)

TABLE: dict[Reason, tuple[Outcome, SignalName]] = {
    Reason.OK: (Outcome.ADMIT, SignalName.ADMIT),
    Reason.MALFORMED: _REFUSE,
    Reason.TOO_LARGE: _REFUSE,
    Reason.FORGED: _REFUSE,
    Reason.UNKNOWN_ISSUER: _REFUSE,
    Reason.KEY_DEAD: _REFUSE,
    Reason.NOT_ISSUED: _REFUSE,
    Reason.KEY_NOT_FOR: _REFUSE,
    Reason.NOT_YET_VALID: _REFUSE,
    Reason.EXPIRED: _REFUSE,
    Reason.REVOKED: _REFUSE,
    Reason.SUSPENDED: _REFUSE,
    Reason.HOLDER: _REFUSE,
    Reason.BATCH: _REFUSE,
    Reason.DISTRICT: _REFUSE,
    Reason.ZONE_CLOSED: _REFUSE,
    Reason.WRONG_ZONE: _REFUSE,
    Reason.WRONG_TRANSPORT: _REFUSE,
    Reason.WRONG_DAY: _REFUSE,
    Reason.WRONG_TIME: _REFUSE,
    Reason.WRONG_PLATE: _REFUSE,
    Reason.WRONG_CARD: _REFUSE,
    Reason.LIVE_FORGED: _REFUSE,
    Reason.ALREADY_USED: _REFUSE,
    Reason.UNKNOWN_KEY: _SCANNER,
    Reason.CLOCK: _SCANNER,
    Reason.LIST_TOO_OLD: _SCANNER,
    Reason.INDEX_BEYOND_MAP: _SCANNER,
    Reason.NO_LISTS: _SCANNER,
    Reason.STORE: _SCANNER,
    Reason.UPDATE_SCANNER: _SCANNER,
    Reason.UNSUPPORTED: _SCANNER,
    Reason.UNSIGNED: _COMPARE,
    Reason.PLATE_NEEDED: _COMPARE,
    Reason.COMPARE: _COMPARE,
    Reason.LIVE_MISSING: _COMPARE,
    Reason.LIVE_CLOCK: _COMPARE,
    Reason.MEMORY_LOST: _COMPARE,
    Reason.READ_BY_HAND: _COMPARE,
    Reason.LET_THROUGH: (Outcome.BY_HAND, SignalName.DARK),
    Reason.HOLDER_MISMATCH: (Outcome.BY_HAND, SignalName.DARK),
    Reason.NOT_A_PASS: (Outcome.NONE, SignalName.NOT_A_PASS),
    Reason.SPECIMEN: (Outcome.NONE, SignalName.SPECIMEN),
    Reason.REGIME_ENDED: (Outcome.NONE, SignalName.REGIME_ENDED),
    Reason.UNREADABLE: (Outcome.NONE, SignalName.UNREADABLE),
}

# Every provable refusal before every doubt; within each, what says most comes first.
PRECEDENCE: tuple[Reason, ...] = (
    Reason.KEY_DEAD,
    Reason.NOT_ISSUED,
    Reason.KEY_NOT_FOR,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.REVOKED,
    Reason.SUSPENDED,
    Reason.HOLDER,
    Reason.BATCH,
    Reason.DISTRICT,
    Reason.ZONE_CLOSED,
    Reason.WRONG_ZONE,
    Reason.WRONG_TRANSPORT,
    Reason.WRONG_DAY,
    Reason.WRONG_TIME,
    Reason.WRONG_PLATE,
    Reason.WRONG_CARD,
    Reason.ALREADY_USED,
    Reason.CLOCK,
    Reason.NO_LISTS,
    Reason.LIST_TOO_OLD,
    Reason.INDEX_BEYOND_MAP,
    Reason.UPDATE_SCANNER,
    Reason.UNSUPPORTED,
    Reason.LIVE_MISSING,
    Reason.PLATE_NEEDED,
    Reason.MEMORY_LOST,
    Reason.COMPARE,
)

# Counted by the hour instead of recorded one by one, so that a video loop of forged codes
# can neither fill the disk nor push history out.
COUNTED_REASONS = frozenset({Reason.MALFORMED, Reason.TOO_LARGE, Reason.FORGED})


class Notice(Enum):
    """Attributes of an admission; never a step that decides."""

    SEEN = "seen"
    SAME_PERSON = "same-person"
    LIST_OLD = "list-old"
    EXTENDED = "extended"
    CLOCK_HELD = "clock-held"
