"""CWT claims → Pass [RFC 8392], strictly typed. Only ever called with verified bytes.

Unknown claim keys and movement keys below 64 are ignored. A movement key from 64 up is a
restriction from the future: it is remembered, so that the pass is not simply waved through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from scanner.core import cbor
from scanner.core.cbor import CborValue
from scanner.core.errors import PassError
from scanner.core.reasons import Reason
from scanner.core.trust import TIME_CODE_KIND, IssuerKey

FIRST_RESTRICTION_OF_THE_FUTURE = 64
LATEST_SECOND = 253402300799  # the end of the year 9999
MINUTES_A_DAY = 1440

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
        claims = cbor.decode(payload)
        return _parse(_Fields(claims), key)
    except cbor.CborError as error:
        raise PassError(Reason.MALFORMED, str(error)) from None


def _parse(claims: _Fields, key: IssuerKey) -> Pass:
    movement = _Fields(claims.required(Claim.MOVEMENT))
    cti = claims.required(Claim.CTI)
    if not isinstance(cti, bytes) or len(cti) != 16:
        raise cbor.CborError("cti is not 16 bytes")
    if (cnf := claims.get(Claim.CNF)) is not None:
        _Fields(_Fields(cnf).required(1))  # a COSE_Key [RFC 8747 §3.2]
    if (status := claims.get(Claim.STATUS)) is not None:
        _Fields(status)
    zones, transports = _scope(movement.get(Movement.SCOPE))
    return Pass(
        key=key,
        issuer=claims.text(Claim.ISS, 32) or _missing(Claim.ISS),
        not_before=claims.moment(Claim.NBF),
        expires=claims.moment(Claim.EXP),
        issued_at=claims.moment(Claim.IAT),
        cti=cti,
        kind=_unsigned(movement.required(Movement.KIND)),
        holder=_holder(movement.get(Movement.HOLDER)),
        holder_ref=_holder_ref(movement.get(Movement.HOLDER_REF)),
        plate=movement.text(Movement.PLATE, 12),
        transport_card=movement.text(Movement.TRANSPORT_CARD, 8),
        purpose=movement.unsigned(Movement.PURPOSE),
        zones=zones,
        transports=transports,
        windows=_windows(movement.get(Movement.WINDOWS)),
        is_specimen=_true(movement.get(Movement.SPECIMEN)),
        index=movement.unsigned(Movement.INDEX),
        district=movement.unsigned(Movement.DISTRICT),
        batch=movement.unsigned(Movement.BATCH),
        has_unknown_restriction=movement.has_key_from(FIRST_RESTRICTION_OF_THE_FUTURE),
        has_foreign_status=status is not None,
    )


class _Fields:
    """A CBOR map whose values are asked for by key and type; a wrong type is a CborError."""

    __slots__ = ("_map",)

    def __init__(self, value: CborValue) -> None:
        if not isinstance(value, dict):
            raise cbor.CborError("a map is missing")
        self._map = value

    def get(self, key: int) -> CborValue:
        value = self._map.get(key)
        if value is None and key in self._map:
            raise cbor.CborError(f"key {int(key)} is null")
        return value

    def required(self, key: int) -> CborValue:
        value = self._map.get(key)
        return _missing(key) if value is None else value

    def text(self, key: int, longest: int) -> str | None:
        value = self.get(key)
        return None if value is None else _short_text(value, longest)

    def unsigned(self, key: int) -> int | None:
        value = self.get(key)
        return None if value is None else _unsigned(value)

    def moment(self, key: int) -> datetime:
        """Whole seconds since 1970 [RFC 8392 §2, NumericDate; no floats in MP1]."""
        return datetime.fromtimestamp(_unsigned(self.required(key), LATEST_SECOND), UTC)

    def has_key_from(self, first: int) -> bool:
        """A key that is text is no number below `first` either."""
        return any(type(key) is not int or key >= first for key in self._map)


def _missing(key: int) -> str:
    raise cbor.CborError(f"key {int(key)} is missing or null")


def _unsigned(value: CborValue, most: int = 2**32 - 1) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise cbor.CborError("a number is of the wrong type or size")
    return value


def _short_text(value: CborValue, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise cbor.CborError(f"a text is of the wrong type or longer than {longest}")
    return value


def _true(value: CborValue) -> bool:
    if value is not None and value is not True:
        raise cbor.CborError("specimen is not true")
    return value is True


def _list(value: CborValue) -> list[CborValue]:
    if not isinstance(value, list):
        raise cbor.CborError("a list is missing")
    return value


def _holder(value: CborValue) -> Holder | None:
    if value is None:
        return None
    parts = [_short_text(part, 8) for part in _list(value)]
    if len(parts) != 3:
        raise cbor.CborError("holder is not three texts")
    return Holder(*parts)


def _holder_ref(value: CborValue) -> bytes | None:
    if value is not None and (not isinstance(value, bytes) or len(value) != 8):
        raise cbor.CborError("holder_ref is not 8 bytes")
    return value


def _scope(value: CborValue) -> tuple[frozenset[int], frozenset[int]]:
    if value is None:
        return frozenset(), frozenset()
    parts = _list(value)
    if len(parts) != 2:
        raise cbor.CborError("scope is not [zones, transports]")
    zones, transports = (frozenset(_unsigned(number) for number in _list(part)) for part in parts)
    return zones, transports


def _windows(value: CborValue) -> tuple[Window, ...]:
    if value is None:
        return ()
    return tuple(_window(part) for part in _list(value))


def _window(value: CborValue) -> Window:
    parts = _list(value)
    if len(parts) != 3:
        raise cbor.CborError("a window is not [weekdays, from, to]")
    return Window(
        _unsigned(parts[0], 127),
        _unsigned(parts[1], MINUTES_A_DAY),
        _unsigned(parts[2], MINUTES_A_DAY),
    )
