"""Status maps and their deltas as they arrive; the forms in which revocations travel.

Two bits an index, lowest bits first, as in the IETF Token Status List: the exact map of a city
is smaller than any filter with few false alarms, and it stops nobody by mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import cbor2

from scanner.core import cbor
from scanner.core.errors import UpdateError

if sys.version_info >= (3, 14):  # pragma: no cover  # one interpreter takes one of the two
    from compression import zstd
else:  # pragma: no cover
    from backports import zstd

PART_BYTES = 262_144
INDEXES_A_BYTE = 4
ID_BYTES = 16
REF_BYTES = 8
LEVEL = 19
# For what a device keeps: hashes are packed no smaller at any other level, and its core is slow.
FAST = 1

# A delta of a whole city's day stays far below; more is a bomb.
_MAX_INFLATED = 16 * 1024 * 1024
# Entries of a list that comes in one piece: twice what all parts of one may hold together.
_MOST_ENTRIES = 2_000_000
# What CBOR puts around the ids: versions and lengths.
_FRAMING = 64
# Each change takes a byte of the delta and a hundred of memory; past 64 k a new base is due.
MAX_CHANGES = 2**20
# 8 MiB: no more is needed to write a list, and the window is memory that a bomb could claim.
_WINDOW_LOG = 23


class StatusBits(IntEnum):
    """The value of one index in the map."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    RESERVED = 3


_BY_VALUE = tuple(StatusBits)


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed in an issuer's map from one version to the next."""

    issuer_no: int
    from_version: int
    to_version: int
    changes: Mapping[int, StatusBits]


@dataclass(frozen=True, slots=True)
class IdChanges:
    """SHA-256(cti)[:16] of passes without an index that were revoked or restored."""

    from_version: int
    to_version: int
    revoked: tuple[bytes, ...]
    restored: tuple[bytes, ...]


