"""What the relying party has decided: the signed policy, and what this checkpoint asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from scanner.core import regime
from scanner.core.clock import ClockReading
from scanner.core.rules import Rule

# Used up by its first admission by its very meaning, also where no policy speaks of kinds.
ONE_OFF_KIND = 5


@dataclass(frozen=True, slots=True)
class KindPolicy:
    """`live`: needs a live proof. `one_off`: used up by its first admission. `compare`: by eye."""

    live: bool = False
    one_off: bool = False
    compare: bool = False


@dataclass(frozen=True, slots=True)
class Ages:
    """How old a list may be: seconds to the banner (soft) and to "cannot decide" (hard)."""

    soft_s: int = 24 * 3600
    hard_s: int = 72 * 3600
    hard_s_by_kind: Mapping[int, int] = field(default_factory=dict)

    def is_old(self, age_s: float) -> bool:
        return not age_s < self.soft_s  # and not >=: an age that is no number is old

    def is_too_old(self, age_s: float, kind: int) -> bool:
        return not age_s < self.hard_s_by_kind.get(kind, self.hard_s)


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """Times in records are floored to `floor_min` minutes; days kept before they are deleted."""

    floor_min: int = 15
    keep_days: int = 1
    max_days: int = 30


@dataclass(frozen=True, slots=True)
class RaisedLimit:
    """Comes on top of the limits of one day, in UTC; shares of the list, and a number."""

    day: date
    flips: float = 0.0
    restores: float = 0.0
    restores_a_day: int = 0


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """How much of a list may change in a day before people must approve it.

    Shares of the map; restores have a number as well, and the lower one counts.
    """

    flips: float = 0.01
    restores: float = 0.001
    restores_a_day: int = 5000
    raised: tuple[RaisedLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Who may ask for records by a signed request. `public`: raw Ed25519 key, 32 bytes."""

    name: str
    public: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where this device stands and what it asks for. None: not bound to a zone or transport."""

    id: str = "checkpoint"
    zone: int | None = None
    transport: int | None = None
    asks_plate: bool = False
    asks_card: bool = False


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """Everything `judge` needs to know that is not about the pass."""

    checkpoint: Checkpoint = Checkpoint()
    version: int = 0
    time_zone: tzinfo = UTC
    leeway: timedelta = timedelta(0)
    status_ages: Ages = Ages()
    holder_ages: Ages = Ages()
    trust_ages: Ages = Ages()
    kinds: Mapping[int, KindPolicy] = field(default_factory=dict)
    formats: frozenset[str] = frozenset({"MP1"})
    repeat_s: int = 60
    reboot_grace: bool = False
    log: LogPolicy = LogPolicy()
    supervisors: tuple[Supervisor, ...] = ()
    rules: tuple[Rule, ...] = ()
    end_of_regime: datetime | None = None
    offline_until: datetime | None = None  # when the installed offline targets expire

    def of_kind(self, kind: int) -> KindPolicy | None:
        """None when the policy does not know the kind; a policy without kinds knows all."""
        if not self.kinds:
            return KindPolicy(one_off=kind == ONE_OFF_KIND)
        return self.kinds.get(kind)

    def has_ended(self, now: ClockReading) -> bool:
        return regime.has_ended(self.end_of_regime, self.offline_until, now)
