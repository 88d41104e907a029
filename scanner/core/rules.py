"""Signed rules: short-lived orders that hold for many passes at once.

A rule never revives a revoked pass or a dead key, and never admits an unsigned code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scanner.core.claims import Pass
from scanner.core.clock import ClockReading, shifted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`not_after` is at most 31 days away when the rule is signed."""

    id: str
    not_after: datetime

    def may_hold(self, now: ClockReading) -> bool:
        return not now.surely_at_or_after(self.not_after)

    def surely_holds(self, now: ClockReading) -> bool:
        return now.surely_before(self.not_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(Rule):
    """Passes of these kinds whose exp lies in [exp_from, exp_to) are valid until `until`."""

    kinds: frozenset[int]
    exp_from: datetime
    exp_to: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace(Rule):
    """New codes come late: passes of these kinds are valid `grace` longer."""

    kinds: frozenset[int]
    grace: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseZone(Rule):
    """Nobody passes a checkpoint of these zones, but for the kinds that are excepted."""

    zones: frozenset[int]
    except_kinds: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineBatch(Rule):
    batches: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineDistrict(Rule):
    districts: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineDates(Rule):
    """Passes of these kinds that were issued in [iat_from, iat_to)."""

    kinds: frozenset[int]
    iat_from: datetime
    iat_to: datetime


def extended_expiry(pass_: Pass, rules: Sequence[Rule]) -> datetime:
    """When the pass expires once each of these rules is applied to it."""
    return max([pass_.expires, *(_expiry_under(pass_, rule) for rule in rules)])


def _expiry_under(pass_: Pass, rule: Rule) -> datetime:
    match rule:
        case Extend() if pass_.kind in rule.kinds and (
            rule.exp_from <= pass_.expires < rule.exp_to
        ):
            return rule.until
        case Grace() if pass_.kind in rule.kinds:
            return shifted(pass_.expires, rule.grace)
        case _:
            return pass_.expires


def forbids_batch(pass_: Pass, rule: Rule) -> bool:
    match rule:
        case QuarantineBatch():
            return pass_.batch in rule.batches
        case QuarantineDates():
            return pass_.kind in rule.kinds and rule.iat_from <= pass_.issued_at < rule.iat_to
        case _:
            return False


def forbids_district(pass_: Pass, rule: Rule) -> bool:
    return isinstance(rule, QuarantineDistrict) and pass_.district in rule.districts


def closes_zone(pass_: Pass, rule: Rule, zone: int | None) -> bool:
    return (
        isinstance(rule, CloseZone) and zone in rule.zones and pass_.kind not in rule.except_kinds
    )
