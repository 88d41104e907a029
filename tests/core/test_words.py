"""What the officer reads: complete, and silent about health."""

from __future__ import annotations

import pytest

from scanner.core.reasons import Notice, Reason, SignalName
from scanner.core.signal import SIGNALS
from scanner.core.words import WORDS, notice_line, words

DIAGNOSES = ("quarantin", "ill", "sick", "infect", "virus", "patient", "health", "covid")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason: Reason) -> None:
    """Each reason says what was found and what to do, as whole sentences that fit a screen."""
    row = words(reason)
    for sentence in (row.line, row.do):
        assert sentence.endswith(".")
        assert sentence[0].isupper()
        assert 5 < len(sentence) <= 70


@pytest.mark.parametrize("reason", Reason)
def test_no_row_names_a_diagnosis(reason: Reason) -> None:
    """No word on the screen tells anything about anybody's health."""
    text = f"{words(reason).line} {words(reason).do}".lower().split()
    assert not any(word.startswith(DIAGNOSES) for word in text)


def test_a_quarantined_holder_reads_like_other_refusals() -> None:
    """The words of HOLDER are shared, so that they cannot be learned to mean quarantine."""
    alike = [reason for reason in Reason if WORDS[reason] == WORDS[Reason.HOLDER]]
    assert words(Reason.HOLDER).line == "Not valid: ask the issuer."
    assert len(alike) >= 3


@pytest.mark.parametrize("notice", Notice)
def test_every_notice_has_a_line(notice: Notice) -> None:
    """Each notice is one short sentence."""
    assert notice_line(notice).endswith(".")
    assert notice_line(notice, seen_min=4).endswith(".")


def test_seen_says_how_long_ago() -> None:
    """A pass seen before tells the minutes."""
    assert notice_line(Notice.SEEN, seen_min=4) == "Seen 4 min ago."
    assert notice_line(Notice.SEEN, seen_min=0) == "Seen a moment ago."
    assert notice_line(Notice.SEEN) == "Seen here before."
    assert notice_line(Notice.EXTENDED, seen_min=4) == notice_line(Notice.EXTENDED)


@pytest.mark.parametrize("name", [name for name in SignalName if name is not SignalName.DARK])
def test_every_signal_says_what_to_do(name: SignalName) -> None:
    """Each row but darkness has a word and an instruction."""
    assert SIGNALS[name].word
    assert SIGNALS[name].do.endswith(".")
