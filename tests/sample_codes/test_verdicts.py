"""What the manifest promises of each line is what the core says of it."""

from __future__ import annotations

import pytest

from sample_codes.lines import TWO_PHONES
from sample_codes.passes import make_texts
from sample_codes.shots import SHOTS
from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.core.reasons import Reason
from scanner.core.verdict import Verdict, judge
from tests.sample_codes.lists import Line, Lists, manifest_lines

TEXTS = make_texts()
_NOT_JUDGED = {f"{TWO_PHONES}.png", "no-code.png"}
JUDGED = [line for line in manifest_lines() if line.file not in _NOT_JUDGED]


def _decide(text: str, line: Line, lists: Lists) -> Verdict:
    try:
        pass_ = open_pass(text.encode(), lists.trust_for(line), line.now)
    except PassError as error:
        return Verdict(error.reason)
    return judge(pass_, lists.facts_for(pass_, line), lists.policy_for(line), line.now)


@pytest.mark.parametrize("line", JUDGED, ids=str)
def test_the_core_gives_the_verdict_of_the_manifest(line: Line, lists: Lists) -> None:
    """Outcome, reason and notices of each line follow from its text, lists and facts."""
    shot = line.file.removesuffix(".png")
    verdict = _decide(TEXTS[SHOTS[shot].shows or shot], line, lists)
    assert verdict.reason.name == line.reason
    assert verdict.outcome.name == line.outcome
    noticed = [notice.name for notice in verdict.notices] if verdict.reason is Reason.OK else []
    assert sorted(noticed) == sorted(line.notices)


@pytest.mark.parametrize("name", ["two-left", "two-right"])
def test_each_of_the_two_phones_is_good_alone(name: str, lists: Lists) -> None:
    """It is for being two that neither is decided."""
    line = next(line for line in manifest_lines() if line.file == f"{TWO_PHONES}.png")
    assert _decide(TEXTS[name], line, lists).reason is Reason.OK


def test_seen_lines_say_how_long_ago(lists: Lists) -> None:
    """The minutes that the officer reads are those of the manifest."""
    line = next(line for line in JUDGED if line.facts["seen_min_ago"] == 4)
    assert _decide(TEXTS["personal"], line, lists).seen_min == 4


def test_no_admitted_line_meets_a_pass_it_has_admitted_before() -> None:
    """Played one after the other, no line is seen before but those that say so."""
    admitted = [
        SHOTS[line.file.removesuffix(".png")].shows or line.file.removesuffix(".png")
        for line in JUDGED
        if line.outcome == "ADMIT" and line.facts["seen_min_ago"] is None
    ]
    assert len(admitted) == len(set(admitted))
