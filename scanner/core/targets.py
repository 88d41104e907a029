"""Policy and rules as they arrive: strict JSON, taken whole or held back.

An unknown key is a wish of the city that this version would not fulfil: the whole update is
refused, so that no rule is ever half applied.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec

from scanner.core import strict_json
from scanner.core.errors import UpdateError
from scanner.core.policy import Ages, BreakerLimits, KindPolicy, LogPolicy, RaisedLimit, Supervisor
from scanner.core.rules import (
    CloseZone,
    Extend,
    Grace,
    QuarantineBatch,
    QuarantineDates,
    QuarantineDistrict,
    Rule,
)

MAX_RULES = 8
LONGEST_GRACE_S = 7 * 86400

Seconds = Annotated[int, msgspec.Meta(ge=0, le=366 * 86400)]
Days = Annotated[int, msgspec.Meta(ge=0, le=366)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Version = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]

_T = TypeVar("_T")


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class AgesFile(_Strict, frozen=True):
    soft: Seconds = 24 * 3600
    hard: Seconds = 72 * 3600
    hard_by_kind: dict[int, Seconds] = {}

    def to_ages(self) -> Ages:
        return Ages(self.soft, self.hard, self.hard_by_kind)


class AllAgesFile(_Strict, frozen=True):
    trust: AgesFile = AgesFile()
    status: AgesFile = AgesFile()
    holders: AgesFile = AgesFile()


class KindFile(_Strict, frozen=True):
    live: bool = False
    one_off: bool = False
    compare: bool = False

    def to_kind(self) -> KindPolicy:
        return KindPolicy(self.live, self.one_off, self.compare)


class LogFile(_Strict, frozen=True):
    floor_min: int = 15
    keep_days: Days = 1
    max_days: Days = 30

    def to_log(self) -> LogPolicy:
        return LogPolicy(self.floor_min, self.keep_days, self.max_days)


class SupervisorFile(_Strict, frozen=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    ed25519: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

    def to_supervisor(self) -> Supervisor:
        return Supervisor(self.name, bytes.fromhex(self.ed25519))


class RaisedFile(_Strict, frozen=True):
    day: date
    flips: Share = 0.0
    restores: Share = 0.0
    restores_a_day: Count = 0


class BreakerFile(_Strict, frozen=True):
    flips: Share = 0.01
    restores: Share = 0.001
    restores_a_day: Count = 5000
    raised: tuple[RaisedFile, ...] = ()

    def to_limits(self) -> BreakerLimits:
        raised = tuple(
            RaisedLimit(each.day, each.flips, each.restores, each.restores_a_day)
            for each in self.raised
        )
        return BreakerLimits(self.flips, self.restores, self.restores_a_day, raised)


class PolicyFile(_Strict, frozen=True):
    """The fields of the policy target; times in seconds, texts by language code."""

    version: Version
    time_zone: str
    leeway_s: int = 0
    ages_s: AllAgesFile = AllAgesFile()
    zones: dict[int, dict[str, str]] = {}
    purposes: dict[int, dict[str, str]] = {}
    transport: dict[int, dict[str, str]] = {}
    kinds: dict[int, KindFile] = {}
    formats: tuple[str, ...] = ("MP1",)
    log: LogFile = LogFile()
    supervisors: tuple[SupervisorFile, ...] = ()
    repeat_s: int = 60
    reboot_grace: bool = False
    appeal: dict[str, str] = {}
    breaker: BreakerFile = BreakerFile()


def parse_policy(text: bytes) -> PolicyFile:
    """Raises UpdateError that names the key and what is allowed."""
    policy = _read(text, PolicyFile, "The policy")
    if policy.log.floor_min not in (1, 5, 15):
        raise UpdateError("The policy is held back: log.floor_min is 1, 5 or 15.")
    if not 0 <= policy.leeway_s <= 3600:
        raise UpdateError("The policy is held back: leeway_s is 0 to 3600.")
    if not 0 <= policy.repeat_s <= 600:
        raise UpdateError("The policy is held back: repeat_s is 0 to 600.")
    return policy


class _RuleFile(_Strict, frozen=True, tag_field="do"):
    id: str
    not_after: int


class ExtendFile(_RuleFile, frozen=True, tag="extend"):
    kinds: list[int]
    exp_from: int
    exp_to: int
    until: int

    def to_rule(self) -> Rule:
        return Extend(
            id=self.id,
            not_after=_moment(self.not_after),
            kinds=frozenset(self.kinds),
            exp_from=_moment(self.exp_from),
            exp_to=_moment(self.exp_to),
            until=_moment(self.until),
        )


class GraceFile(_RuleFile, frozen=True, tag="grace"):
    kinds: list[int]
    seconds: int

    def to_rule(self) -> Rule:
        if not 0 < self.seconds <= LONGEST_GRACE_S:
            raise UpdateError(f"The rules are held back: grace is 1 to {LONGEST_GRACE_S} seconds.")
        kinds, grace = frozenset(self.kinds), timedelta(seconds=self.seconds)
        return Grace(id=self.id, not_after=_moment(self.not_after), kinds=kinds, grace=grace)


class CloseZoneFile(_RuleFile, frozen=True, tag="close-zone"):
    zones: list[int]
    except_kinds: list[int] = []

    def to_rule(self) -> Rule:
        return CloseZone(
            id=self.id,
            not_after=_moment(self.not_after),
            zones=frozenset(self.zones),
            except_kinds=frozenset(self.except_kinds),
        )


class QuarantineBatchFile(_RuleFile, frozen=True, tag="quarantine-batch"):
    batches: list[int]

    def to_rule(self) -> Rule:
        end = _moment(self.not_after)
        return QuarantineBatch(id=self.id, not_after=end, batches=frozenset(self.batches))


class QuarantineDistrictFile(_RuleFile, frozen=True, tag="quarantine-district"):
    districts: list[int]

    def to_rule(self) -> Rule:
        end = _moment(self.not_after)
        return QuarantineDistrict(id=self.id, not_after=end, districts=frozenset(self.districts))


class QuarantineDatesFile(_RuleFile, frozen=True, tag="quarantine-dates"):
    kinds: list[int]
    iat_from: int
    iat_to: int

    def to_rule(self) -> Rule:
        return QuarantineDates(
            id=self.id,
            not_after=_moment(self.not_after),
            kinds=frozenset(self.kinds),
            iat_from=_moment(self.iat_from),
            iat_to=_moment(self.iat_to),
        )


AnyRuleFile = (
    ExtendFile
    | GraceFile
    | CloseZoneFile
    | QuarantineBatchFile
    | QuarantineDistrictFile
    | QuarantineDatesFile
)


def parse_rules(text: bytes) -> tuple[Rule, ...]:
    """Raises UpdateError for an unknown rule, an unknown field, or more than MAX_RULES."""
    files = _read(text, list[AnyRuleFile], "The list of rules")
    if len(files) > MAX_RULES:
        raise UpdateError(f"The rules are held back: {len(files)} rules, at most {MAX_RULES}.")
    return tuple(file.to_rule() for file in files)


def _read(text: bytes, form: type[_T], what: str) -> _T:
    """Strict JSON first, since msgspec takes the last of two members with one name."""
    try:
        return msgspec.convert(strict_json.parse(text), form, str_keys=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise UpdateError(f"{what} is held back: {error}.") from None


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise UpdateError(f"The rules are held back: {seconds} is no time.") from None
