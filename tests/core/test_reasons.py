"""The codes that others depend on, and the order in which they win."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.core.reasons import (
    COUNTED_REASONS,
    PRECEDENCE,
    TABLE,
    Outcome,
    Reason,
    SignalName,
)

# Copied from the formats that others depend on; a code never changes its meaning.
TABLE_OF_FORMATS = {
    "ADMIT": "0 OK",
    "REFUSE": (
        "10 MALFORMED · 11 TOO_LARGE · 12 FORGED · 13 UNKNOWN_ISSUER · 14 KEY_DEAD · 15 NOT_ISSUED"
        " · 16 KEY_NOT_FOR · 20 NOT_YET_VALID · 21 EXPIRED · 30 REVOKED · 31 SUSPENDED · 32 HOLDER"
        " · 33 BATCH · 34 DISTRICT · 35 ZONE_CLOSED · 40 WRONG_ZONE · 41 WRONG_TRANSPORT"
        " · 42 WRONG_DAY · 43 WRONG_TIME · 44 WRONG_PLATE · 45 WRONG_CARD · 46 LIVE_FORGED"
        " · 47 ALREADY_USED"
    ),
    "UNDECIDED": (
        "60 UNKNOWN_KEY · 61 CLOCK · 62 LIST_TOO_OLD · 63 INDEX_BEYOND_MAP · 64 NO_LISTS"
        " · 65 STORE · 66 UPDATE_SCANNER · 67 UNSUPPORTED"
        " · 70 UNSIGNED · 71 PLATE_NEEDED · 72 COMPARE · 73 LIVE_MISSING · 74 LIVE_CLOCK"
        " · 75 MEMORY_LOST · 76 READ_BY_HAND"
    ),
    "BY_HAND": "80 LET_THROUGH · 81 HOLDER_MISMATCH",
    "NONE": "90 NOT_A_PASS · 91 SPECIMEN · 92 REGIME_ENDED · 93 UNREADABLE",
}


def rows() -> Iterator[tuple[int, str, str]]:
    for outcome, reasons in TABLE_OF_FORMATS.items():
        for code, name in re.findall(r"(\d+) (\w+)", reasons):
            yield int(code), name, outcome


def test_codes_names_and_outcomes_are_those_of_the_formats() -> None:
    """All of them, and no others."""
    assert [(int(r), r.name, r.outcome.name) for r in Reason] == list(rows())


def test_the_numbers_of_the_outcomes_are_fixed() -> None:
    """They stand in every record."""
    assert {outcome.name: int(outcome) for outcome in Outcome} == {
        "NONE": 0, "ADMIT": 1, "REFUSE": 2, "UNDECIDED": 3, "BY_HAND": 4,
    }  # fmt: skip


def test_every_reason_has_an_outcome_and_a_signal() -> None:
    """One table, complete, and nothing beside it."""
    assert list(TABLE) == list(Reason)
    assert all(isinstance(reason.signal, SignalName) for reason in Reason)


def test_only_ok_is_green() -> None:
    """No other reason admits or looks like an admission."""
    assert [r for r in Reason if r.outcome is Outcome.ADMIT] == [Reason.OK]
    assert [r for r in Reason if r.signal in (SignalName.ADMIT, SignalName.ADMIT_SEEN)] == [
        Reason.OK
    ]


def test_all_refusals_look_alike() -> None:
    """The reason stands on the screen only."""
    refusals = {reason.signal for reason in Reason if reason.outcome is Outcome.REFUSE}
    assert refusals == {SignalName.REFUSE}


def test_doubts_about_the_scanner_and_doubts_to_compare_are_told_apart() -> None:
    """60 to 69 are the scanner's, 70 to 79 the officer's to compare."""
    for reason in Reason:
        if reason.outcome is Outcome.UNDECIDED:
            expected = SignalName.SCANNER if reason < 70 else SignalName.COMPARE
            assert reason.signal is expected, reason.name


def test_refusals_go_before_doubts() -> None:
    """Whatever is provable wins, in the order of the page; each reason once."""
    outcomes = [reason.outcome for reason in PRECEDENCE]
    assert outcomes == [Outcome.REFUSE] * 18 + [Outcome.UNDECIDED] * 10
    assert len(set(PRECEDENCE)) == len(PRECEDENCE)
    refusals = PRECEDENCE[:18]
    assert list(refusals) == sorted(refusals)


def test_what_the_judge_cannot_find_stands_in_no_order() -> None:
    """These come before the judge, or belong to what it does not do yet."""
    before = {
        Reason.MALFORMED, Reason.TOO_LARGE, Reason.FORGED, Reason.UNKNOWN_ISSUER,
        Reason.UNKNOWN_KEY, Reason.STORE, Reason.UNSIGNED, Reason.READ_BY_HAND,
    }  # fmt: skip
    live = {Reason.LIVE_FORGED, Reason.LIVE_CLOCK}
    decided = {r for r in Reason if r.outcome in (Outcome.REFUSE, Outcome.UNDECIDED)}
    assert decided - set(PRECEDENCE) == before | live


def test_what_costs_an_attacker_nothing_is_counted_and_not_recorded() -> None:
    """Codes 10, 11 and 12."""
    assert {Reason(10), Reason(11), Reason(12)} == COUNTED_REASONS
