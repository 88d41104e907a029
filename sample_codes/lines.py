"""The lines of manifest.json: which frame, when, what the officer's device knew, what it must say.

The story runs through Wednesday 29 April 2020 in Moscow, the clock never backwards. The lists
were issued at 03:00 that day and are fresh in every line that does not say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sample_codes.keys import moscow
from sample_codes.passes import CAR, CENTRE, CLOSED, METRO, ON_FOOT, SOUTH
from scanner.core.reasons import Notice, Outcome, Reason

TWO_PHONES = "two-phones"


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the checkpoint stands and what its device knows, beside the lists of the bundle."""

    zone: int | None = CENTRE
    transport: int | None = ON_FOOT
    asked_plate: str | None = None  # None: not asked for; "": asked for, not typed yet
    clock_level: str = "A"
    list_age_h: float = 0.5
    seen_min_ago: int | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "zone": self.zone,
            "transport": self.transport,
            "asked_plate": self.asked_plate,
            "clock_level": self.clock_level,
            "list_age_h": self.list_age_h,
            "seen_min_ago": self.seen_min_ago,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the manifest; `shot` is the name of the frame, without `.png`."""

    at: str  # Moscow, on 29 April 2020
    shot: str
    reason: Reason
    note: str
    situation: Situation = field(default_factory=Situation)
    notices: tuple[Notice, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return self.reason.outcome

    def as_json(self) -> dict[str, object]:
        return {
            "file": f"{self.shot}.png",
            "at": moscow(f"2020-04-29 {self.at}").isoformat(),
            "outcome": self.outcome.name,
            "reason": self.reason.name,
            "notices": [notice.name for notice in self.notices],
            "facts": self.situation.as_json(),
            "note": self.note,
        }


_ROAD = Situation(transport=CAR)
_METRO = Situation(transport=METRO)
_SOUTH = Situation(zone=SOUTH)

ADMITTED = (
    Line("04:10", "work-night", Reason.OK, "a nurse on her way to work, phone in the dark"),
    Line("05:20", "transit", Reason.OK, "through the city in one day, by car", _ROAD),
    Line(
        "06:30",
        "work-plate",
        Reason.OK,
        "the officer types the plate in Cyrillic, the pass has it in Latin",
        Situation(transport=CAR, asked_plate="а123вс 77"),
    ),
    Line("07:05", "work-region", Reason.OK, "signed by the region with ES256, no index", _METRO),
    Line("07:40", "medical", Reason.OK, "printed and folded, with the printed id under the code"),
    Line("08:10", "one-off", Reason.OK, "a single trip, phone in dark mode"),
    Line("08:30", "personal", Reason.OK, "one day for personal matters", _SOUTH),
    Line(
        "08:34",
        "personal-again",
        Reason.OK,
        "the same pass at the same checkpoint four minutes later",
        Situation(zone=SOUTH, seen_min_ago=4),
        (Notice.SEEN,),
    ),
    Line("09:00", "work-restored", Reason.OK, "annulled by mistake, restored by a later list"),
    Line(
        "09:20",
        "work-extended",
        Reason.OK,
        "ended yesterday, extended with all work passes by a signed rule",
        notices=(Notice.EXTENDED,),
    ),
    Line("09:40", "work-poster", Reason.OK, "a poster's code beside the pass does not count"),
    Line(
        "09:50",
        "work-held",
        Reason.OK,
        "no network since yesterday, clock held since this morning",
        Situation(transport=CAR, clock_level="B", list_age_h=30),
        (Notice.LIST_OLD, Notice.CLOCK_HELD),
    ),
)

REFUSED = (
    Line("10:05", "not-yet", Reason.NOT_YET_VALID, "begins tomorrow"),
    Line("10:20", "expired", Reason.EXPIRED, "ended on 20 April, too early for the extension"),
    Line("10:40", "wrong-zone", Reason.WRONG_ZONE, "for New Moscow, shown in the centre"),
    Line("11:00", "wrong-transport", Reason.WRONG_TRANSPORT, "for metro and bus, by car", _ROAD),
    Line("11:20", "wrong-day", Reason.WRONG_DAY, "for Saturday and Sunday"),
    Line("11:45", "wrong-time", Reason.WRONG_TIME, "from 6 to 10 in the morning"),
    Line(
        "12:10",
        "work-plate",
        Reason.WRONG_PLATE,
        "another car than on the pass",
        Situation(transport=CAR, asked_plate="M777MM99"),
    ),
    Line("12:30", "revoked", Reason.REVOKED, "revoked since the weekly list, by the last delta"),
    Line("12:50", "suspended", Reason.SUSPENDED, "suspended until the employer confirms"),
    Line("13:10", "revoked-by-id", Reason.REVOKED, "without an index: found by its id"),
    Line("13:30", "quarantined", Reason.HOLDER, "its holder must stay at home"),
    Line(
        "13:50",
        "work-night",
        Reason.ZONE_CLOSED,
        "a good pass, but a rule has closed the zone around the hospital",
        Situation(zone=CLOSED),
    ),
    Line(
        "14:10",
        "one-off",
        Reason.ALREADY_USED,
        "the single trip was made six minutes ago",
        Situation(seen_min_ago=6),
    ),
    Line("14:30", "wrong-kind", Reason.KEY_NOT_FOR, "a key that may not sign medical passes"),
    Line("14:50", "dead-key", Reason.KEY_DEAD, "signed by a key that was stolen"),
    Line("15:10", "forged", Reason.FORGED, "the expiry was moved, the signature kept"),
    Line("15:30", "unknown-issuer", Reason.UNKNOWN_ISSUER, "signed by a key of nobody's"),
    Line("15:50", "truncated", Reason.MALFORMED, "cut off by a messenger"),
    Line("16:10", "oversized", Reason.TOO_LARGE, "longer than any pass"),
    Line("16:30", "duplicate-claims", Reason.MALFORMED, "well signed, with two expiry dates"),
)

UNDECIDED = (
    Line(
        "20:00",
        "unknown-key",
        Reason.UNKNOWN_KEY,
        "perhaps by a new key that the old list does not know",
        Situation(list_age_h=30),
    ),
    Line(
        "20:15",
        "work-region",
        Reason.CLOCK,
        "after a power cut the device knows only a floor of the time",
        Situation(clock_level="C"),
    ),
    Line(
        "20:30",
        "medical",
        Reason.LIST_TOO_OLD,
        "three days without an update",
        Situation(list_age_h=80),
    ),
    Line("20:45", "newer", Reason.UPDATE_SCANNER, "a pass of version 2"),
    Line("21:00", "future-restriction", Reason.UPDATE_SCANNER, "a restriction from the future"),
    Line(
        "21:10",
        "work-plate",
        Reason.PLATE_NEEDED,
        "the plate is asked for and not typed yet",
        Situation(transport=CAR, asked_plate=""),
    ),
    Line("21:20", "attestation", Reason.UNSIGNED, "a French paper attestation: nobody signed it"),
)

NO_PASS = (
    Line("21:40", "wifi", Reason.NOT_A_PASS, "the Wi-Fi code of a café"),
    Line("21:50", "specimen", Reason.SPECIMEN, "a training pass"),
    Line(
        "22:10",
        TWO_PHONES,
        Reason.UNREADABLE,
        "one phone at a time: neither is decided",
    ),
    Line("22:30", "no-code", Reason.UNREADABLE, "a locked phone, no code in the frame"),
)

LINES = ADMITTED + REFUSED + UNDECIDED + NO_PASS
