"""What the officer reads: one row a reason, one a notice; English.

No row tells anything about health: a quarantined holder reads as other passes that the issuer has
to look at, so that the words do not give away what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.core.reasons import Notice, Reason


@dataclass(frozen=True, slots=True)
class Words:
    """`line`: what was found; `do`: what to do about it. Both whole sentences."""

    line: str
    do: str


_STOP = "Do not let through; offer the receipt for an appeal."
_ASK_ISSUER = Words("Not valid: ask the issuer.", _STOP)
_OTHER_DAY = "Come back at a time the pass is for."

WORDS: dict[Reason, Words] = {
    Reason.OK: Words("The pass is valid here and now.", "Let through."),
    Reason.MALFORMED: Words("This is not a proper pass.", "Ask for the code from the issuer."),
    Reason.TOO_LARGE: Words("The code is too long for a pass.", "Ask for the issuer's code."),
    Reason.FORGED: Words("The signature is wrong: not made by the issuer.", _STOP),
    Reason.UNKNOWN_ISSUER: Words("Nobody we accept signed this pass.", _STOP),
    Reason.KEY_DEAD: Words("The key of this pass is no longer accepted.", "Ask for a new pass."),
    Reason.NOT_ISSUED: Words("The issuer never gave out this pass.", _STOP),
    Reason.KEY_NOT_FOR: Words("The issuer may not sign this kind of pass.", _STOP),
    Reason.NOT_YET_VALID: Words("The pass is not valid yet.", _OTHER_DAY),
    Reason.EXPIRED: Words("The pass has expired.", "Ask for a new pass."),
    Reason.REVOKED: Words("The pass was taken back by the issuer.", _STOP),
    Reason.SUSPENDED: _ASK_ISSUER,
    Reason.HOLDER: _ASK_ISSUER,
    Reason.BATCH: _ASK_ISSUER,
    Reason.DISTRICT: Words("Passes of this district do not hold at present.", _STOP),
    Reason.ZONE_CLOSED: Words("This zone is closed.", "No pass of this kind holds here today."),
    Reason.WRONG_ZONE: Words("The pass is for another zone.", _STOP),
    Reason.WRONG_TRANSPORT: Words("The pass is not for this kind of transport.", _STOP),
    Reason.WRONG_DAY: Words("The pass does not hold on this day of the week.", _OTHER_DAY),
    Reason.WRONG_TIME: Words("The pass does not hold at this time of day.", _OTHER_DAY),
    Reason.WRONG_PLATE: Words("The pass is for another number plate.", _STOP),
    Reason.WRONG_CARD: Words("The pass is for another transport card.", _STOP),
    Reason.LIVE_FORGED: Words("The phone's own signature is wrong.", "Ask for the app, live."),
    Reason.ALREADY_USED: Words("This pass is for one trip and was used here.", _STOP),
    Reason.UNKNOWN_KEY: Words(
        "This key is newer than the scanner's list.", "Renew the lists; decide by hand meanwhile."
    ),
    Reason.CLOCK: Words("The scanner's time is not confirmed.", "Scan a time code."),
    Reason.LIST_TOO_OLD: Words(
        "The scanner's lists are too old.", "Renew the lists; decide by hand meanwhile."
    ),
    Reason.INDEX_BEYOND_MAP: Words(
        "This pass is newer than the scanner's lists.",
        "Renew the lists; decide by hand meanwhile.",
    ),
    Reason.NO_LISTS: Words(
        "The scanner has no lists for this pass.", "Load the lists; decide by hand meanwhile."
    ),
    Reason.STORE: Words(
        "The scanner cannot read or write its storage.", "Tell the technician; decide by hand."
    ),
    Reason.UPDATE_SCANNER: Words(
        "This pass is of a newer kind.", "Update the scanner; decide by hand meanwhile."
    ),
    Reason.UNSUPPORTED: Words("The scanner does not know this kind of pass.", "Decide by hand."),
    Reason.UNSIGNED: Words("Nothing is signed here.", "Check the paper by hand."),
    Reason.PLATE_NEEDED: Words("The pass is bound to a plate or card.", "Type what you see."),
    Reason.COMPARE: Words("The code is good.", "Compare the panel with the document."),
    Reason.LIVE_MISSING: Words(
        "Perhaps a screenshot: no live proof.", "Compare the face with the document."
    ),
    Reason.LIVE_CLOCK: Words("The phone's clock is wrong.", "Compare the face with the document."),
    Reason.MEMORY_LOST: Words(
        "The scanner was restarted: a one-trip pass may have been used.", "Ask, then decide."
    ),
    Reason.READ_BY_HAND: Words("Typed, not scanned: only taken-back passes show.", "Check by eye."),
    Reason.LET_THROUGH: Words("Let through by hand.", "It is recorded."),
    Reason.HOLDER_MISMATCH: Words("The holder does not match the pass.", "It is recorded."),
    Reason.NOT_A_PASS: Words("This code is not a pass.", "Ask for the movement pass."),
    Reason.SPECIMEN: Words("A training pass.", "It lets nobody through."),
    Reason.REGIME_ENDED: Words("The regime has ended.", "No pass is needed."),
    Reason.UNREADABLE: Words("The code cannot be read.", "Brighter, closer, hold still."),
}


def words(reason: Reason) -> Words:
    """What the screen says under the word of the signal."""
    return WORDS[reason]


def notice_line(notice: Notice, *, seen_min: int | None = None) -> str:
    """One line beside PASS. seen_min: whole minutes since the pass was admitted here."""
    if notice is Notice.SEEN and seen_min is not None:
        return f"Seen {seen_min} min ago." if seen_min else "Seen a moment ago."
    return _NOTICES[notice]


_NOTICES: dict[Notice, str] = {
    Notice.SEEN: "Seen here before.",
    Notice.SAME_PERSON: "The same person's second pass.",
    Notice.LIST_OLD: "The lists are more than a day old.",
    Notice.EXTENDED: "Extended by order of the issuer.",
    Notice.CLOCK_HELD: "The time is held, not confirmed.",
}