def status_in(bits: bytes, index: int) -> StatusBits:
    """The value at `index`, counted from the first of these bytes. Raises IndexError beyond."""
    if index < 0:
        raise IndexError("the map begins at 0")
    return _BY_VALUE[bits[index // INDEXES_A_BYTE] >> 2 * (index % INDEXES_A_BYTE) & 3]


def encode_map(size: int, changes: Mapping[int, StatusBits]) -> list[bytes]:
    """A base: one zstd frame a part of PART_BYTES raw bytes, for indexes 0 to `size` − 1."""
    raw = bytearray(-(-size // INDEXES_A_BYTE))
    for index, status in changes.items():
        raw[index // INDEXES_A_BYTE] |= status << 2 * (index % INDEXES_A_BYTE)
    return [
        zstd.compress(bytes(raw[at : at + PART_BYTES]), LEVEL)
        for at in range(0, max(len(raw), 1), PART_BYTES)
    ]


def decode_part(packed: bytes) -> bytes:
    """One part of a base → at most PART_BYTES raw bytes. Raises UpdateError."""
    return _inflate(packed, PART_BYTES)


def encode_delta(delta: Delta) -> bytes:
    """Raises ValueError for a change that a delta cannot say."""
    if StatusBits.RESERVED in delta.changes.values():
        raise ValueError("no index becomes reserved")
    gaps = [
        _encode_gaps(sorted(index for index, to in delta.changes.items() if to is status))
        for status in (StatusBits.VALID, StatusBits.REVOKED, StatusBits.SUSPENDED)
    ]
    item = [delta.issuer_no, delta.from_version, delta.to_version, *gaps]
    return zstd.compress(cbor2.dumps(item), LEVEL)


def decode_delta(packed: bytes) -> Delta:
    """Raises UpdateError."""
    match _decode(_inflate(packed, _MAX_INFLATED)):
        case [
            int(issuer_no),
            int(from_version),
            int(to_version),
            bytes(restored),
            bytes(revoked),
            bytes(suspended),
        ]:
            _check_versions(from_version, to_version)
            if not 1 <= issuer_no <= 255:
                raise UpdateError("A delta names an issuer number that is none.")
            return Delta(
                issuer_no, from_version, to_version, _changes(restored, revoked, suspended)
            )
        case _:
            raise UpdateError("A delta of the status map is not of its form.")


def _changes(restored: bytes, revoked: bytes, suspended: bytes) -> dict[int, StatusBits]:
    parts = (
        dict.fromkeys(_decode_gaps(restored), StatusBits.VALID),
        dict.fromkeys(_decode_gaps(revoked), StatusBits.REVOKED),
        dict.fromkeys(_decode_gaps(suspended), StatusBits.SUSPENDED),
    )
    changes = parts[0] | parts[1] | parts[2]
    if len(changes) != sum(map(len, parts)):
        raise UpdateError("A delta says two things of one index.")
    return changes


def _check_versions(old: int, new: int) -> None:
    if not 0 <= old < new < 2**32:
        raise UpdateError(f"A list goes from version {old} to {new}, which is not forward.")


def encode_ids(changes: IdChanges, level: int = LEVEL) -> bytes:
    item = [
        changes.from_version,
        changes.to_version,
        b"".join(sorted(changes.revoked)),
        b"".join(sorted(changes.restored)),
    ]
    return zstd.compress(cbor2.dumps(item), level)


def decode_ids(packed: bytes, most: int = _MOST_ENTRIES) -> IdChanges:
    """most: ids that it may hold. Raises UpdateError."""
    match _decode(_inflate(packed, most * ID_BYTES + _FRAMING)):
        case [int(from_version), int(to_version), bytes(revoked), bytes(restored)]:
            _check_versions(from_version, to_version)
            taken, given = _split(revoked, ID_BYTES), _split(restored, ID_BYTES)
            if not set(taken).isdisjoint(given):
                raise UpdateError("A revocation list says two things of one pass.")
            return IdChanges(from_version, to_version, taken, given)
        case _:
            raise UpdateError("A revocation list is not of its form.")


def encode_refs(refs: Iterable[bytes], level: int = LEVEL) -> bytes:
    """Sorted 8-byte references, of quarantined holders or of issued passes."""
    return zstd.compress(b"".join(sorted(refs)), level)


def decode_refs(packed: bytes, most: int = _MOST_ENTRIES) -> tuple[bytes, ...]:
    """most: references that it may hold. Raises UpdateError."""
    return _split(_inflate(packed, most * REF_BYTES), REF_BYTES)


def _split(joined: bytes, size: int) -> tuple[bytes, ...]:
    if len(joined) % size:
        raise UpdateError(f"A list is not a whole number of {size}-byte entries.")
    return tuple(joined[at : at + size] for at in range(0, len(joined), size))


def _inflate(packed: bytes, limit: int) -> bytes:
    options = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
    decompressor = zstd.ZstdDecompressor(options=options)
    try:
        raw = decompressor.decompress(packed, limit + 1)
    except zstd.ZstdError as error:
        raise UpdateError(f"A list cannot be unpacked: {error}.") from None
    if len(raw) > limit or not decompressor.eof or decompressor.unused_data:
        raise UpdateError(f"A list is not one zstd frame of at most {limit} bytes.")
    return raw


def _decode(raw: bytes) -> cbor.CborValue:
    try:
        return cbor.decode(raw)
    except cbor.CborError as error:
        raise UpdateError(f"A list cannot be read: {error}.") from None


def _encode_gaps(indexes: Iterable[int]) -> bytes:
    """Distances between sorted indexes as LEB128: one byte below 128, and zstd does the rest."""
    out = bytearray()
    last = -1
    for index in indexes:
        gap = index - last - 1
        while gap >= 0x80:
            out.append(gap & 0x7F | 0x80)
            gap >>= 7
        out.append(gap)
        last = index
    return bytes(out)


def _decode_gaps(encoded: bytes) -> Iterator[int]:
    if len(encoded) > MAX_CHANGES:
        raise UpdateError(f"A delta holds more than {MAX_CHANGES} bytes of changes.")
    index = -1
    gap = shift = 0
    for byte in encoded:
        gap |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            index += gap + 1
            if index >= 2**32:
                raise UpdateError("A delta names an index beyond 32 bits.")
            yield index
            gap = shift = 0
        elif shift > 28:
            raise UpdateError("A delta holds a gap beyond 32 bits.")
    if shift:
        raise UpdateError("A delta ends in the middle of a gap.")
