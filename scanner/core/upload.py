"""The rules of the upload: what goes into a request, what an answer means, when to try again.

One body goes at each tick of a timer, whether or not anybody was scanned; a backlog may send some
more. What fails is tried again after a random wait below 1 s, 2 s, 4 s … 15 minutes ("full
jitter"), so that devices which lost the network together do not come back together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from scanner.core.batch import Part

# Of a backlog, in one tick: a week without network is sent in a few hours.
MOST_BODIES = 8
# A failed batch is offered again once in so many seconds.
ASIDE_AGAIN_S = 24 * 3600

FIRST_WAIT_S, MOST_WAIT_S = 1.0, 900.0
# What a server may ask for by Retry-After; by mistake or malice it could ask for years.
MOST_ASKED_S = 3600.0


class Meaning(Enum):
    """What becomes of the records that were sent. Only TAKEN, with a receipt, lets them go."""

    TAKEN = "taken"
    ASIDE = "set aside"  # these bytes will never be taken; what comes after them may
    LATER = "try again later"
    PEOPLE = "somebody must look at it"  # nothing that is sent now would be taken


_WORDS = {
    401: "Ask the city to enrol this device: its server does not know it.",
    403: "Ask the city whether this device was revoked: its server refuses it.",
    404: "Check the address in the enrolment: the server takes no records there.",
    429: "Wait: the server has too much to do.",
}


def meaning_of(status: int) -> Meaning:
    """Of an HTTP status [RFC 9110 §15]."""
    match status:
        case 200:
            return Meaning.TAKEN
        case 400 | 409 | 413 | 422:
            return Meaning.ASIDE
        case 408 | 425 | 429:
            return Meaning.LATER
        case _ if 500 <= status <= 599:
            return Meaning.LATER
        case _:
            return Meaning.PEOPLE


def words_of(status: int) -> str:
    """What to do about it, for the operator."""
    if status in _WORDS:
        return f"{_WORDS[status]} (status {status})"
    match meaning_of(status):
        case Meaning.ASIDE:
            return f"Ask the city's people: the server refused some records. (status {status})"
        case Meaning.LATER:
            return f"Wait: the server has a fault of its own. (status {status})"
        case _ if 300 <= status <= 399:
            return f"Check the address in the enrolment: it leads elsewhere. (status {status})"
        case _:
            return f"Check the address in the enrolment: no such answer is known. (status {status})"


@dataclass(frozen=True, slots=True)
class Reply:
    """Of the server. body: ANSWER_BYTES with status 200, else b"".

    asked_s: to come back no sooner than in so many seconds; None: no word about it.
    """

    status: int
    body: bytes = b""
    asked_s: float | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What waits: segments `first`, `first` + 1, … with their records, as many as may fit a body.

    has_more: whether others wait behind these. is_again: they were set aside before.
    """

    first: int = 0
    parts: tuple[Part, ...] = ()
    has_more: bool = False
    is_again: bool = False

    @property
    def last(self) -> int:
        """The number of the last segment; below `first` without any."""
        return self.first + len(self.parts) - 1

    def cut(self, count: int) -> Outgoing:
        """The first of them, the rest waiting behind."""
        has_more = self.has_more or count < len(self.parts)
        return replace(self, parts=self.parts[:count], has_more=has_more)


@dataclass(frozen=True, slots=True)
class RetryState:
    """How often it has failed in a row, and the wait since then.

    boot, boot_s: in which boot the wait began, and seconds since that boot; a device without a
    clock battery knows no other time.
    """

    attempts: int = 0
    wait_s: float = 0.0
    boot: str = ""
    boot_s: float = 0.0

    def resumed(self, boot: str, boot_s: float) -> RetryState:
        """As it stands in this boot: a wait that a reboot interrupted begins anew.

        Where a boot cannot be told (""), going back of `boot_s` tells it.
        """
        is_known = bool(boot and self.boot)
        is_same = boot == self.boot if is_known else True
        if not self.wait_s or (is_same and boot_s >= self.boot_s):
            return self
        return replace(self, boot=boot, boot_s=boot_s)

    def left_s(self, boot_s: float) -> float:
        """Seconds until the next try may be."""
        return max(0.0, self.boot_s + self.wait_s - boot_s) if self.wait_s else 0.0

    def failed(
        self, draw: float, boot: str, boot_s: float, asked_s: float | None = None
    ) -> RetryState:
        """After one more failure. draw: random, in [0, 1). asked_s: what the server asks for.

        The random part comes on top of what is asked: never earlier, and not all at once.
        """
        longest = min(MOST_WAIT_S, FIRST_WAIT_S * 2 ** min(self.attempts, 16))
        asked = min(MOST_ASKED_S, max(0.0, asked_s or 0.0))
        return RetryState(self.attempts + 1, asked + draw * longest, boot, boot_s)
