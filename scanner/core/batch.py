"""The body of an upload: always 16 KiB, so that its size tells nobody how many came by.

    "MPU1" · public key of the device, 32 · length, u32 · zstd frame · zeros · signature, 64

The frame holds CBOR: [1, epoch, [[segment, records], …]], segments as signed and in order, records
joined, 16 bytes each. A segment whose records were folded comes without them; with the event that
folded them come those that were kept.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core import cbor
from scanner.core.cose import verify_bytes
from scanner.core.errors import LogError
from scanner.core.segment import EPOCH_BYTES
from scanner.core.signed_log import PUBLIC_BYTES, Statement, public_bytes, public_key

if sys.version_info >= (3, 14):  # pragma: no cover  # one interpreter takes one of the two
    from compression import zstd
else:  # pragma: no cover
    from backports import zstd

BODY_BYTES = 16 * 1024
_SIGNATURE_BYTES = 64
_HEAD_BYTES = len(Statement.BODY.value) + PUBLIC_BYTES + 4
ROOM = BODY_BYTES - _HEAD_BYTES - _SIGNATURE_BYTES
# Records compress to a third, heartbeats hardly; a body inflates to this much at the most.
MOST_INFLATED = 1024 * 1024
MOST_SEGMENTS = 256
_VERSION, _LEVEL = 1, 9


@dataclass(frozen=True, slots=True)
class Part:
    """A segment as signed, and the records that go with it, joined."""

    segment: bytes
    records: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What a device sends. `public`: its raw key, which has signed the whole body."""

    public: bytes
    epoch: bytes
    parts: tuple[Part, ...]


def pack_body(key: Ed25519PrivateKey, epoch: bytes, parts: Sequence[Part]) -> tuple[bytes, int]:
    """BODY_BYTES, and how many of the parts, from the first on, are in it; none is fine, too.

    Raises LogError when not even the first fits.
    """
    fitting, frame = _fill(epoch, parts[:MOST_SEGMENTS])
    head = Statement.BODY.value + public_bytes(key) + len(frame).to_bytes(4)
    signed = (head + frame).ljust(BODY_BYTES - _SIGNATURE_BYTES, b"\0")
    return signed + key.sign(signed), fitting


def _fill(epoch: bytes, parts: Sequence[Part]) -> tuple[int, bytes]:
    """As many as fit: by halving, since only compressing tells."""
    least, most = 0, len(parts)
    best = zstd.compress(_joined(epoch, ()), _LEVEL)
    while least < most:
        middle = (least + most + 1) // 2
        raw = _joined(epoch, parts[:middle])
        frame = zstd.compress(raw, _LEVEL)
        if len(raw) <= MOST_INFLATED and len(frame) <= ROOM:
            least, best = middle, frame
        else:
            most = middle - 1
    if parts and not least:
        raise LogError("A segment is too large to be sent. Export the log and tell the maker.")
    return least, best


def _joined(epoch: bytes, parts: Sequence[Part]) -> bytes:
    return cbor2.dumps([_VERSION, epoch, [[part.segment, part.records] for part in parts]])


def unpack_body(body: bytes) -> Batch:
    """Raises LogError for anything that the key in it has not signed, or not of this form."""
    if len(body) != BODY_BYTES or not body.startswith(Statement.BODY.value):
        raise LogError(f"An upload has {BODY_BYTES} bytes of its own form. Update the scanner.")
    public = body[len(Statement.BODY.value) :][:PUBLIC_BYTES]
    signed, signature = body[:-_SIGNATURE_BYTES], body[-_SIGNATURE_BYTES:]
    if not verify_bytes(public_key(public), signature, signed):
        raise LogError("An upload is not signed by the device it names. Send it again.")
    length = int.from_bytes(body[_HEAD_BYTES - 4 : _HEAD_BYTES])
    if length > ROOM:
        raise LogError("An upload names a length beyond its end. Send it again.")
    epoch, parts = _parts(_inflate(body[_HEAD_BYTES : _HEAD_BYTES + length]))
    return Batch(public, epoch, parts)


def _parts(raw: bytes) -> tuple[bytes, tuple[Part, ...]]:
    try:
        item = cbor.decode(raw)
    except cbor.CborError as error:
        raise LogError(f"An upload is damaged ({error}). Send it again.") from None
    match item:
        case [1, bytes(epoch), list(items)] if (
            len(epoch) == EPOCH_BYTES and len(items) <= MOST_SEGMENTS
        ):
            return epoch, tuple(_part(each) for each in items)
    raise LogError("An upload is not of its form. Update the scanner or the server.")


def _part(item: cbor.CborValue) -> Part:
    match item:
        case [bytes(segment), bytes(records)]:
            return Part(segment, records)
    raise LogError("A part of an upload is not of its form. Send it again.")


def _inflate(frame: bytes) -> bytes:
    """At most MOST_INFLATED bytes, whatever the frame promises. Raises LogError."""
    inflater = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 20})
    try:
        raw = inflater.decompress(frame, MOST_INFLATED + 1)
    except zstd.ZstdError as error:
        raise LogError(f"An upload does not unpack ({error}). Send it again.") from None
    if len(raw) > MOST_INFLATED or not inflater.eof or inflater.unused_data:
        raise LogError("An upload unpacks to more than may be. Send it again.")
    return raw
