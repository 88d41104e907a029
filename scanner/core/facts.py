"""Facts: what the stores and the officer know about a pass, as plain values.

A list of a million rows never enters the core; its answer about one pass does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class PassStatus(Enum):
    """What the status map and the revocation list say."""

    VALID = "valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    BEYOND_MAP = "beyond-map"


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What the stores know about a pass. An age of None means that there is no such list."""

    status: PassStatus = PassStatus.VALID
    status_age_s: float | None = None
    status_version: int = 0
    holder_is_listed: bool = False
    holders_age_s: float | None = None
    is_issued: bool | None = None  # None: no issued set for this key


@dataclass(frozen=True, slots=True)
class Seen:
    """What this device remembers of admissions since it started, at most ten minutes."""

    ago_s: float | None = None  # this very pass
    same_person: bool = False  # another pass of the same holder
    memory_lost_at: datetime | None = None  # started less than ten minutes ago


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known beside the pass; `typed_*` is what the officer entered."""

    lists: ListFacts = ListFacts()
    seen: Seen = Seen()
    typed_plate: str | None = None
    typed_card: str | None = None
