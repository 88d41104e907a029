"""The verdict: facts about a pass in, one outcome and reason out.

`judge` is total and pure. Every check names what it finds, a provable refusal or a doubt; the
first refusal in the order of PRECEDENCE (reasons.py) wins, then the first doubt, and only a pass
with no finding at all is admitted. So no check can turn a refusal into an admission.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from scanner.core.claims import Pass, fold_plate
from scanner.core.clock import ClockLevel, ClockReading, shifted
from scanner.core.facts import Facts, PassStatus
from scanner.core.grace import is_graced
from scanner.core.policy import Ages, CheckpointPolicy, KindPolicy
from scanner.core.reasons import PRECEDENCE, Notice, Outcome, Reason
from scanner.core.rules import Rule, closes_zone, extended_expiry, forbids_batch, forbids_district
from scanner.core.trust import KeyState
from scanner.core.windows import holds_in_windows


@dataclass(frozen=True, slots=True)
class Verdict:
    """`pass_` is set only once its signature is verified; it is for the screen, never stored.

    forged_kid: the key that a forged pass names; of more than one person, and kept as a count only.
    """

    reason: Reason
    notices: tuple[Notice, ...] = ()
    pass_: Pass | None = None
    facts: Facts | None = None
    forged_kid: bytes | None = None

    @property
    def outcome(self) -> Outcome:
        return self.reason.outcome

    @property
    def seen_min(self) -> int | None:
        """Whole minutes since this device admitted the pass."""
        return None if self._seen_ago_s is None else int(self._seen_ago_s // 60)

    def is_repeat(self, within_s: float) -> bool:
        """A phone that slipped away and came back: admitted again, one scan and not two."""
        ago_s = self._seen_ago_s
        return self.outcome is Outcome.ADMIT and ago_s is not None and ago_s <= within_s

    @property
    def _seen_ago_s(self) -> float | None:
        return self.facts.seen.ago_s if self.facts else None


class _Case(NamedTuple):
    pass_: Pass
    facts: Facts
    policy: CheckpointPolicy
    now: ClockReading
    kind: KindPolicy | None  # None: the policy does not know it
    is_graced: bool  # by the floor of time, just after a reboot


def judge(pass_: Pass, facts: Facts, policy: CheckpointPolicy, now: ClockReading) -> Verdict:
    """A verdict for every input; the same for the same input, bit for bit; raises nothing."""
    if policy.has_ended(now):
        return Verdict(Reason.REGIME_ENDED)
    if pass_.is_specimen:
        return Verdict(Reason.SPECIMEN, pass_=pass_, facts=facts)
    kind, graced = policy.of_kind(pass_.kind), is_graced(pass_, policy, now)
    case = _Case(pass_, facts, policy, now, kind, graced)
    findings = [finding for check in CHECKS if (finding := check(case)) is not None]
    if findings:
        return Verdict(min(findings, key=PRECEDENCE.index), pass_=pass_, facts=facts)
    return Verdict(Reason.OK, _notices(case), pass_, facts)


def _key_lives(case: _Case) -> Reason | None:
    return Reason.KEY_DEAD if case.pass_.key.state is KeyState.DEAD else None


def _was_issued(case: _Case) -> Reason | None:
    if case.pass_.key.state is not KeyState.ISSUED_SET:
        return None
    is_issued = case.facts.lists.is_issued
    if is_issued is None:
        return Reason.NO_LISTS
    return None if is_issued else Reason.NOT_ISSUED


def _is_within_key(case: _Case) -> Reason | None:
    return None if case.pass_.is_within_its_key() else Reason.KEY_NOT_FOR


def _clock_is_confirmed(case: _Case) -> Reason | None:
    """With a mere floor nothing is admitted, whatever interval comes with it, but by grace."""
    return Reason.CLOCK if case.now.level is ClockLevel.C and not case.is_graced else None


def _has_begun(case: _Case) -> Reason | None:
    begins = shifted(case.pass_.not_before, -case.policy.leeway)
    if case.now.surely_at_or_after(begins):
        return None
    return Reason.NOT_YET_VALID if case.now.surely_before(begins) else Reason.CLOCK


def _has_not_expired(case: _Case) -> Reason | None:
    """Valid while now < exp; rules that may hold can only make a refusal a doubt."""
    rules, now, leeway = case.policy.rules, case.now, case.policy.leeway
    if case.is_graced or now.surely_before(shifted(case.pass_.expires, leeway)):
        return None  # like most passes; rules only make it later
    surely = extended_expiry(case.pass_, [rule for rule in rules if rule.surely_holds(now)])
    if now.surely_before(shifted(surely, leeway)):
        return None
    perhaps = extended_expiry(case.pass_, [rule for rule in rules if rule.may_hold(now)])
    return Reason.EXPIRED if now.surely_at_or_after(shifted(perhaps, leeway)) else Reason.CLOCK


def _has_status(case: _Case) -> Reason | None:
    lists, ages = case.facts.lists, case.policy.status_ages
    if lists.status is PassStatus.REVOKED:
        return Reason.REVOKED
    if lists.status is PassStatus.SUSPENDED:
        return Reason.SUSPENDED
    if (too_old := _list_age_finding(case, lists.status_age_s, ages)) is not None:
        return too_old
    # Maps are published ahead of issue: beyond a fresh map means never revoked.
    beyond = lists.status is PassStatus.BEYOND_MAP and ages.is_old(lists.status_age_s or 0)
    return Reason.INDEX_BEYOND_MAP if beyond else None


def _holder_is_free(case: _Case) -> Reason | None:
    lists = case.facts.lists
    if lists.holder_is_listed:
        return Reason.HOLDER
    return _list_age_finding(case, lists.holders_age_s, case.policy.holder_ages)


def _list_age_finding(case: _Case, age_s: float | None, ages: Ages) -> Reason | None:
    if age_s is None:
        return Reason.NO_LISTS
    return Reason.LIST_TOO_OLD if ages.is_too_old(age_s, case.pass_.kind) else None


def _batch_is_free(case: _Case) -> Reason | None:
    return _rule_finding(case, Reason.BATCH, lambda rule: forbids_batch(case.pass_, rule))


def _district_is_free(case: _Case) -> Reason | None:
    return _rule_finding(case, Reason.DISTRICT, lambda rule: forbids_district(case.pass_, rule))


def _zone_is_open(case: _Case) -> Reason | None:
    zone = case.policy.checkpoint.zone
    return _rule_finding(case, Reason.ZONE_CLOSED, lambda rule: closes_zone(case.pass_, rule, zone))


def _rule_finding(case: _Case, reason: Reason, forbids: Callable[[Rule], bool]) -> Reason | None:
    """A rule that surely holds refuses; one that has perhaps lapsed makes a doubt."""
    finding = None
    for rule in case.policy.rules:
        if forbids(rule) and rule.may_hold(case.now):
            if rule.surely_holds(case.now):
                return reason
            finding = Reason.CLOCK
    return finding


def _zone_fits(case: _Case) -> Reason | None:
    zones, here = case.pass_.zones, case.policy.checkpoint.zone
    return Reason.WRONG_ZONE if zones and here is not None and here not in zones else None


def _transport_fits(case: _Case) -> Reason | None:
    transports, here = case.pass_.transports, case.policy.checkpoint.transport
    wrong = transports and here is not None and here not in transports
    return Reason.WRONG_TRANSPORT if wrong else None


def _hour_fits(case: _Case) -> Reason | None:
    return holds_in_windows(case.pass_.windows, case.now, case.policy.time_zone)


def _plate_fits(case: _Case) -> Reason | None:
    if not case.policy.checkpoint.asks_plate or case.pass_.plate is None:
        return None
    typed = fold_plate(case.facts.typed_plate or "")
    if not typed:
        return Reason.PLATE_NEEDED
    return None if typed == fold_plate(case.pass_.plate) else Reason.WRONG_PLATE


def _card_fits(case: _Case) -> Reason | None:
    if not case.policy.checkpoint.asks_card or case.pass_.transport_card is None:
        return None
    typed, last = fold_plate(case.facts.typed_card or ""), fold_plate(case.pass_.transport_card)
    if not typed:
        return Reason.PLATE_NEEDED
    # Every text ends with the empty one: a pass that carries no digit fits no card.
    return None if last and typed.endswith(last) else Reason.WRONG_CARD


def _is_unused(case: _Case) -> Reason | None:
    """A one-off is used up by its admission; for `repeat_s` a phone that slips may be repeated."""
    if case.kind is None or not case.kind.one_off:
        return None
    seen = case.facts.seen
    if seen.ago_s is not None:
        return None if seen.ago_s <= case.policy.repeat_s else Reason.ALREADY_USED
    return Reason.MEMORY_LOST if seen.memory_lost_at is not None else None


def _is_understood(case: _Case) -> Reason | None:
    if case.pass_.has_unknown_restriction:
        return Reason.UPDATE_SCANNER
    unsupported = (
        case.kind is None
        or case.pass_.format not in case.policy.formats
        or (case.pass_.has_foreign_status and case.pass_.index is None)
    )
    return Reason.UNSUPPORTED if unsupported else None


def _is_live(case: _Case) -> Reason | None:
    return Reason.LIVE_MISSING if case.kind is not None and case.kind.live else None


def _is_compared(case: _Case) -> Reason | None:
    return Reason.COMPARE if case.kind is not None and case.kind.compare else None


def _notices(case: _Case) -> tuple[Notice, ...]:
    """What the officer should know although the pass is good."""
    facts, pass_, now = case.facts, case.pass_, case.now
    noted = []
    if facts.seen.ago_s is not None:
        noted.append(Notice.SEEN)
    if facts.seen.same_person:
        noted.append(Notice.SAME_PERSON)
    if case.policy.status_ages.is_old(facts.lists.status_age_s or 0):
        noted.append(Notice.LIST_OLD)
    if not case.is_graced and not now.surely_before(shifted(pass_.expires, case.policy.leeway)):
        noted.append(Notice.EXTENDED)
    if now.level is not ClockLevel.A:
        noted.append(Notice.CLOCK_HELD)
    return tuple(noted)


CHECKS: tuple[Callable[[_Case], Reason | None], ...] = (
    _key_lives,
    _was_issued,
    _is_within_key,
    _clock_is_confirmed,
    _has_begun,
    _has_not_expired,
    _has_status,
    _holder_is_free,
    _batch_is_free,
    _district_is_free,
    _zone_is_open,
    _zone_fits,
    _transport_fits,
    _hour_fits,
    _plate_fits,
    _card_fits,
    _is_unused,
    _is_understood,
    _is_live,
    _is_compared,
)
