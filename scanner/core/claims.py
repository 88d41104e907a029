"""CWT claims → Pass [RFC 8392], strictly typed. Only ever called with verified bytes.

Unknown claim keys and movement keys below 64 are ignored. A movement key from 64 up is a
restriction from the future: it is remembered, so that the pass is not simply waved through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import TypeVar

from scanner.core import cbor
from scanner.core.cbor import CborValue
from scanner.core.errors import PassError
from scanner.core.reasons import Reason
from scanner.core.trust import TIME_CODE_KIND, IssuerKey

FIRST_RESTRICTION_OF_THE_FUTURE = 64
LATEST_SECOND = 253402300799  # the end of the year 9999
MINUTES_A_DAY = 1440

_Value = TypeVar("_Value")
_Map = dict[int | str, CborValue]

# The twelve letters that look alike in Cyrillic and Latin: number plates use only these.
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")


class Claim(IntEnum):
    """Claim keys [RFC 8392 §4; RFC 8747 §3.1; Token Status List]."""

    ISS = 1
    EXP = 4
    NBF = 5
    IAT = 6
    CTI = 7
    CNF = 8
    STATUS = 65535
    MOVEMENT = -65537


class Movement(IntEnum):
    """Keys of the movement map."""

    KIND = 1
    HOLDER = 2
    HOLDER_REF = 3
    PLATE = 4
    TRANSPORT_CARD = 5
    PURPOSE = 6
    SCOPE = 7
    WINDOWS = 8
    SPECIMEN = 9
    INDEX = 10
    DISTRICT = 11
    BATCH = 12


@dataclass(frozen=True, slots=True)
class Holder:
    """What the officer compares with a document: initials, birth day and month, last 4."""

    initials: str
    born: str
    document: str


@dataclass(frozen=True, slots=True)
class Window:
    """When a pass holds, local time: weekday mask (Monday 1 … Sunday 64), minutes of the day.

    `to_min` < `from_min` runs past midnight and belongs to the day it starts.
    """

    weekdays: int
    from_min: int
    to_min: int


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass whose signature is verified, and by which key. Never stored, never logged."""

    key: IssuerKey
    issuer: str
    not_before: datetime
    expires: datetime
    issued_at: datetime
    cti: bytes
    kind: int
    holder: Holder | None = None
    holder_ref: bytes | None = None
    plate: str | None = None
    transport_card: str | None = None
    purpose: int | None = None
    zones: frozenset[int] = frozenset()
    transports: frozenset[int] = frozenset()
    windows: tuple[Window, ...] = ()
    is_specimen: bool = False
    index: int | None = None
    district: int | None = None
    batch: int | None = None
    has_unknown_restriction: bool = False
    has_foreign_status: bool = False
    format: str = "MP1"

    def is_within_its_key(self) -> bool:
        """What a pass may say is bounded by the trust list entry of the key that signed it."""
        key = self.key
        return (
            (key.issuer is None or self.issuer == key.issuer)
            and self.kind != TIME_CODE_KIND
            and (key.kinds is None or self.kind in key.kinds)
            and (key.not_before is None or key.not_before <= self.issued_at)
            and (key.expires is None or self.issued_at < key.expires)
            and self._fits_index_range(key)
            and self._fits_longest_life(key)
        )

    def _fits_index_range(self, key: IssuerKey) -> bool:
        if key.index_range is None:
            return True
        first, last = key.index_range
        return self.index is not None and first <= self.index <= last

    def _fits_longest_life(self, key: IssuerKey) -> bool:
        longest_s = key.max_life_s.get(self.kind)
        return longest_s is None or (self.expires - self.not_before).total_seconds() <= longest_s


def fold_plate(text: str) -> str:
    """Upper case, without blanks and dashes, look-alike Cyrillic letters as Latin."""
    return text.upper().replace(" ", "").replace("-", "").translate(_LOOK_ALIKE)


def parse_claims(payload: bytes, key: IssuerKey) -> Pass:
    """Raises PassError(MALFORMED) for anything that is not exactly as the format says."""
    try:
        return _parse(_map(cbor.decode(payload)), key)
    except cbor.CborError as error:
        raise PassError(Reason.MALFORMED, str(error)) from None


