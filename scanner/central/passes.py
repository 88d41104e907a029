"""The pilot issuer: a request at a counter → a signed pass and its line in the register.

Of the person nothing is kept but the holder_ref that the pass carries too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256

from scanner.central.errors import CentralError
from scanner.central.issue import sign_pass
from scanner.central.issuer import LONGEST_DAYS, PERSONAL, IssuerKey, fold_document
from scanner.central.keys import Entropy
from scanner.central.register import Artefact, Register
from scanner.core.claims import Claim, Movement, fold_plate
from scanner.core.clock import ClockReading
from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.core.printed_id import encode as printed_id
from scanner.core.trust import TrustList

CTI_BYTES = 16
PERSONAL_A_WEEK = 2


@dataclass(frozen=True, slots=True)
class Person:
    """What the officer compares; `document` is the whole number, of which 4 digits are printed."""

    initials: str
    born: str
    document: str


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for; `begins` ≤ now < `ends`, aware."""

    kind: int
    person: Person
    begins: datetime
    ends: datetime
    plate: str | None = None
    restrictions: Mapping[Movement, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issued:
    """A pass as it leaves the counter."""

    text: str
    index: int
    printed_id: str


def whole_day(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """A calendar day in the city's time zone: when it begins and ends, UTC.

    At most 24 hours long: on the day when clocks go back the 25th is left out.
    """
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return begins, min(ends, begins + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Counter:
    """Where passes are given out: the register, the key, the trust list, the city's time zone."""

    register: Register
    key: IssuerKey
    trust: TrustList
    zone: tzinfo


def issue(counter: Counter, request: Request, now: datetime, entropy: Entropy) -> Issued:
    """Sign a pass, note it, use up its index. Raises CentralError when it may not be given out."""
    register, key = counter.register, counter.key
    _check_span(request, now)
    ref = key.holder_ref(request.person.document)
    cti = entropy(CTI_BYTES)
    issuer, number = register.setting("issuer"), int(register.setting("issuer_no"))
    with register.transaction():
        if request.kind == PERSONAL:
            _check_quota(register, ref, request.begins, counter.zone)
        _note(register, key, request, ref, cti, now)
        text = sign_pass(_claims(issuer, key.next_index, request, ref, cti, now), key.key)
        _read_back(text, counter.trust, now)
    return Issued(text, key.next_index, printed_id(number, key.next_index, cti))


def _read_back(text: str, trust: TrustList, now: datetime) -> None:
    """What a checkpoint could not read, or would refuse for its key, is not given out."""
    try:
        opened = open_pass(text.encode("ascii"), trust, ClockReading.exact(now))
    except PassError as error:
        raise CentralError(f"A checkpoint could not read this pass: {error}.") from None
    if not opened.is_within_its_key():
        raise CentralError("The trust list does not let this key sign such a pass.")


def _check_span(request: Request, now: datetime) -> None:
    longest = LONGEST_DAYS[request.kind]
    length = request.ends - request.begins
    if not timedelta(0) < length <= timedelta(days=longest):
        raise CentralError(f"This kind of pass lives up to {longest} days. Give another --until.")
    if request.ends <= now:
        raise CentralError("This pass would be over already. Give a later --until or --day.")


def _check_quota(register: Register, ref: bytes, begins: datetime, zone: tzinfo) -> None:
    """Two one-day passes from Monday to Sunday; what was revoked does not count."""
    day = begins.astimezone(zone)
    monday = datetime.combine(day.date() - timedelta(days=day.weekday()), time(), zone)
    span = int(monday.timestamp()), int((monday + timedelta(days=7)).timestamp())
    rows = register.db.execute(
        "SELECT count(*) FROM issued WHERE holder_ref = ? AND kind = ? AND nbf >= ? AND nbf < ? "
        "AND NOT EXISTS (SELECT 1 FROM state WHERE artefact = ? AND entry = issued.idx)",
        (ref, PERSONAL, *span, Artefact.STATUS),
    )
    if rows.fetchone()[0] >= PERSONAL_A_WEEK:
        raise CentralError(
            f"This person has {PERSONAL_A_WEEK} one-day passes in the week of "
            f"{monday:%d %B %Y} already. Choose a day of another week, or revoke one of them."
        )


def _note(
    register: Register, key: IssuerKey, request: Request, ref: bytes, cti: bytes, now: datetime
) -> None:
    """The index is taken for good before the pass is signed."""
    moments = (int(moment.timestamp()) for moment in (now, request.begins, request.ends))
    line = (key.next_index, key.key.kid, sha256(cti).digest(), request.kind, ref, *moments)
    register.db.execute("INSERT INTO issued VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)
    register.db.execute(
        "UPDATE issuer_key SET next = ? WHERE kid = ?", (key.next_index + 1, key.key.kid)
    )


def _claims(
    issuer: str, index: int, request: Request, ref: bytes, cti: bytes, now: datetime
) -> dict[int, object]:
    person = request.person
    document = fold_document(person.document)[-4:]
    movement: dict[int, object] = {
        Movement.KIND: request.kind,
        Movement.HOLDER: [person.initials, person.born, document],
        Movement.HOLDER_REF: ref,
        Movement.INDEX: index,
    }
    if request.plate is not None:
        movement[Movement.PLATE] = fold_plate(request.plate)
    movement |= {int(key): value for key, value in request.restrictions.items()}
    return {
        Claim.ISS: issuer,
        Claim.EXP: int(request.ends.timestamp()),
        Claim.NBF: int(request.begins.timestamp()),
        Claim.IAT: int(now.timestamp()),
        Claim.CTI: cti,
        Claim.MOVEMENT: {int(key): value for key, value in movement.items()},
    }
