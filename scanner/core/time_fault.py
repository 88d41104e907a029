"""Why a time that somebody offered to the clock was not taken, and what the officer reads then."""

from __future__ import annotations

from enum import Enum

from scanner.core.words import Words


class TimeFault(Enum):
    """The first six are about time codes, the last two about a hand, the others about any time."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown-key"
    KEY_NOT_FOR = "key-not-for"
    FORGED = "forged"
    SHOWN_BEFORE = "shown-before"
    DISAGREES = "disagrees"
    BELOW_FLOOR = "below-floor"
    TOO_FAR_AHEAD = "too-far-ahead"  # E-CLOCK-FUTURE
    NOT_NEEDED = "not-needed"
    NOT_PROPOSED = "not-proposed"

    @property
    def words(self) -> Words:
        return _WORDS[self]


TIME_SET_WORDS = Words("The time is set by a signed time code.", "Go on scanning.")

_FRESH = "Open the issuer's page again and show a fresh time code."
_WORDS: dict[TimeFault, Words] = {
    TimeFault.MALFORMED: Words("This is not a proper time code.", _FRESH),
    TimeFault.UNKNOWN_KEY: Words(
        "The key of this time code is not on the list.", "Renew the lists, then show it again."
    ),
    TimeFault.KEY_NOT_FOR: Words("This key may not sign time codes.", "Use the issuer's own page."),
    TimeFault.FORGED: Words("The signature of the time code is wrong.", _FRESH),
    TimeFault.SHOWN_BEFORE: Words("This time code is too old or was used before.", _FRESH),
    TimeFault.DISAGREES: Words(
        "The time code is against the scanner's own time.", "Tell the technician."
    ),
    TimeFault.BELOW_FLOOR: Words("This time is surely past.", _FRESH),
    TimeFault.TOO_FAR_AHEAD: Words(
        "The time is too far ahead to be believed.", "Load today's lists from a USB stick."
    ),
    TimeFault.NOT_NEEDED: Words("The time is known already.", "Nothing has to be set."),
    TimeFault.NOT_PROPOSED: Words(
        "Nobody has proposed this time in the last five minutes.", "Begin with the first step."
    ),
}