def _parse(claims: _Map, key: IssuerKey) -> Pass:
    movement = _required(claims, Claim.MOVEMENT, _map)
    if (cnf := _optional(claims, Claim.CNF, _map)) is not None:
        _required(cnf, 1, _map)  # a COSE_Key [RFC 8747 §3.2]
    status = _optional(claims, Claim.STATUS, _map)
    zones, transports = _optional(movement, Movement.SCOPE, _scope) or _ANYWHERE
    return Pass(
        key=key,
        issuer=_required(claims, Claim.ISS, _issuer),
        not_before=_required(claims, Claim.NBF, _moment),
        expires=_required(claims, Claim.EXP, _moment),
        issued_at=_required(claims, Claim.IAT, _moment),
        cti=_required(claims, Claim.CTI, _cti),
        kind=_required(movement, Movement.KIND, _unsigned),
        holder=_optional(movement, Movement.HOLDER, _holder),
        holder_ref=_optional(movement, Movement.HOLDER_REF, _holder_ref),
        plate=_optional(movement, Movement.PLATE, _plate),
        transport_card=_optional(movement, Movement.TRANSPORT_CARD, _card),
        purpose=_optional(movement, Movement.PURPOSE, _unsigned),
        zones=zones,
        transports=transports,
        windows=_optional(movement, Movement.WINDOWS, _windows) or (),
        is_specimen=_optional(movement, Movement.SPECIMEN, _true) or False,
        index=_optional(movement, Movement.INDEX, _unsigned),
        district=_optional(movement, Movement.DISTRICT, _unsigned),
        batch=_optional(movement, Movement.BATCH, _unsigned),
        has_unknown_restriction=_has_key_from(movement, FIRST_RESTRICTION_OF_THE_FUTURE),
        has_foreign_status=status is not None,
    )


def _required(fields: _Map, key: int, check: Callable[[CborValue], _Value]) -> _Value:
    if key not in fields:
        raise cbor.CborError(f"key {int(key)} is missing")
    return check(fields[key])


def _optional(fields: _Map, key: int, check: Callable[[CborValue], _Value]) -> _Value | None:
    """None only where the key is absent: null is a value, of a type that no check takes."""
    return check(fields[key]) if key in fields else None


def _has_key_from(fields: _Map, first: int) -> bool:
    """A key that is text is no number below `first` either."""
    for key in fields:  # noqa: SIM110 - `any` takes three times as long
        if type(key) is not int or key >= first:
            return True
    return False


# The checks: a value of exactly the type and size of the format, or CborError.


def _map(value: CborValue) -> _Map:
    if not isinstance(value, dict):
        raise cbor.CborError("a map is missing")
    return value


def _list(value: CborValue) -> list[CborValue]:
    if not isinstance(value, list):
        raise cbor.CborError("a list is missing")
    return value


def _unsigned(value: CborValue, most: int = 2**32 - 1) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise cbor.CborError("a number is of the wrong type or size")
    return value


def _moment(value: CborValue) -> datetime:
    """Whole seconds since 1970 [RFC 8392 §2, NumericDate; no floats in MP1]."""
    return datetime.fromtimestamp(_unsigned(value, LATEST_SECOND), UTC)


def _short_text(value: CborValue, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise cbor.CborError(f"a text is of the wrong type or longer than {longest}")
    return value


def _issuer(value: CborValue) -> str:
    return _short_text(value, 32)


def _plate(value: CborValue) -> str:
    return _short_text(value, 12)


def _card(value: CborValue) -> str:
    return _short_text(value, 8)


def _bytes(value: CborValue, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise cbor.CborError(f"an id is not {length} bytes")
    return value


def _cti(value: CborValue) -> bytes:
    return _bytes(value, 16)


def _holder_ref(value: CborValue) -> bytes:
    return _bytes(value, 8)


def _true(value: CborValue) -> bool:
    if value is not True:
        raise cbor.CborError("specimen is not true")
    return True


def _holder(value: CborValue) -> Holder:
    parts = _list(value)
    if len(parts) != 3:
        raise cbor.CborError("holder is not three texts")
    initials, born, document = parts
    return Holder(_short_text(initials, 8), _short_text(born, 8), _short_text(document, 8))


_ANYWHERE: tuple[frozenset[int], frozenset[int]] = frozenset(), frozenset()


def _scope(value: CborValue) -> tuple[frozenset[int], frozenset[int]]:
    parts = _list(value)
    if len(parts) != 2:
        raise cbor.CborError("scope is not [zones, transports]")
    zones, transports = parts
    return frozenset(map(_unsigned, _list(zones))), frozenset(map(_unsigned, _list(transports)))


def _windows(value: CborValue) -> tuple[Window, ...]:
    return tuple(map(_window, _list(value)))


def _window(value: CborValue) -> Window:
    parts = _list(value)
    if len(parts) != 3:
        raise cbor.CborError("a window is not [weekdays, from, to]")
    return Window(
        _unsigned(parts[0], 127),
        _unsigned(parts[1], MINUTES_A_DAY),
        _unsigned(parts[2], MINUTES_A_DAY),
    )
