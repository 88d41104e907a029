"""The script of the virtual day: a thousand events, what each shows, and what must come of it.

Everything follows from the seed: who comes when, which pass, which trouble. Times are seconds of
the guest's own clock. A queue never changes codes more than 20 times in ten seconds, or the scanner
would rightly ask for one phone at a time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from scanner.core.reasons import SignalName

# The guest's clock starts here. systemd sets a clock that is older than itself forward.
STARTS_AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


class Kind(Enum):
    """What happens before the camera."""

    VALID = "valid"
    FORGED = "forged"
    REVOKED = "revoked"
    REPEATED = "repeated"  # a pass that was let through a few people ago
    GLARE = "glare"  # a code is there, and a lamp is mirrored in it
    BLANK = "blank"  # nobody
    UNPLUGGED = "unplugged"  # the camera gives no picture for a while
    LOST = "lost"  # and for so long that the scanner is started again
    TIME_CODE = "time-code"  # not of the day: what sets the clock where there is no network


COUNTS = {
    Kind.VALID: 440,
    Kind.FORGED: 130,
    Kind.REVOKED: 130,
    Kind.REPEATED: 130,
    Kind.GLARE: 10,  # each costs as much as ten others
    Kind.BLANK: 150,
    Kind.UNPLUGGED: 8,
    Kind.LOST: 2,
}

# A code is held for two pictures, 0.1 s apart, and has gone in the third; where the next person is
# in a hurry, for one.
CODE_S, GONE_AFTER_S = 0.1, 0.26
NEXT_S = 0.56  # from one code to the next: 18 changes in ten seconds
BLANK_S = 0.3
GLARE_S = 3.8  # long enough for one tick of the sounder, and for the flicker that does not count
UNPLUGGED_S, LOST_S = 2.6, 6.0
# Every so many presentations of a code nobody follows, and the signal is watched to its end.
WATCHED_EVERY = 16
WATCHED_S = {Kind.VALID: 2.2, Kind.REPEATED: 2.2, Kind.FORGED: 3.8, Kind.REVOKED: 3.8}
# After a camera that was away the next person waits until it is seen to work, or the scanner is.
RECOVERED_S, STARTED_AGAIN_S = 2.0, 14.0

OF_A_CODE = (Kind.VALID, Kind.FORGED, Kind.REVOKED, Kind.REPEATED)
SIGNAL = {
    Kind.VALID: SignalName.ADMIT,
    Kind.FORGED: SignalName.REFUSE,
    Kind.REVOKED: SignalName.REFUSE,
    Kind.REPEATED: SignalName.ADMIT_SEEN,
    Kind.GLARE: SignalName.UNREADABLE,
    Kind.UNPLUGGED: SignalName.FAULT,
    Kind.LOST: SignalName.FAULT,
}
# What `scanner run` says of a presentation in the journal, without numbers and milliseconds.
SAID = {
    Kind.VALID: "ADMIT OK seq",
    Kind.FORGED: "REFUSE FORGED counted",
    Kind.REVOKED: "REFUSE REVOKED seq",
    Kind.REPEATED: "ADMIT OK seen counted",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `code`: number of the pass among those of its kind, -1 where none is shown.

    lasts_s: until the next event begins.
    """

    number: int
    kind: Kind
    code: int
    lasts_s: float

    @property
    def picture(self) -> str:
        """The name of its picture; a repeated pass is the picture of a valid one."""
        kind = Kind.VALID if self.kind is Kind.REPEATED else self.kind
        return f"{kind.value}-{self.code}" if self.code >= 0 else "nothing"


def day(seed: int, counts: dict[Kind, int] = COUNTS) -> list[Event]:
    """The events in their order. The first ones are valid, so that there is something to repeat."""
    dice = random.Random(seed)
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    dice.shuffle(kinds)
    return list(_numbered(_with_something_to_repeat(kinds), dice))


def _with_something_to_repeat(kinds: list[Kind]) -> list[Kind]:
    """A repetition is preceded by the valid pass that it repeats, and follows no trouble."""
    ordered = sorted(kinds[:40], key=lambda kind: kind is not Kind.VALID)
    return ordered + kinds[40:]


def _numbered(kinds: Sequence[Kind], dice: random.Random) -> Iterator[Event]:
    used = dict.fromkeys(Kind, 0)
    recent: list[int] = []  # valid passes that the running scanner has let through
    codes = 0
    for number, kind in enumerate(kinds):
        if kind is Kind.LOST:
            recent.clear()  # a scanner that was started again remembers nobody
        is_repeated = kind is Kind.REPEATED and len(recent) > 1
        if kind is Kind.REPEATED and not is_repeated:
            kind = Kind.VALID
        codes += kind in OF_A_CODE
        code = dice.choice(recent[-8:-1]) if is_repeated else _next_code(kind, used)
        if kind is Kind.VALID:
            recent.append(code)
        elif is_repeated:
            recent.remove(code)
            recent.append(code)
        yield Event(number, kind, code, _lasts_s(kind, codes, dice))


def _next_code(kind: Kind, used: dict[Kind, int]) -> int:
    if kind not in (Kind.VALID, Kind.FORGED, Kind.REVOKED, Kind.GLARE):
        return -1
    used[kind] += 1
    return used[kind] - 1


def _lasts_s(kind: Kind, codes: int, dice: random.Random) -> float:
    match kind:
        case Kind.BLANK:
            return BLANK_S
        case Kind.GLARE:
            return GLARE_S
        case Kind.UNPLUGGED:
            return UNPLUGGED_S + RECOVERED_S
        case Kind.LOST:
            return LOST_S + STARTED_AGAIN_S
    if codes % WATCHED_EVERY == 0:
        return WATCHED_S[kind]
    return NEXT_S + round(dice.uniform(0.0, 0.04), 3)
